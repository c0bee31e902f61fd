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

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._bottleneck import InvertedResidual, inverted_stages
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


class MBConv(InvertedResidual):
    """Inverted residual, squeeze and excitation, shortcut. (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉)."""

    def __init__(self, normal: Normalization, c_in: int, c_out: int, expansion: int, stride: int) -> None:
        super().__init__(normal, c_in, c_out, expansion, stride)
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
        self.stem = normal.conv(3, STEM_CHANNELS, 3, n_iter=10, freeze=True)
        self.norm = normal.norm(STEM_CHANNELS)
        self.stages = inverted_stages(PLAN, STEM_CHANNELS, partial(MBConv, inner))
        self.classifier = normal.linear(PLAN[-1][1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 32, 32, 32)
        x = self.stages(x)  # (n, 320, 1, 1)
        return self.classifier(x.flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return EfficientNet(normalization(norm, **options), inner=Batch(), num_classes=num_classes)
