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

TITLE = "ResNeXt-29"
NORMS = ("bn", "nd")
SIDES = (29, 60)
GROUPS = 32
WIDTHS = (128, 256, 512)


class ResNeXtBlock(nn.Module):
    """A bottleneck plus the shortcut, then ReLU. (n, c_in, h, w) → (n, 2·width, ⌈h/stride⌉, ⌈w/stride⌉)."""

    def __init__(self, normal: Normalization, c_in: int, width: int, stride: int) -> None:
        super().__init__()
        c_out = 2 * width
        self.body = bottleneck(normal, c_in, width, c_out, stride=stride, groups=GROUPS, grouped={"n_iter": 3})
        self.shortcut = projection(normal, c_in, c_out, stride) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)  # (n, 2·width, h/stride, w/stride)
        return F.relu(y + self.shortcut(x))


class ResNeXt(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        channels = 64
        self.stem, self.norm = normal.conv(3, channels, 1, n_iter=10, freeze=True), normal.norm(channels)
        blocks = []
        for stage, width in enumerate(WIDTHS):
            for position in range(3):
                blocks.append(ResNeXtBlock(normal, channels, width, 2 if stage > 0 and position == 0 else 1))
                channels = 2 * width
        self.stages = nn.Sequential(*blocks)
        self.classifier = normal.linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 64, 32, 32)
        x = self.stages(x)  # (n, 1024, 8, 8)
        return self.classifier(F.avg_pool2d(x, 8).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return ResNeXt(normalization(norm, **options), num_classes)
