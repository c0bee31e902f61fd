"""ResNet-18 for ImageNet (He et al., CVPR 2016).

"bn" is torchvision's own network. "nd" is `resnet18d`, as the original code runs it: its three shortcut convolutions
keep their batch normalisation, all convolutions are initialised like torchvision's, and the classifier's blocks have 64
features.
"""

from __future__ import annotations

from torch import nn

from ndcore.models._normalization import Deconvolution
from ndcore.models.resnet18d import ResNet18D

TITLE = "ResNet-18"
NORMS = ("bn", "nd")
INPUT_SIZE = (3, 224, 224)
SIDES = (1, None)


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    if norm == "bn":
        from torchvision.models import resnet18  # noqa: PLC0415 (nothing else here needs it)

        return resnet18(weights=None, num_classes=num_classes)
    return ResNet18D(Deconvolution(classifier_block=64, **options), num_classes)
