"""EfficientNet-B0 for CIFAR: inverted residuals with squeeze and excitation (Tan and Le, ICML 2019).

`--arch efficient`. Unlike the paper, the original code uses ReLU instead of swish, 3×3 kernels only, no head
convolution, no dropout and no stochastic depth; squeeze and excitation acts on the output of a block, not on its
expanded channels; and a block of stride 2 adds its own output once more in place of a shortcut.

**With deconvolution only the first convolution and the classifier are deconvolved**: the original code hands
`deconv=None` to the blocks, so that their 50 batch normalisations stay. That is the network of every published number,
hence the default; `efficientnet_full` deconvolves every layer, as the papers say. The stem runs 10 iterations and
freezes its statistics after 100 steps.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._bottleneck import bottleneck, projection
from ndcore.models._normalization import Batch, Normalization, normalization
from ndcore.models._squeeze_excitation import SqueezeExcitation

TITLE = "EfficientNet"
NORMS = ("bn", "nd")
SIDES = (1, 32)
STEM_CHANNELS = 32
PLAN = (
    # expansion, channels, blocks, stride of the first
    (1, 16, 1, 2),
    (6, 24, 2, 1),
    (6, 40, 2, 2),
    (6, 80, 3, 2),
    (6, 112, 3, 1),
    (6, 192, 4, 2),
    (6, 320, 1, 2),
)


class MBConv(nn.Module):
    """Inverted residual, squeeze and excitation, shortcut. (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉)."""

    def __init__(self, normal: Normalization, c_in: int, c_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        c_mid = expansion * c_in
        self.body = bottleneck(normal, c_in, c_mid, c_out, stride=stride, groups=c_mid)
        self.shortcut: nn.Module | None = None
        if stride == 1:
            self.shortcut = projection(normal, c_in, c_out) if c_in != c_out else nn.Identity()
        self.gate = SqueezeExcitation(normal, c_out)

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)  # (n, c_out, h/stride, w/stride)
        shortcut = y if self.shortcut is None else self.shortcut(x)
        return self.gate(y) + shortcut


class EfficientNet(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes).

    Args:
        normal: what the stem and the classifier are made from.
        inner: what the blocks are made from.
    """

    def __init__(self, normal: Normalization, inner: Normalization, num_classes: int) -> None:
        super().__init__()
        channels = STEM_CHANNELS
        self.stem, self.norm = normal.conv(3, channels, 3, n_iter=10, freeze=True), normal.norm(channels)
        blocks = []
        for expansion, width, depth, first_stride in PLAN:
            for position in range(depth):
                stride = first_stride if position == 0 else 1
                blocks.append(MBConv(inner, channels, width, expansion, stride))
                channels = width
        self.stages = nn.Sequential(*blocks)
        self.classifier = normal.linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 32, 32, 32)
        x = self.stages(x)  # (n, 320, 1, 1)
        return self.classifier(x.flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return EfficientNet(normalization(norm, **options), inner=Batch(), num_classes=num_classes)
