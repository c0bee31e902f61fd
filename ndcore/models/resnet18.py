"""ResNet-18 with the CIFAR stem, a 3×3 convolution (He et al., CVPR 2016); `--arch resnet` of the original code.

With deconvolution the first layer is like every other one: 5 iterations, no freezing. The reproducibility study ran it
only for CIFAR-10 at 20 epochs; elsewhere its "ResNet-18" is `resnet18d`.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization, normalization
from ndcore.models._residual import WIDTHS, stages

TITLE = "ResNet-18"
NORMS = ("bn", "nd")


class ResNet18(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.stem, self.norm = normal.conv(3, WIDTHS[0], 3), normal.norm(WIDTHS[0])
        self.stages = stages(normal, shortcut_norm=normal.norm)
        self.classifier = normal.linear(WIDTHS[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 64, 32, 32)
        x = self.stages(x)  # (n, 512, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return ResNet18(normalization(norm, **options), num_classes)
