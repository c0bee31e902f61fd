"""The layers as published, step by step: the oracle of the fast ones, and what their speed is measured against.

Nothing here is clever, on purpose. Patches are unfolded, transposed and copied, the mean is subtracted in a copy, the
covariance is one `addmm`, the inverse square root is the loop of the paper with three products per iteration, and
autograd differentiates all of it. Each class takes the arguments, parameters and buffers of the fast layer and can
stand in for it in any network (also by `layer.__class__ = ReferenceFastDeconv`).

Not for autocast, `torch.compile`, half precision, unbatched images, `synchronize`, `update_every` or `averaging`.

Source: Ye et al., ICLR 2020 (arXiv 1905.11926), Alg. 1, and the order of operations of the code published with it.
Letters of the shapes as in `ndcore.layers.statistics`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.layers.channel_deconv import ChannelDeconv
from ndcore.layers.delinear import Delinear
from ndcore.layers.fast_deconv import FastDeconv


def reference_isqrt(matrix: Tensor, n_iter: int) -> Tensor:
    """Coupled Newton–Schulz iteration, (…, d, d) → (…, d, d): 3·n products, also those with I and of the last Y."""
    norm = matrix.norm(dim=(-2, -1), keepdim=True)  # (…, 1, 1)
    y = matrix / norm
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    z = identity.expand_as(matrix)
    for _ in range(n_iter):
        t = 0.5 * (3 * identity - z @ y)
        y = y @ t
        z = t @ z
    return z / norm.sqrt()


class ReferenceFastDeconv(FastDeconv):
    """`FastDeconv`, plain."""

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        x = self.padded(x)
        frozen = self.freeze and self.counter > self.freeze_iter
        if self.training:
            self.counter = (self.counter + 1) % (self.freeze_iter * 10)
        if self.training and not frozen:
            mean, deconv = self._batch_transform(self._rows(x))
            _track(self, mean, deconv)
        else:
            mean, deconv = _running(self)
        if self.groups == 1:
            weight, bias = self._fold_blocks(mean, deconv)
        else:
            weight, bias = self._fold_groups(mean, deconv)
        return F.conv2d(x, weight, bias, self.stride, self.own_padding, self.dilation, self.groups)

    def _rows(self, x: Tensor) -> Tensor:
        """Sampled patches, one per row (n·l, c·k), columns channel-major."""
        vertical, horizontal = (self.sampling_stride * stride for stride in self.stride)
        if self.kernel_size == (1, 1):  # every so many pixels of the flattened (n, h, w) index; no padding
            pixels = x.permute(0, 2, 3, 1).contiguous().view(-1, x.shape[1])  # (n·h·w, c)
            return pixels[:: vertical * horizontal]
        patches = F.unfold(x, self.kernel_size, self.dilation, self.own_padding, (vertical, horizontal))  # (n, c·k, l)
        return patches.transpose(1, 2).contiguous().view(-1, patches.shape[1])

    def _batch_transform(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (g·d) and matrix (d, d), or (g, d, d) for groups, of the rows (n·l, c·k)."""
        d = self.num_features
        identity = torch.eye(d, dtype=rows.dtype, device=rows.device)
        if self.groups == 1:  # column j is slot j div b of block j mod b; every block is one more row
            blocks = self.in_channels // self.block
            rows = rows.view(-1, d, blocks).transpose(1, 2).contiguous().view(-1, d)  # (n·l·b, d)
            mean = rows.mean(0)
            rows = rows - mean.unsqueeze(0)
            covariance = torch.addmm(identity, rows.t(), rows, beta=self.eps, alpha=1 / len(rows))  # (d, d)
        else:
            mean = rows.mean(0)  # (g·d)
            rows = rows - mean.unsqueeze(0)
            rows = rows.view(-1, self.groups, d).transpose(0, 1)  # (g, n·l, d)
            identity = identity.expand(self.groups, d, d)
            scale = 1 / rows.shape[1]
            covariance = torch.baddbmm(identity, rows.transpose(1, 2), rows, beta=self.eps, alpha=scale)  # (g, d, d)
        return mean, reference_isqrt(covariance, self.n_iter)

    def _fold_blocks(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        d, blocks = self.num_features, self.in_channels // self.block
        weight = self.weight.reshape(-1, d, blocks).transpose(1, 2).contiguous().view(-1, d)  # (o·b, d)
        weight = weight @ deconv
        shift = (weight @ mean.unsqueeze(1)).view(self.out_channels, -1).sum(1)  # (o)
        weight = weight.view(-1, blocks, d).transpose(1, 2).contiguous()  # (o, d, b)
        return weight.view(self.weight.shape), _minus(self.bias, shift)

    def _fold_groups(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        weight = self.weight.reshape(self.groups, -1, self.num_features) @ deconv  # (g, o/g, d)
        shift = (weight @ mean.view(self.groups, self.num_features, 1)).view(-1)  # (o)
        return weight.view(self.weight.shape), _minus(self.bias, shift)


class ReferenceDelinear(Delinear):
    """`Delinear`, plain."""

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        if self.training:
            rows = x.reshape(-1, self.block)  # (r, d), runs of features
            mean = rows.mean(0)
            rows = rows - mean.unsqueeze(0)
            identity = torch.eye(self.block, dtype=x.dtype, device=x.device)
            covariance = torch.addmm(identity, rows.t(), rows, beta=self.eps, alpha=1 / len(rows))  # (d, d)
            deconv = reference_isqrt(covariance, self.n_iter)
            _track(self, mean, deconv)
        else:
            mean, deconv = _running(self)
        weight = self.weight.view(-1, self.block) @ deconv  # (o·b, d)
        shift = (weight @ mean.unsqueeze(1)).view(self.out_features, -1).sum(1)  # (o)
        return F.linear(x, weight.view(self.weight.shape), _minus(self.bias, shift))


class ReferenceChannelDeconv(ChannelDeconv):
    """`ChannelDeconv`, plain."""

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        maps = x.view(*x.shape, 1, 1) if x.dim() == 2 else x  # (n, c, h, w)
        n, c, h, w = maps.shape
        first = self.training and self.num_batches_tracked == 0
        whole = self.block * (c // self.block)
        step = self.sampling_stride**2 if min(h, w) >= self.sampling_stride else 1
        rows = maps[:, :whole].permute(1, 0, 2, 3).contiguous().view(self.block, -1)  # (block, whole/block·n·h·w)
        if self.training:
            samples = rows[:, ::step]  # (block, r)
            mean = samples.mean(1, keepdim=True)
            identity = torch.eye(self.block, dtype=x.dtype, device=x.device)
            moments = samples @ samples.t() / samples.shape[1] + self.eps * identity  # the samples are not centred
            deconv = reference_isqrt(moments, self.n_iter)
            _average(self.running_mean1, mean, self.momentum, first)
            _average(self.running_deconv, deconv, self.momentum, first)
        else:
            mean, deconv = self.running_mean1, self.running_deconv
        white = (deconv @ (rows - mean)).view(whole, n, h, w).contiguous().permute(1, 0, 2, 3)  # (n, whole, h, w)
        if whole < c:
            white = torch.cat([white, self._plain_rest(maps[:, whole:], step, first)], dim=1)
        if self.training:
            self.num_batches_tracked.add_(1)
        return white.reshape(x.shape)

    def _plain_rest(self, x: Tensor, step: int, first: bool) -> Tensor:
        """One mean and one unbiased variance for all channels beyond the whole blocks."""
        if self.training:
            samples = x.reshape(len(x), -1)[:, ::step]  # (n, r)
            mean, var = samples.mean().view(1, 1), samples.var().view(1, 1)
            _average(self.running_mean2, mean, self.momentum, first)
            _average(self.running_var, var, self.momentum, first)
        else:
            mean, var = self.running_mean2, self.running_var
        return (x - mean) / (var + self.eps).sqrt()


def _track(layer: FastDeconv | Delinear, mean: Tensor, deconv: Tensor) -> None:
    if layer.synchronize or layer.update_every > 1 or layer.averaging != "published":
        raise NotImplementedError(
            f"{layer}: the reference layers know one process only, statistics of every step and equal weights"
        )
    _average(layer.running_mean, mean, layer.momentum)
    _average(layer.running_deconv, deconv, layer.momentum)


def _running(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Copies, because a later training step changes the buffers in place, perhaps before this step's backward pass."""
    return layer.running_mean.clone(), layer.running_deconv.clone()


@torch.no_grad()
def _average(running: Tensor, value: Tensor, momentum: float, first: bool = False) -> None:
    if first:
        running.copy_(value)
    running.mul_(1 - momentum)
    running.add_(value.detach() * momentum)


def _minus(bias: Tensor | None, shift: Tensor) -> Tensor:
    return -shift if bias is None else bias - shift
