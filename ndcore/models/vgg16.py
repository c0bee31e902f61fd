"""VGG-16 for CIFAR: 13 convolutions 3×3 and one linear layer (Simonyan and Zisserman, ICLR 2015).

As the original code builds it: with batch normalisation the convolutions keep their (then redundant) bias; with
deconvolution the first layer runs 15 Newton–Schulz iterations and freezes its statistics after 100 steps.
"""

from __future__ import annotations

from torch import Tensor, nn

from ndcore.models._normalization import Normalization, normalization

NORMS = ("bn", "nd")
PLAN = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")


class VGG(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in PLAN:
            if width == "pool":
                layers.append(nn.MaxPool2d(2))
                continue
            first = {"n_iter": 15, "freeze": True} if channels == 3 else {}
            layers += [normal.conv(channels, width, 3, bias=True, **first), normal.norm(width), nn.ReLU(inplace=True)]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = normal.linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (n, 512, 1, 1)
        return self.classifier(x.flatten(1))


def build(norm: str, num_classes: int) -> nn.Module:
    return VGG(normalization(norm), num_classes)
