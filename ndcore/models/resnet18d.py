"""ResNet-18 with the ImageNet stem, 7×7 stride 2 and a max pool (He et al., CVPR 2016); `--arch resnet18d`.

The reproducibility study ran this network on CIFAR's 32×32 images (CIFAR-10 at 1 and 100 epochs, CIFAR-100), where its
maps shrink to 16, 8, 4, 2 and 1 pixels. With deconvolution the three shortcut convolutions keep their batch
normalisation, as in the original code, and the stem runs 15 iterations and freezes its statistics after 100 steps.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from ndcore.models._normalization import Normalization, normalization
from ndcore.models._residual import WIDTHS, stages

TITLE = "ResNet-18"
NORMS = ("bn", "nd")
SIDES = (1, None)


class ResNet18D(nn.Module):
    """Images (n, 3, h, w) to logits (n, num_classes).

    Args:
        shortcut_norm: makes the normalisation of the shortcuts, which stays batch normalisation with deconvolution.
    """

    def __init__(
        self, normal: Normalization, num_classes: int, shortcut_norm: Callable[[int], nn.Module] = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        self.stem, self.norm = normal.conv(3, WIDTHS[0], 7, stride=2, n_iter=15, freeze=True), normal.norm(WIDTHS[0])
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.stages = stages(normal, shortcut_norm)
        self.classifier = normal.linear(WIDTHS[-1], num_classes)
        for module in self.modules():
            if isinstance(module, _ConvNd):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 64, h/2, w/2)
        x = self.stages(self.pool(x))  # (n, 512, h/32, w/32)
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return ResNet18D(normalization(norm, **options), num_classes)
