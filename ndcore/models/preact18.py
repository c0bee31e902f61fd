"""PreAct-18 for CIFAR: normalisation and ReLU before every convolution (He et al., ECCV 2016); `--arch preact`.

As the original code builds it, and unlike the paper, nothing normalises or activates the sum of the last block before
it is pooled. A batch normalisation after the stem is registered but never used: 128 parameters that get no gradient.
With deconvolution the normalisations fall away, the ReLUs stay, and the stem runs 10 iterations and freezes its
statistics after 100 steps. The study's "PreAct-18" with batch normalisation was `preact34` in at least one of its runs.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization, normalization
from ndcore.models._preactivation import preact_stages
from ndcore.models._residual import WIDTHS

TITLE = "PreAct-18"
NORMS = ("bn", "nd")


class PreActResNet(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes).

    Args:
        depths: blocks per stage.
    """

    def __init__(self, normal: Normalization, num_classes: int, depths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = normal.conv(3, WIDTHS[0], 3, n_iter=10, freeze=True)
        self.unused_norm = normal.norm(WIDTHS[0])
        self.stages = preact_stages(normal, depths)
        self.classifier = normal.linear(WIDTHS[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # (n, 64, 32, 32)
        x = self.stages(x)  # (n, 512, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return PreActResNet(normalization(norm, **options), num_classes, depths=(2, 2, 2, 2))
