"""`FastDeconv`: a convolution whose input is whitened, with the whitening folded into its weights.

    y = conv(x, W·D, b − W·D·μ),   D ≈ (Cov + εI)^(−½)

μ and Cov are those of the patches that the convolution sees. Training uses the statistics of the batch, with gradients
through them; evaluation uses the running mean of μ and of D itself. Source: Ye et al., ICLR 2020 (arXiv 1905.11926),
§3.4; the exact semantics are those of the code published with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from ndcore.layers.averaging import Averaging
from ndcore.layers.checks import require_counts, require_sizes
from ndcore.layers.fold import fold_into_weight
from ndcore.layers.geometry import border
from ndcore.layers.inverse_root import PLAIN_ABOVE
from ndcore.layers.patches import Patches
from ndcore.layers.statistics import Pair
from ndcore.layers.synchronize import several_processes
from ndcore.layers.whitening import image_statistics
from ndcore.layers.whitening_convolution import AUTO, AXES, Sizes, WhiteningConvolution

AUTO_STRIDES = (3, 2, 1)
SAMPLES_PER_FEATURE = 4
"""Sample vectors per feature that `sampling_stride="auto"` asks for. With r vectors of d independent features of equal
variance, the smallest eigenvalue of the covariance is about (1 − √(d/r))² of the true one: a quarter at 4, 0 at 1."""
LEAST_SAMPLES = 1024
"""Sample vectors that it asks for however few features there are. A channel after a ReLU may be 0 at all sampled
positions and not at others: there it would be multiplied by 1/√ε."""
PAD_MODES = {"zeros": "constant"}
"""Of the padding modes of a convolution, those that have another name as an operation."""


class PatchConvolution(WhiteningConvolution):
    """A convolution, plain and not transposed, whose patches are whitened."""

    @property
    def window(self) -> Sizes:
        return self.kernel_size

    def sampled_sizes(self, sizes: Sequence[int]) -> Sizes:
        ends = border(self)[::-1]  # after and before, of the first axis first
        grown = tuple(size + sum(ends[2 * axis : 2 * axis + 2]) for axis, size in enumerate(sizes))
        for axis, size in enumerate(grown):
            reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
            if size < reach:
                raise ValueError(
                    f"{self}: an input of {AXES[self.axes][axis]} {sizes[axis]} with padding {ends[2 * axis + 1]} is "
                    f"smaller than the kernel, which reaches over {reach}"
                )
        return grown

    def folded(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        return fold_into_weight(self.weight, self.bias, mean, deconv)


class FastDeconv(PatchConvolution, _ConvNd):
    """Takes the place of `Conv2d` and of the batch normalisation after it.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias: as `nn.Conv2d`.
        eps: added to the diagonal of the covariance.
        n_iter: Newton–Schulz iterations.
        momentum: weight of the new value in the running statistics; None for their mean over all batches.
        block: channels per block where `groups` is 1; all blocks share one mean and one matrix. If it does not divide
            the channels, their greatest common divisor is taken. With groups > 1 each group has its own matrix.
        sampling_stride: the statistics use every so many positions of the convolution, per axis. "auto": for each batch
            the largest of 3, 2 and 1 that leaves at least `SAMPLES_PER_FEATURE` sample vectors per feature and at least
            `LEAST_SAMPLES`, and 1 where none does; a strided 1×1 kernel then uses every pixel. It follows from the
            shapes alone.
        freeze: after `freeze_iter` training steps use the running statistics also in training; they are live again
            for the first `freeze_iter` + 1 of every 10·`freeze_iter` steps, as in the published code.
        synchronize: in distributed training take the statistics of the joint batch; see `ndcore.layers.synchronize`.
        update_every: compute the statistics in every so many training steps only, an approximation if more than 1.
        padding_mode: as `nn.Conv2d`; the statistics are those of the padded input.
        averaging: how the running statistics follow the batches, "published" or "weighted"; see
            `ndcore.layers.averaging`.
        device, dtype: of parameters and buffers.

    Buffers: `running_mean` (g·d), zeros at first; `running_deconv` (d, d), or (g, d, d) if groups > 1, at first the
    identity. `counter`, the number of training steps modulo 10·`freeze_iter`·`update_every`, is a plain attribute. Who
    advances them, and when: `ndcore.layers.whitening_layer`.

    Shapes: (n, c, h, w) → (n, o, h', w'), and (c, h, w) → (o, h', w'); in evaluation n may be 0.

    Raises:
        ValueError: sizes that do not fit, at construction or on a wrong input; a training batch that is empty, or that
            gives one sample vector.
        TypeError: an input of another type than the weights, outside autocast.
        NonFiniteError: NaN or infinity in the covariance (on CPU).
    """

    axes = 2
    plain_class = nn.Conv2d
    own_strides = (AUTO,)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-5,
        n_iter: int = 5,
        momentum: float | None = 0.1,
        block: int = 64,
        sampling_stride: int | Literal["auto"] = 3,
        freeze: bool = False,
        freeze_iter: int = 100,
        synchronize: bool = False,
        update_every: int = 1,
        *,
        padding_mode: str = "zeros",
        averaging: Averaging = "published",
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        name = f"FastDeconv({in_channels}, {out_channels}, kernel_size={kernel_size}, groups={groups})"
        require_counts(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{name}: both channel counts must be multiples of groups")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            require_sizes(name, 2, "stride", stride),
            padding if isinstance(padding, str) else require_sizes(name, 2, "padding", padding, least=0),
            require_sizes(name, 2, "dilation", dilation),
            transposed=False,
            output_padding=(0, 0),
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
            eps=eps,
            n_iter=n_iter,
            momentum=momentum,
            block=block,
            sampling_stride=sampling_stride,
            freeze=freeze,
            freeze_iter=freeze_iter,
            synchronize=synchronize,
            update_every=update_every,
            averaging=averaging,
        )

    @property
    def own_padding(self) -> tuple[int, int]:
        """Zeros that the convolution itself adds at both ends of each axis; what else is asked for, `padded` adds."""
        left, _, top, _ = border(self)
        return (0, 0) if any(self._border) else (top, left)

    @property
    def _border(self) -> list[int]:
        """Padding (left, right, top, bottom) that `padded` adds: of another mode than zeros, or lopsided."""
        left, right, top, bottom = ends = border(self)
        return [0] * 4 if self.padding_mode == "zeros" and left == right and top == bottom else ends

    def padded(self, x: Tensor) -> Tensor:
        border = self._border
        return F.pad(x, border, PAD_MODES.get(self.padding_mode, self.padding_mode)) if any(border) else x

    def transform(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.conv2d(x, weight, bias, self.stride, self.own_padding, self.dilation, self.groups)

    def batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if (
            x.device.type != "cpu"
            or torch.compiler.is_compiling()
            or self.n_iter > PLAIN_ABOVE
            or (self.synchronize and several_processes())
        ):
            return super().batch_statistics(x)
        return image_statistics(x, self._patches(self._steps(x.shape)), self.eps)

    def sample(self, x: Tensor) -> Tensor:
        """The sample vectors (g, r, d) of a batch (n, c, h, w)."""
        return self._patches(self._steps(x.shape)).sample(x)

    def vectors_in(self, shape: Sequence[int]) -> int:
        return self._vectors(shape, self._steps(shape))

    def _steps(self, shape: Sequence[int]) -> Pair:
        """Distance of the sampled positions in rows and columns of a padded batch of this shape."""
        own = tuple(self.stride)
        if self.sampling_stride != AUTO:
            return self.sampling_stride * own[0], self.sampling_stride * own[1]
        candidates = [(stride * own[0], stride * own[1]) for stride in AUTO_STRIDES]
        if self.kernel_size == (1, 1):
            candidates.append((1, 1))  # the flattened index knows no rows: a strided convolution may use every pixel
        enough = max(LEAST_SAMPLES, SAMPLES_PER_FEATURE * self.num_features)
        return next((steps for steps in candidates if self._vectors(shape, steps) >= enough), candidates[-1])

    def _vectors(self, shape: Sequence[int], steps: Pair) -> int:
        *batch, height, width = shape
        images = math.prod(batch[:-1])
        if self.kernel_size == (1, 1):
            return -(-images * height * width // math.prod(steps)) * self._blocks
        return images * math.prod(self._patches(steps).grid(height, width)) * self._blocks

    def _patches(self, steps: Pair) -> Patches:
        return Patches(self.kernel_size, steps, self.own_padding, self.dilation, self.groups, self.block)
