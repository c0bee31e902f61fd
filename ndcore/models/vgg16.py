"""VGG-16 for CIFAR: 13 convolutions 3×3 and one linear layer (Simonyan and Zisserman, ICLR 2015).

As the original code builds it: with batch normalisation the convolutions keep their (then redundant) bias; with
deconvolution the first layer runs 15 Newton–Schulz iterations and freezes its statistics after 100 steps.
"""

from __future__ import annotations

from torch import Tensor, nn

from ndcore.models._normalization import Normalization, normalization

TITLE = "VGG-16"
NORMS = ("bn", "nd")
SIDES = (32, 63)
PLAN = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")


def features(normal: Normalization, plan: tuple[int | str, ...]) -> nn.Sequential:
    """The convolutions of a VGG network, each normalised and followed by ReLU, and its 2×2 max pools.

    Args:
        plan: output channels of every convolution, and "pool". (n, 3, h, w) → (n, channels, h/2^pools, w/2^pools).
    """
    layers: list[nn.Module] = []
    channels = 3
    for width in plan:
        if width == "pool":
            layers.append(nn.MaxPool2d(2))
            continue
        first = {"n_iter": 15, "freeze": True} if channels == 3 else {}
        layers += [normal.conv(channels, width, 3, bias=True, **first), normal.norm(width), nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.features = features(normal, PLAN)
        self.classifier = normal.linear(512, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (n, 512, 1, 1)
        return self.classifier(x.flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return VGG(normalization(norm, **options), num_classes)
