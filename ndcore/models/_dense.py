"""The densely connected trunk that both DenseNet-121 share (Huang et al., CVPR 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization

GROWTH = 32
DEPTHS = (6, 12, 24, 16)
STEM_CHANNELS, TRUNK_CHANNELS = 64, 1024


class DenseLayer(nn.Module):
    """norm, ReLU, 1×1, norm, ReLU, 3×3, joined with the input. (n, c, h, w) → (n, c + 32, h, w).

    Args:
        new_first: whether the new channels stand before the old ones. That changes which channels a following
            FastDeconv puts into one block.
    """

    def __init__(self, normal: Normalization, channels: int, new_first: bool) -> None:
        super().__init__()
        self.norm1, self.conv1 = normal.norm(channels), normal.conv(channels, 4 * GROWTH, 1)
        self.norm2, self.conv2 = normal.norm(4 * GROWTH), normal.conv(4 * GROWTH, GROWTH, 3)
        self.new_first = new_first

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))  # (n, 128, h, w)
        y = self.conv2(F.relu(self.norm2(y)))  # (n, 32, h, w)
        return torch.cat([y, x] if self.new_first else [x, y], dim=1)  # (n, c + 32, h, w)


def dense_trunk(normal: Normalization, new_first: bool) -> nn.Sequential:
    """Four dense blocks, then norm and ReLU. (n, 64, h, w) → (n, 1024, ⌊h/8⌋, ⌊w/8⌋).

    A transition after each block but the last halves channels and map: norm, ReLU, 1×1, average pool.
    """
    layers: list[nn.Module] = []
    channels = STEM_CHANNELS
    for depth in DEPTHS:
        if layers:
            halve = normal.conv(channels, channels // 2, 1)
            layers += [normal.norm(channels), nn.ReLU(), halve, nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(depth):
            layers.append(DenseLayer(normal, channels, new_first))
            channels += GROWTH
    return nn.Sequential(*layers, normal.norm(channels), nn.ReLU())
