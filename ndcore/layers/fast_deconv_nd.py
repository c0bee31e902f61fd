"""`FastDeconv1d` and `FastDeconv3d`: `FastDeconv` for sequences, and for volumes and videos.

    y = conv(x, W·D, b − W·D·μ),   D ≈ (Cov + εI)^(−½)

μ and Cov are those of the patches that the convolution sees, padding included. With a kernel of more than one position
`FastDeconv1d` computes what `FastDeconv` does on images of width 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.layers.border import border
from ndcore.layers.fast_deconv import PAD_MODES
from ndcore.layers.fold import fold
from ndcore.layers.whitening_convolution import AXES
from ndcore.layers.windowed_convolution import Sizes, WindowedConvolution


class _FastDeconvNd(WindowedConvolution):
    """Letters of the shapes as in `ndcore.layers.whitening_convolution`."""

    plain_class: type[nn.Conv1d | nn.Conv3d]

    @property
    def window(self) -> Sizes:
        return self.kernel_size

    @property
    def steps(self) -> Sizes:
        return tuple(self.sampling_stride * stride for stride in self.stride)

    def sampled(self, x: Tensor) -> Tensor:
        return F.pad(x, border(self), PAD_MODES.get(self.padding_mode, self.padding_mode))

    def sampled_sizes(self, sizes: Sequence[int]) -> Sizes:
        pads = border(self)[::-1]  # after and before, of the first axis first
        padded = tuple(size + sum(pads[2 * i : 2 * i + 2]) for i, size in enumerate(sizes))
        for axis, size, kernel, dilation in zip(AXES[self.axes], padded, self.kernel_size, self.dilation, strict=True):
            reach = dilation * (kernel - 1) + 1
            if size < reach:
                raise ValueError(
                    f"{self}: an input of {axis} {size} with its padding is smaller than the kernel, "
                    f"which reaches over {reach}"
                )
        return padded

    def folded(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        """Weight (o, c/g, …) and bias (o) that act on the raw input; mean (g, d), whitening matrix (g, d, d)."""
        dtype = self.weight.dtype
        weight, shift = fold(self.weight, mean.to(dtype), deconv.to(dtype))
        return weight, -shift if self.bias is None else self.bias - shift

    def transform(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The convolution (n, o, …) of the raw input with folded weight and bias."""
        return self._conv_forward(x, weight, bias)

    @torch.no_grad()
    def plain(self) -> nn.Module:
        """The convolution of torch that computes the same in evaluation mode."""
        new = self.plain_class(
            self.in_channels, self.out_channels, self.kernel_size, self.stride, self.padding, self.dilation,
            self.groups, padding_mode=self.padding_mode, device="meta",
        )  # fmt: skip
        weight, bias = self.folded(*self.running_transform())
        new.weight, new.bias = (nn.Parameter(p, self.weight.requires_grad) for p in (weight, bias))
        return new.train(self.training)


class FastDeconv1d(_FastDeconvNd, nn.Conv1d):
    """Takes the place of `nn.Conv1d` and of the batch normalisation after it.

    Args:
        in_channels, out_channels, kernel_size, args, kwargs: as `nn.Conv1d`: stride, padding, dilation, groups, bias,
            padding_mode, device, dtype.
        eps, n_iter, momentum, freeze, freeze_iter, synchronize, update_every: as `FastDeconv`.
        averaging: as `FastDeconv`, but "weighted" by default, since no study asks for other running values.
        block: channels per block where `groups` is 1, as in `FastDeconv`; None: 64.
        sampling_stride: the statistics use every so many positions of the convolution.

    Buffers as those of `FastDeconv`. Shapes: (n, c, l) → (n, o, l'), both also without n; in evaluation n may be 0.

    Raises:
        ValueError: sizes that do not fit, at construction or on a wrong input; a training batch that is empty, or that
            gives one sample vector.
        TypeError: an input of another type than the weights, outside autocast.
        NonFiniteError: NaN or infinity in the covariance (on CPU).
    """

    axes = 1
    plain_class = nn.Conv1d


class FastDeconv3d(_FastDeconvNd, nn.Conv3d):
    """Takes the place of `nn.Conv3d` and of the batch normalisation after it.

    As `FastDeconv1d`, with shapes (n, c, d, h, w) → (n, o, d', h', w'). Blocks have 16 channels by default: the matrix
    of a block has 27 rows per channel where the kernel is 3×3×3, and its inverse root costs their cube.
    """

    axes = 3
    plain_class = nn.Conv3d
    default_block = 16
