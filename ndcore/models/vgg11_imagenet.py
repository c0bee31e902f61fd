"""VGG-11 for ImageNet: 8 convolutions 3×3 and three linear layers (Simonyan and Zisserman, ICLR 2015).

"none" and "bn" are torchvision's own networks. "nd" has the same layers; its stem runs 15 iterations and freezes its
statistics after 100 steps, and the blocks of the linear layers have 64 features. All its layers keep PyTorch's default
initialisation, as in the original code, which switches torchvision's (He's for convolutions, N(0, 0.01) for linear
layers) off by accident.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Deconvolution, Normalization
from ndcore.models.vgg16 import features

TITLE = "VGG-11"
NORMS = ("none", "bn", "nd")
INPUT_SIZE = (3, 224, 224)
SIDES = (32, None)
PLAN = (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool")


class VGG11ImageNet(nn.Module):
    """Images (n, 3, h, w) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.features = features(normal, PLAN)
        self.classifier = nn.Sequential(
            normal.linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            normal.linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            normal.linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (n, 512, h/32, w/32)
        x = F.adaptive_avg_pool2d(x, 7)  # (n, 512, 7, 7)
        return self.classifier(x.flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    if norm == "nd":
        return VGG11ImageNet(Deconvolution(classifier_block=64, **options), num_classes)
    from torchvision.models import vgg11, vgg11_bn  # noqa: PLC0415 (nothing else here needs it)

    return {"none": vgg11, "bn": vgg11_bn}[norm](weights=None, num_classes=num_classes)
