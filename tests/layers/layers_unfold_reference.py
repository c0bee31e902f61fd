"""Whitening convolutions of any number of axes, step by step: every vector is taken out, whitened and multiplied.

The oracle of the layers that fold the whitening into their weights. Nothing is folded here: patches are unfolded one
kernel position at a time, whitened as they are, and multiplied with the layer's own weight; a transposed convolution
adds what every pixel gives at every kernel position. Autograd differentiates all of it.

Letters of the shapes as in `ndcore.layers.statistics`, k kernel positions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from ndcore.layers.reference import reference_isqrt
from ndcore.layers.whitening_convolution import WhiteningConvolution

Transform = tuple[Tensor, Tensor]


def batch_transform(layer: WhiteningConvolution, x: Tensor) -> Transform:
    """Mean (g, d) and whitening matrix (g, d, d) of a batch (n, c, …)."""
    stride = layer.sampling_stride
    if layer.transposed:
        every = tuple(slice(None, None, stride) for _ in range(layer.axes))
        rows = x[:, :, *every].flatten(2).mT  # (n, l, c)
    else:
        steps = [stride * own for own in layer.stride]
        rows, _ = unfolded(padded(layer, x), layer.kernel_size, steps, layer.dilation)
    rows = split(layer, rows.flatten(0, 1))  # (n·l, g, d, b)
    rows = torch.stack([torch.cat([*rows[:, q].unbind(-1)]) for q in range(layer.groups)])  # (g, r, d)
    mean = rows.mean(1)
    centred = rows - mean.unsqueeze(1)
    covariance = centred.mT @ centred / rows.shape[1] + layer.eps * torch.eye(rows.shape[2], dtype=x.dtype)
    return mean, reference_isqrt(covariance, layer.n_iter)


def output(layer: WhiteningConvolution, x: Tensor, transform: Transform) -> Tensor:
    """What the layer gives of a batch (n, c, …)."""
    y = (_transposed if layer.transposed else _convolved)(layer, x, *transform)
    return y if layer.bias is None else y + layer.bias.view(-1, *(1,) * layer.axes)


def padded(layer: WhiteningConvolution, x: Tensor) -> Tensor:
    pads = layer._reversed_padding_repeated_twice
    return F.pad(x, pads) if layer.padding_mode == "zeros" else F.pad(x, pads, layer.padding_mode)


def unfolded(
    x: Tensor, kernel: Sequence[int], steps: Sequence[int], dilation: Sequence[int]
) -> tuple[Tensor, list[int]]:
    """Patches (n, l, c·k), and the positions per axis."""
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    grid = [(size - r) // s + 1 for size, r, s in zip(x.shape[2:], reach, steps, strict=True)]
    taps = []
    for tap in product(*map(range, kernel)):
        at = zip(tap, dilation, grid, steps, strict=True)
        taps.append(x[:, :, *(slice(t * d, t * d + (g - 1) * s + 1, s) for t, d, g, s in at)].flatten(2))
    return torch.stack(taps, dim=2).flatten(1, 2).mT, grid


def split(layer: WhiteningConvolution, rows: Tensor) -> Tensor:
    """Rows (r, columns) as (r, g, d, b): column j of a group is slot j div b of block j mod b."""
    return rows.unflatten(1, (layer.groups, layer.num_features, -1))


def whitened(layer: WhiteningConvolution, rows: Tensor, mean: Tensor, deconv: Tensor) -> Tensor:
    """Whitened rows (r, g, columns of a group)."""
    centred = split(layer, rows) - mean.unsqueeze(-1)  # (r, g, d, b)
    return torch.einsum("gfe,rgeb->rgfb", deconv, centred).flatten(2)


def _convolved(layer: WhiteningConvolution, x: Tensor, mean: Tensor, deconv: Tensor) -> Tensor:
    rows, grid = unfolded(padded(layer, x), layer.kernel_size, layer.stride, layer.dilation)
    white = whitened(layer, rows.flatten(0, 1), mean, deconv)  # (n·l, g, c/g·k)
    weight = layer.weight.flatten(1).unflatten(0, (layer.groups, -1))  # (g, o/g, c/g·k)
    y = torch.einsum("goj,rgj->rgo", weight, white).flatten(1)  # (n·l, o)
    return y.unflatten(0, (len(x), -1)).mT.unflatten(2, grid)


def _transposed(layer: WhiteningConvolution, x: Tensor, mean: Tensor, deconv: Tensor) -> Tensor:
    n, _, *sizes = x.shape
    white = whitened(layer, x.flatten(2).mT.flatten(0, 1), mean, deconv)  # (n·l, g, c/g)
    geometry = list(zip(sizes, layer.stride, layer.dilation, layer.kernel_size, strict=True))
    full = [(size - 1) * s + d * (k - 1) + 1 for size, s, d, k in geometry]
    full = [size + more for size, more in zip(full, layer.output_padding, strict=True)]
    y = x.new_zeros(n, layer.out_channels, *full)
    for tap in product(*map(range, layer.kernel_size)):
        weight = layer.weight[:, :, *tap].unflatten(0, (layer.groups, -1))  # (g, c/g, o/g)
        one = torch.einsum("gco,rgc->rgo", weight, white).flatten(1)  # (n·l, o)
        at = [slice(t * d, t * d + (size - 1) * s + 1, s) for t, (size, s, d, _) in zip(tap, geometry, strict=True)]
        y[:, :, *at] += one.unflatten(0, (n, math.prod(sizes))).mT.unflatten(2, sizes)
    return y[:, :, *(slice(p, size - p) for p, size in zip(layer.padding, full, strict=True))]
