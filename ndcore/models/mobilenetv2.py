"""MobileNetV2 for CIFAR: inverted residuals around depthwise convolutions (Sandler et al., CVPR 2018).

`--arch mobilev2`. Unlike the paper, the original code uses ReLU instead of ReLU6, keeps 32×32 maps in the stem and the
24-channel stage, has the first 1×1 convolution also where nothing is expanded, and gives every block of stride 1 a
shortcut, with a normalised 1×1 convolution where the channels change; there is no dropout. With deconvolution the stem
runs 10 iterations and freezes its statistics after 100 steps, and the depthwise and the last convolution of every block
run a single iteration; that last one whitens as many channels together as enter the block.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._bottleneck import bottleneck, projection
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


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; a shortcut if the stride is 1.

    (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉).
    """

    def __init__(self, normal: Normalization, c_in: int, c_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        c_mid = expansion * c_in
        self.body = bottleneck(
            normal, c_in, c_mid, c_out, stride=stride, groups=c_mid,
            grouped={"n_iter": 1}, project={"n_iter": 1, "block": c_in},
        )  # fmt: skip
        self.shortcut: nn.Module | None = None
        if stride == 1:
            self.shortcut = projection(normal, c_in, c_out) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)  # (n, c_out, h/stride, w/stride)
        return y if self.shortcut is None else y + self.shortcut(x)


class MobileNetV2(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        channels = STEM_CHANNELS
        self.stem, self.norm = normal.conv(3, channels, 3, n_iter=10, freeze=True), normal.norm(channels)
        blocks = []
        for expansion, width, depth, first_stride in PLAN:
            for position in range(depth):
                stride = first_stride if position == 0 else 1
                blocks.append(InvertedResidual(normal, channels, width, expansion, stride))
                channels = width
        self.stages = nn.Sequential(*blocks)
        self.head, self.head_norm = normal.conv(channels, HEAD_CHANNELS, 1), normal.norm(HEAD_CHANNELS)
        self.classifier = normal.linear(HEAD_CHANNELS, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 32, 32, 32)
        x = self.stages(x)  # (n, 320, 4, 4)
        x = F.relu(self.head_norm(self.head(x)))  # (n, 1280, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return MobileNetV2(normalization(norm, **options), num_classes)
