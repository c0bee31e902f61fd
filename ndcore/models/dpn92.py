"""DPN-92 for CIFAR: every block adds to some channels and appends others (Chen et al., NeurIPS 2017); `--arch dpn`.

Unlike the paper, the original code has a 3×3 stem of stride 1, normalises after each convolution instead of before it,
and has a ReLU after the join. With deconvolution no batch normalisation is left, the stem runs 10 iterations and
freezes its statistics after 100 steps, and each of the 32 groups has its own whitening matrix.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._bottleneck import bottleneck, projection
from ndcore.models._normalization import Normalization, normalization

TITLE = "DPN-92"
NORMS = ("bn", "nd")
GROUPS = 32
PLAN = (
    # width of the bottleneck, residual channels, dense channels per block, blocks, stride of the first
    (96, 256, 16, 3, 1),
    (192, 512, 32, 4, 2),
    (384, 1024, 24, 20, 2),
    (768, 2048, 128, 3, 2),
)


class DualPathBlock(nn.Module):
    """ReLU of [first `residual` channels summed, rest of the shortcut, rest of the bottleneck].

    With d = `residual` and k = `dense`: (n, c_in, h, w) → (n, d + 2k, ⌈h/stride⌉, ⌈w/stride⌉) in the first block of a
    stage, whose shortcut is a normalised 1×1 convolution to d + k channels, else → (n, c_in + k, h, w).
    """

    def __init__(
        self, normal: Normalization, c_in: int, width: int, residual: int, dense: int, stride: int, first: bool
    ) -> None:
        super().__init__()
        self.body = bottleneck(normal, c_in, width, residual + dense, stride=stride, groups=GROUPS)
        self.shortcut = projection(normal, c_in, residual + dense, stride) if first else nn.Identity()
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        d = self.residual
        y = self.body(x)  # (n, d + k, h/stride, w/stride)
        x = self.shortcut(x)  # (n, d + k or c_in, h/stride, w/stride)
        return F.relu(torch.cat([x[:, :d] + y[:, :d], x[:, d:], y[:, d:]], dim=1))


class DPN(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        channels = 64
        self.stem, self.norm = normal.conv(3, channels, 3, n_iter=10, freeze=True), normal.norm(channels)
        blocks = []
        for width, residual, dense, depth, first_stride in PLAN:
            for position in range(depth):
                first = position == 0
                stride = first_stride if first else 1
                blocks.append(DualPathBlock(normal, channels, width, residual, dense, stride, first))
                channels = residual + (position + 2) * dense
        self.stages = nn.Sequential(*blocks)
        self.classifier = normal.linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 64, 32, 32)
        x = self.stages(x)  # (n, 2560, 4, 4)
        return self.classifier(F.avg_pool2d(x, 4).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return DPN(normalization(norm, **options), num_classes)
