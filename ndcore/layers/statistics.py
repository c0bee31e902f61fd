"""The pure functions behind the layers: sample vectors, their mean and covariance.

Letters of the shapes: n batch, c input channels, o output channels, k number of kernel positions, g groups,
b blocks that share one matrix, d length of a sample vector (d·b = k·c/g), l sampled positions per image,
r number of sample vectors.

Column j = channel·k + position of a patch belongs to block j mod b, slot j div b: the blocks interleave kernel
positions, they are not runs of channels. This is what the published code computes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

Pair = tuple[int, int]


def block_size(block: int, channels: int) -> int:
    """Channels per block: `block` where it divides the channels, else their greatest common divisor, at most all."""
    return channels if block > channels else math.gcd(block, channels)


def sample_patches(x: Tensor, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int, d: int) -> Tensor:
    """Vectors seen by a convolution on a grid of `stride`, zero padding included.

    Args:
        x: (n, c, h, w).
        d: length of a sample vector.

    Returns:
        (g, r, d) with r = n·l·b.
    """
    patches = F.unfold(x, kernel, dilation=dilation, padding=padding, stride=stride)  # (n, c·k, l)
    n, _, positions = patches.shape
    patches = patches.view(n, groups, d, -1, positions)  # (n, g, d, b, l)
    return patches.permute(1, 0, 4, 3, 2).reshape(groups, -1, d)  # (g, r, d)


def sample_pixels(x: Tensor, step: int, groups: int, d: int) -> Tensor:
    """Vectors seen by a 1×1 convolution: every `step`-th pixel of the flattened (n, h, w) index, not a spatial grid.

    Args:
        x: (n, c, h, w).
        step: the product of the sampling strides of both axes.

    Returns:
        (g, r, d) with r = ⌈n·h·w/step⌉·b.
    """
    pixels = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])[::step]  # (⌈n·h·w/step⌉, c)
    return pixels.view(len(pixels), groups, d, -1).permute(1, 0, 3, 2).reshape(groups, -1, d)  # (g, r, d)


def mean_and_covariance(samples: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Mean (g, d) and biased covariance plus eps·I (g, d, d) of sample vectors (g, r, d).

    Source: Ye et al. 2020, Eq. 2 and §3.4 (ε inside the covariance, before the inverse square root).
    """
    mean = samples.mean(1)  # (g, d)
    return mean, second_moments(samples - mean.unsqueeze(1), eps)


def second_moments(centred: Tensor, eps: float) -> Tensor:
    """XᵀX/r + eps·I (g, d, d) of centred sample vectors X (g, r, d)."""
    groups, r, d = centred.shape
    eye = torch.eye(d, dtype=centred.dtype, device=centred.device).expand(groups, d, d)
    return torch.baddbmm(eye, centred.mT, centred, beta=eps, alpha=1 / r)
