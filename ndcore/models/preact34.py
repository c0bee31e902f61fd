"""PreAct-34: `preact18` with 3, 4, 6 and 3 blocks (He et al., ECCV 2016).

A log of the reproducibility study shows that its batch-normalised "PreAct-18" on CIFAR-10 was this network for 1 epoch,
and its times suggest the same for 20: 21,279,434 parameters, against the 11,169,162 of the deconvolved PreAct-18 beside
it. It is here so that both can be measured.
"""

from __future__ import annotations

from torch import nn

from ndcore.models._normalization import normalization
from ndcore.models.preact18 import PreActResNet

TITLE = "PreAct-34"
NORMS = ("bn", "nd")


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return PreActResNet(normalization(norm, **options), num_classes, depths=(3, 4, 6, 3))
