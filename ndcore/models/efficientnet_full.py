"""`efficientnet` with deconvolution in every layer, as the papers describe it.

The published networks keep batch normalisation in all 16 blocks (see `efficientnet`). Here their convolutions, squeeze
and excitation included, are FastDeconv with its defaults: what the original code builds once `deconv` reaches the
blocks. Its batch-normalised counterpart is `efficientnet` with "bn".
"""

from __future__ import annotations

from torch import nn

from ndcore.models._normalization import normalization
from ndcore.models.efficientnet import EfficientNet

TITLE = "EfficientNet, fully deconvolved"
NORMS = ("nd",)
SIDES = (1, 32)


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    normal = normalization(norm, **options)
    return EfficientNet(normal, inner=normal, num_classes=num_classes)
