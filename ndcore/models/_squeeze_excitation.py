"""Squeeze and excitation: channels scaled by what the whole map says (Hu et al., CVPR 2018)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization


class SqueezeExcitation(nn.Module):
    """x · σ(fc2(ReLU(fc1(mean of x)))), with 16 times fewer channels in between. (n, c, h, w) → (n, c, h, w).

    The two layers are 1×1 convolutions on a 1×1 map, with a bias. With deconvolution they are FastDeconv, whose
    sampling leaves every ninth image of the batch for their statistics: 15 of 128.
    """

    def __init__(self, normal: Normalization, channels: int) -> None:
        super().__init__()
        self.fc1 = normal.conv(channels, channels // 16, 1, bias=True)
        self.fc2 = normal.conv(channels // 16, channels, 1, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        w = F.adaptive_avg_pool2d(x, 1)  # (n, c, 1, 1)
        w = F.relu(self.fc1(w))  # (n, c/16, 1, 1)
        return x * self.fc2(w).sigmoid()  # (n, c, h, w)
