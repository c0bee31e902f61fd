"""What convolutions with a whitened input share: arguments, freezing, unbatched inputs, and the windows of the sample.

Letters of the shapes as in `ndcore.layers.statistics`; … stands for the axes of an image: length, or height and width,
or depth, height and width.

The statistics use the positions 0, s, 2s, … of every axis, whatever the kernel. (`FastDeconv` with a 1×1 kernel strides
through the flattened images instead, as the published code does; on maps of one pixel that leaves out whole images.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from ndcore.layers.averaging import Averaging
from ndcore.layers.checks import require_counts, require_dtype, require_rates, require_sizes
from ndcore.layers.geometry import geometry
from ndcore.layers.statistics import block_size
from ndcore.layers.whitening import sample_statistics
from ndcore.layers.whitening_layer import WhiteningLayer

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
AUTO = "auto"
Sizes = tuple[int, ...]


class WhiteningConvolution(WhiteningLayer):
    """Mixed into a plain or transposed convolution of torch.

    Args:
        in_channels, out_channels, kernel_size, args, kwargs: as the convolution of torch.
        block: channels per block where `groups` is 1; None: the layer's default.
        averaging: "weighted" by default, since no study asks for other running values; `FastDeconv` has its own.
        eps, n_iter, momentum, sampling_stride, freeze, freeze_iter, synchronize, update_every: as `FastDeconv`.

    A layer defines `axes`, `plain_class`, `window`, `sampled_sizes`, `folded` and `transform`; and either `steps` and
    `sampled`, or `sample` and `vectors_in`, which use these two.
    """

    axes: int
    """Axes of an image."""
    plain_class: type[nn.Module]
    """Of torch, with the same arguments."""
    default_block = 64
    own_strides: tuple[str, ...] = ()
    """Values of `sampling_stride` that are no numbers."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sizes,
        *args: Any,
        eps: float = 1e-5,
        n_iter: int = 5,
        momentum: float | None = 0.1,
        block: int | None = None,
        sampling_stride: int | str = 3,
        freeze: bool = False,
        freeze_iter: int = 100,
        synchronize: bool = False,
        update_every: int = 1,
        averaging: Averaging = "weighted",
        **kwargs: Any,
    ) -> None:
        name = f"{type(self).__name__}({in_channels}, {out_channels}, kernel_size={kernel_size})"
        block = self.default_block if block is None else block
        require_counts(name, in_channels=in_channels, out_channels=out_channels, block=block)
        require_counts(name, n_iter=n_iter, freeze_iter=freeze_iter)
        if sampling_stride not in self.own_strides:
            require_counts(name, sampling_stride=sampling_stride)
        require_rates(name, eps, momentum)
        kernel_size = require_sizes(name, self.axes, "kernel_size", kernel_size)
        super().__init__(in_channels, out_channels, kernel_size, *args, **kwargs)
        for key, least in (("stride", 1), ("dilation", 1), ("padding", 0), ("output_padding", 0)):
            if not isinstance(value := getattr(self, key), str):
                require_sizes(name, self.axes, key, value, least)
        self.block = in_channels // self.groups if self.groups > 1 else block_size(block, in_channels)
        self.sampling_stride, self.freeze, self.freeze_iter = sampling_stride, freeze, freeze_iter
        self.num_features = math.prod(self.window) * self.block
        self._start(eps, n_iter, momentum, synchronize, update_every, averaging, matrices=self.groups)

    @property
    def window(self) -> Sizes:
        """Kernel positions, per axis, of one sample vector."""
        raise NotImplementedError

    def sampled(self, x: Tensor) -> Tensor:
        """What the window moves over, of a batch (n, c, …): the batch with the padding of the convolution."""
        raise NotImplementedError

    def sampled_sizes(self, sizes: Sequence[int]) -> Sizes:
        """The sizes (…) of that, of images of these sizes.

        Raises:
            ValueError: the layer cannot take them.
        """
        raise NotImplementedError

    @property
    def period(self) -> int:
        return 10 * self.freeze_iter * self.update_every

    @property
    def frozen(self) -> bool:
        return self.freeze and self.counter % (10 * self.freeze_iter) > self.freeze_iter

    @property
    def always_live(self) -> bool:
        return self.update_every == 1 and not self.freeze

    @property
    def _blocks(self) -> int:
        return self.in_channels // (self.groups * self.block)

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() == 1 + self.axes:
            return self.forward(input.unsqueeze(0)).squeeze(0)
        return super().forward(input)

    def running_transform(self) -> tuple[Tensor, Tensor]:
        return self.running_mean.view(self.groups, -1), self.running_deconv.view(self.groups, self.num_features, -1)

    def batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return x, *sample_statistics(self.sample(x), self.eps, self.n_iter, self.synchronize)

    def sample(self, x: Tensor) -> Tensor:
        """The sample vectors (g, r, d) of a batch (n, c, …), r = n·l·b."""
        x = self.sampled(x)
        for axis, (size, dilation, step) in enumerate(self._window_axes(), 2):
            x = x.unfold(axis, dilation * (size - 1) + 1, step)[..., ::dilation]  # (n, c, …, one more window axis)
        first = 2 + self.axes
        patches = x.permute(0, *range(2, first), 1, *range(first, x.dim()))  # (n, …, c, window)
        patches = patches.reshape(-1, self.groups, self.num_features, self._blocks)  # (n·l, g, d, b)
        return patches.permute(1, 0, 3, 2).reshape(self.groups, -1, self.num_features)  # (g, r, d)

    def vectors_in(self, shape: Sequence[int]) -> int:
        images, _, *sizes = shape
        vectors = images * self._blocks
        for length, (size, dilation, step) in zip(self.sampled_sizes(sizes), self._window_axes(), strict=True):
            vectors *= (length - dilation * (size - 1) - 1) // step + 1
        return vectors

    def plain_layer(self) -> nn.Module:
        return self.plain_class(**geometry(self), bias=False, device="meta")

    def _window_axes(self) -> Iterator[tuple[int, int, int]]:
        return zip(self.window, self.dilation, self.steps, strict=True)

    def _check_input(self, x: Tensor) -> None:
        require_dtype(x, self.weight, self)
        if x.dim() != 2 + self.axes or x.shape[1] != self.in_channels:
            wanted = ", ".join(axis[0] for axis in AXES[self.axes])
            raise ValueError(f"{self}: needs an input (n, {self.in_channels}, {wanted}), got {tuple(x.shape)}")
        if self.training and x.shape[0] == 0:
            raise ValueError(f"{self}: got an empty batch {tuple(x.shape)}; statistics need at least one image")
        self.sampled_sizes(x.shape[2:])

    def extra_repr(self) -> str:
        own = f"block={self.block}, n_iter={self.n_iter}, sampling_stride={self.sampling_stride}"
        own += f", freeze_iter={self.freeze_iter}" if self.freeze else ""
        own += ", synchronize=True" if self.synchronize else ""
        return f"{super().extra_repr()}, {own}"
