"""DenseNet-121 for ImageNet (Huang et al., CVPR 2017).

"bn" is torchvision's own network. "nd" follows it without any batch normalisation; the stem runs 15 iterations and
freezes its statistics after 100 steps, and the classifier's blocks have 64 features. All its layers keep PyTorch's
default initialisation, as in the original code, whose initialisation loop misses FastDeconv; torchvision's convolutions
have He's. Unlike `densenet121`, new channels stand after the old ones.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._dense import STEM_CHANNELS, TRUNK_CHANNELS, dense_trunk
from ndcore.models._normalization import Deconvolution, Normalization

TITLE = "DenseNet-121"
NORMS = ("bn", "nd")
INPUT_SIZE = (3, 224, 224)
SIDES = (29, None)


class DenseNetImageNet(nn.Module):
    """Images (n, 3, h, w) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.stem = normal.conv(3, STEM_CHANNELS, 7, stride=2, n_iter=15, freeze=True)
        self.norm, self.pool = normal.norm(STEM_CHANNELS), nn.MaxPool2d(3, 2, 1)
        self.trunk = dense_trunk(normal, new_first=False)
        self.classifier = normal.linear(TRUNK_CHANNELS, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.norm(self.stem(x))))  # (n, 64, h/4, w/4)
        x = self.trunk(x)  # (n, 1024, h/32, w/32)
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    if norm == "bn":
        from torchvision.models import densenet121  # noqa: PLC0415 (nothing else here needs it)

        return densenet121(weights=None, num_classes=num_classes)
    return DenseNetImageNet(Deconvolution(classifier_block=64, **options), num_classes)
