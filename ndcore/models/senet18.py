"""SENet-18 for CIFAR: pre-activation blocks with squeeze and excitation (Hu et al., CVPR 2018); `--arch senet`.

The paper puts squeeze and excitation on the post-activation ResNet; the original code takes the pre-activation one, but
normalises its stem, and leaves the sum of the last block without norm and ReLU. With deconvolution the two small layers
of every squeeze and excitation are FastDeconv too, and the stem runs 15 iterations and freezes its statistics after 100
steps.
"""

from __future__ import annotations

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization, normalization
from ndcore.models._preactivation import preact_stages
from ndcore.models._residual import WIDTHS
from ndcore.models._squeeze_excitation import SqueezeExcitation

TITLE = "SENet-18"
NORMS = ("bn", "nd")


class SENet(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.stem, self.norm = normal.conv(3, WIDTHS[0], 3, n_iter=15, freeze=True), normal.norm(WIDTHS[0])
        self.stages = preact_stages(normal, (2, 2, 2, 2), gate=partial(SqueezeExcitation, normal))
        self.classifier = normal.linear(WIDTHS[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 64, 32, 32)
        x = self.stages(x)  # (n, 512, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return SENet(normalization(norm, **options), num_classes)
