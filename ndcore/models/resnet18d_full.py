"""`resnet18d` without any batch normalisation under deconvolution, as the papers describe it.

The published network keeps the three batch normalisations of its shortcuts (see `resnet18d`); here they fall away like
all others. Its batch-normalised counterpart is `resnet18d` with "bn".
"""

from __future__ import annotations

from torch import nn

from ndcore.models._normalization import normalization
from ndcore.models.resnet18d import ResNet18D

TITLE = "ResNet-18, fully deconvolved"
NORMS = ("nd",)
SIDES = (1, None)


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    normal = normalization(norm, **options)
    return ResNet18D(normal, num_classes, shortcut_norm=normal.norm)
