"""ResNeXt-29 (32×4d) for CIFAR: residual bottlenecks in 32 groups (Xie et al., CVPR 2017); `--arch resnext`.

Unlike the paper's CIFAR networks (8 or 16 groups of 64 channels, a 3×3 stem) the original code has 32 groups of 4, 8
and 16 channels and a 1×1 stem. With deconvolution the stem runs 10 iterations and freezes its statistics after 100
steps, and the grouped convolutions run 3 iterations, not 5; each group has its own whitening matrix.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._bottleneck import bottleneck, projection
from ndcore.models._normalization import Normalization, normalization
from ndcore.models._residual import layout

TITLE = "ResNeXt-29"
NORMS = ("bn", "nd")
SIDES = (29, 60)
GROUPS = 32
WIDTHS = (256, 512, 1024)
"""Output channels of a block; its bottleneck has half of them."""


class ResNeXtBlock(nn.Module):
    """A bottleneck plus the shortcut, then ReLU. (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉)."""

    def __init__(self, normal: Normalization, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.body = bottleneck(normal, c_in, c_out // 2, c_out, stride=stride, groups=GROUPS, grouped={"n_iter": 3})
        self.shortcut = projection(normal, c_in, c_out, stride) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)  # (n, c_out, h/stride, w/stride)
        return F.relu(y + self.shortcut(x))


class ResNeXt(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.stem, self.norm = normal.conv(3, 64, 1, n_iter=10, freeze=True), normal.norm(64)
        self.stages = nn.Sequential(*(ResNeXtBlock(normal, *sizes) for sizes in layout((3, 3, 3), WIDTHS)))
        self.classifier = normal.linear(WIDTHS[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 64, 32, 32)
        x = self.stages(x)  # (n, 1024, 8, 8)
        return self.classifier(F.avg_pool2d(x, 8).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return ResNeXt(normalization(norm, **options), num_classes)
