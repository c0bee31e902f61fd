"""DenseNet-121 for CIFAR: every layer sees all layers before it (Huang et al., CVPR 2017); `--arch densenet121`.

Not one of the paper's CIFAR networks, which have three dense blocks: the four blocks of its ImageNet DenseNet-121
behind a 3×3 convolution. As the original code builds it, new channels stand before the old ones (the paper and
torchvision: after), and the stem is not normalised. With deconvolution no batch normalisation is left, and the first
layer is like every other one: 5 iterations, no freezing.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._dense import STEM_CHANNELS, TRUNK_CHANNELS, dense_trunk
from ndcore.models._normalization import Normalization, normalization

TITLE = "DenseNet-121"
NORMS = ("bn", "nd")
SIDES = (32, 63)


class DenseNet(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.stem = normal.conv(3, STEM_CHANNELS, 3)
        self.trunk = dense_trunk(normal, new_first=True)
        self.classifier = normal.linear(TRUNK_CHANNELS, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # (n, 64, 32, 32)
        x = self.trunk(x)  # (n, 1024, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return DenseNet(normalization(norm, **options), num_classes)
