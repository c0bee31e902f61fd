"""MobileNetV2 for CIFAR: inverted residuals around depthwise convolutions (Sandler et al., CVPR 2018).

`--arch mobilev2`. Unlike the paper, the original code uses ReLU instead of ReLU6, keeps 32×32 maps in the stem and the
24-channel stage, has the first 1×1 convolution also where nothing is expanded, and gives every block of stride 1 a
shortcut, with a normalised 1×1 convolution where the channels change; there is no dropout. With deconvolution the stem
runs 10 iterations and freezes its statistics after 100 steps, and the depthwise and the last convolution of every block
run a single iteration; that last one whitens as many channels together as enter the block.
"""

from __future__ import annotations

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._bottleneck import InvertedResidual, inverted_stages
from ndcore.models._normalization import Normalization, normalization

TITLE = "MobileNet v2"
NORMS = ("bn", "nd")
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
PLAN = (
    # expansion, channels, blocks, stride of the first
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def block(normal: Normalization, c_in: int, c_out: int, expansion: int, stride: int) -> InvertedResidual:
    """An inverted residual with the options of the original code."""
    options = {"grouped": {"n_iter": 1}, "project": {"n_iter": 1, "block": c_in}}
    return InvertedResidual(normal, c_in, c_out, expansion, stride, **options)


class MobileNetV2(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        self.stem = normal.conv(3, STEM_CHANNELS, 3, n_iter=10, freeze=True)
        self.norm = normal.norm(STEM_CHANNELS)
        self.stages = inverted_stages(PLAN, STEM_CHANNELS, partial(block, normal))
        self.head, self.head_norm = normal.conv(PLAN[-1][1], HEAD_CHANNELS, 1), normal.norm(HEAD_CHANNELS)
        self.classifier = normal.linear(HEAD_CHANNELS, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 32, 32, 32)
        x = self.stages(x)  # (n, 320, 4, 4)
        x = F.relu(self.head_norm(self.head(x)))  # (n, 1280, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return MobileNetV2(normalization(norm, **options), num_classes)
