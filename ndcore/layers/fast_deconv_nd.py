"""`FastDeconv1d` and `FastDeconv3d`: `FastDeconv` for sequences, and for volumes and videos.

    y = conv(x, W·D, b − W·D·μ),   D ≈ (Cov + εI)^(−½)

μ and Cov are those of the patches that the convolution sees, padding included. With a kernel of more than one position
`FastDeconv1d` computes what `FastDeconv` does on images of width 1.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.layers.fast_deconv import PAD_MODES, PatchConvolution
from ndcore.layers.geometry import border
from ndcore.layers.whitening_convolution import Sizes


class _FastDeconvNd(PatchConvolution):
    @property
    def steps(self) -> Sizes:
        return tuple(self.sampling_stride * stride for stride in self.stride)

    def sampled(self, x: Tensor) -> Tensor:
        return F.pad(x, border(self), PAD_MODES.get(self.padding_mode, self.padding_mode))

    def transform(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return self._conv_forward(x, weight, bias)


class FastDeconv1d(_FastDeconvNd, nn.Conv1d):
    """Takes the place of `nn.Conv1d` and of the batch normalisation after it.

    Args:
        in_channels, out_channels, kernel_size, args, kwargs: as `nn.Conv1d`: stride, padding, dilation, groups, bias,
            padding_mode, device, dtype.
        eps, n_iter, momentum, freeze, freeze_iter, synchronize, update_every: as `FastDeconv`.
        averaging: as `FastDeconv`, but "weighted" by default, since no study asks for other running values.
        block: channels per block where `groups` is 1, as in `FastDeconv`; None: 64.
        sampling_stride: the statistics use every so many positions of the convolution.

    Shapes: (n, c, l) → (n, o, l'), both also without n; in evaluation n may be 0.

    Buffers and errors raised as those of `FastDeconv`.
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
