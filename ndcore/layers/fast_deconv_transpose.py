"""`FastDeconvTranspose1d`, `2d`, `3d`: transposed convolutions whose input is whitened.

    y = conv_transpose(x − μ, D·W, b),   D ≈ (Cov + εI)^(−½)

A transposed convolution multiplies the channel vector of every input pixel with the whole kernel. So these vectors are
what is whitened, in blocks of channels: μ and Cov are theirs, as in a `FastDeconv` with a 1×1 kernel.

The mean does not go into the bias. Outputs near the border receive fewer kernel positions than others, and with a
stride neighbours receive different ones, so what −μ adds differs from output to output. It is subtracted from the
input, which is exact everywhere. For the same reason the fold (`plain`) is two layers, the first of which subtracts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.layers.fold import fold
from ndcore.layers.whitening_convolution import AXES, Sizes, WhiteningConvolution


class _FastDeconvTransposeNd(WhiteningConvolution):
    """Letters of the shapes as in `ndcore.layers.whitening_convolution`, k kernel positions."""

    centre_class: type[nn.Conv1d | nn.Conv2d | nn.Conv3d]
    function: Callable[..., Tensor]

    @property
    def window(self) -> Sizes:
        return (1,) * self.axes

    @property
    def steps(self) -> Sizes:
        return (self.sampling_stride,) * self.axes

    def sampled(self, x: Tensor) -> Tensor:
        return x

    def sampled_sizes(self, sizes: Sequence[int]) -> Sizes:
        for i, axis in enumerate(AXES[self.axes]):
            if self.output_padding[i] >= max(self.stride[i], self.dilation[i]):
                raise ValueError(
                    f"{self}: output_padding {self.output_padding[i]} of the {axis} must be smaller than its stride "
                    "or its dilation"
                )
            reach = self.dilation[i] * (self.kernel_size[i] - 1) + 1 + self.output_padding[i]
            if not sizes[i] or (sizes[i] - 1) * self.stride[i] + reach <= 2 * self.padding[i]:
                raise ValueError(f"{self}: padding {self.padding[i]} leaves nothing of an input of {axis} {sizes[i]}")
        return tuple(sizes)

    def folded(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        """Weight (c, o/g, …) that acts on the centred input, and the mean (c) of that, for `transform`."""
        dtype = self.weight.dtype
        rows = self.weight.flatten(1)  # (c, o/g·k)
        outputs = rows.shape[1]
        rows = rows.unflatten(0, (self.groups, -1)).mT.flatten(0, 1)  # (g·o/g·k, c/g)
        weight, _ = fold(rows, mean.to(dtype), deconv.to(dtype))
        weight = weight.unflatten(0, (self.groups, outputs)).mT.reshape(self.weight.shape)
        return weight, mean.to(dtype).repeat_interleave(self._blocks, dim=1).flatten()  # channel c: slot c div b

    def transform(self, x: Tensor, weight: Tensor, mean: Tensor) -> Tensor:
        """The transposed convolution (n, o, …) of the input less its mean (c), with the folded weight."""
        centred = x - mean.view(-1, *(1,) * self.axes)  # (n, c, …)
        return type(self).function(
            centred, weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation
        )

    @torch.no_grad()
    def plain(self) -> nn.Module:
        """Layers of torch that compute the same in evaluation mode: one that subtracts the mean, then the transposed.

        The first is a convolution of every channel alone, 1·x − μ: unlike a batch normalisation it computes the same in
        training mode, and with an input that has no axis of the batch.
        """
        weight, mean = self.folded(*self.running_transform())
        c = self.in_channels
        centre = self.centre_class(c, c, 1, groups=c, device="meta")
        centre.weight = nn.Parameter(torch.ones(centre.weight.shape).to(weight), requires_grad=False)
        centre.bias = nn.Parameter(-mean, requires_grad=False)
        new = self.plain_with(weight, None if self.bias is None else self.bias.clone())
        return nn.Sequential(centre, new).train(self.training)


class FastDeconvTranspose1d(_FastDeconvTransposeNd, nn.ConvTranspose1d):
    """Takes the place of `nn.ConvTranspose1d`, and of the batch normalisation after it.

    Args:
        in_channels, out_channels, kernel_size, args, kwargs: as `nn.ConvTranspose1d`: stride, padding, output_padding,
            groups, bias, dilation, padding_mode, device, dtype. A call takes no `output_size`.
        eps, n_iter, momentum, freeze, freeze_iter, synchronize, update_every: as `FastDeconv`.
        averaging: as `FastDeconv`, but "weighted" by default, since no study asks for other running values.
        block: channels per block where `groups` is 1, as in `FastDeconv`; None: 64.
        sampling_stride: the statistics use every so many pixels of the input, per axis.

    Buffers: `running_mean` (g·d), zeros at first; `running_deconv` (d, d), or (g, d, d) if groups > 1, at first the
    identity; d is the block, or the channels of a group.

    Shapes: (n, c, l) → (n, o, l'), both also without n; in evaluation n may be 0.

    Errors raised as by `FastDeconv`.
    """

    axes = 1
    plain_class, centre_class = nn.ConvTranspose1d, nn.Conv1d
    function = staticmethod(F.conv_transpose1d)


class FastDeconvTranspose2d(_FastDeconvTransposeNd, nn.ConvTranspose2d):
    """As `FastDeconvTranspose1d`, for images (n, c, h, w) → (n, o, h', w')."""

    axes = 2
    plain_class, centre_class = nn.ConvTranspose2d, nn.Conv2d
    function = staticmethod(F.conv_transpose2d)


class FastDeconvTranspose3d(_FastDeconvTransposeNd, nn.ConvTranspose3d):
    """As `FastDeconvTranspose1d`, for volumes (n, c, d, h, w) → (n, o, d', h', w')."""

    axes = 3
    plain_class, centre_class = nn.ConvTranspose3d, nn.Conv3d
    function = staticmethod(F.conv_transpose3d)
