"""PNASNet-A for CIFAR: 18 cells of one depthwise convolution and one pool (after Liu et al., ECCV 2018).

`--arch pnasnetA`; "PNASNet-18" in the study's tables. Far from the network that the paper's search found: a cell has
two branches, and its "separable" 7×7 convolution is depthwise only, without the 1×1 convolution that mixes channels.
With deconvolution no batch normalisation is left, the stem runs 10 iterations and freezes its statistics after 100
steps, and in the cells every channel has its own 49×49 whitening matrix.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization, normalization

TITLE = "PNASNet-18"
NORMS = ("bn", "nd")
SIDES = (29, 60)
WIDTHS = (44, 88, 176)
CELLS = 6


class Cell(nn.Module):
    """ReLU of the sum of a depthwise 7×7 convolution and a 3×3 max pool. (n, c, h, w) → (n, c, h, w)."""

    stride = 1

    def __init__(self, normal: Normalization, c_in: int, c_out: int) -> None:
        super().__init__()
        self.depthwise = normal.conv(c_in, c_out, 7, stride=self.stride, groups=c_in)
        self.norm = normal.norm(c_out)
        self.pool: nn.Module = nn.MaxPool2d(3, self.stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x))  # (n, c_out, h/stride, w/stride)
        return F.relu(y + self.pool(x))


class ReductionCell(Cell):
    """A cell of stride 2, its pool followed by a normalised 1×1 convolution. (n, c, h, w) → (n, 2c, ⌈h/2⌉, ⌈w/2⌉)."""

    stride = 2

    def __init__(self, normal: Normalization, c_in: int, c_out: int) -> None:
        super().__init__(normal, c_in, c_out)
        self.pool = nn.Sequential(self.pool, normal.conv(c_in, c_out, 1), normal.norm(c_out))


class PNASNet(nn.Module):
    """Images (n, 3, 32, 32) to logits (n, num_classes)."""

    def __init__(self, normal: Normalization, num_classes: int) -> None:
        super().__init__()
        channels = WIDTHS[0]
        self.stem, self.norm = normal.conv(3, channels, 3, n_iter=10, freeze=True), normal.norm(channels)
        cells: list[nn.Module] = []
        for width in WIDTHS:
            if width != channels:
                cells.append(ReductionCell(normal, channels, width))
                channels = width
            cells += [Cell(normal, width, width) for _ in range(CELLS)]
        self.cells = nn.Sequential(*cells)
        self.classifier = normal.linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))  # (n, 44, 32, 32)
        x = self.cells(x)  # (n, 176, 8, 8)
        return self.classifier(F.avg_pool2d(x, 8).flatten(1))


def build(norm: str, num_classes: int, **options: int) -> nn.Module:
    return PNASNet(normalization(norm, **options), num_classes)
