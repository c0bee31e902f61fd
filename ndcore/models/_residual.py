"""The residual block of two 3×3 convolutions that both ResNet-18 share (He et al., CVPR 2016)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization

WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """conv, norm, ReLU, conv, norm, plus the shortcut, ReLU. (n, c_in, h, w) → (n, c_out, h/stride, w/stride).

    Args:
        shortcut_norm: makes the normalisation after the shortcut's 1×1 convolution, where there is one.
    """

    def __init__(
        self, normal: Normalization, c_in: int, c_out: int, stride: int, shortcut_norm: Callable[[int], nn.Module]
    ) -> None:
        super().__init__()
        self.conv1, self.norm1 = normal.conv(c_in, c_out, 3, stride=stride), normal.norm(c_out)
        self.conv2, self.norm2 = normal.conv(c_out, c_out, 3), normal.norm(c_out)
        self.shortcut = nn.Identity()
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Sequential(normal.conv(c_in, c_out, 1, stride=stride), shortcut_norm(c_out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


def layout(depths: Sequence[int] = (2, 2, 2, 2), widths: Sequence[int] = WIDTHS) -> Iterator[tuple[int, int, int]]:
    """(input channels, output channels, stride) of every block after a stem of 64 channels.

    Every stage but the first halves the map.

    Args:
        depths: blocks per stage.
        widths: output channels per stage.
    """
    c_in = WIDTHS[0]
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for position in range(depth):
            yield c_in, width, 2 if stage > 0 and position == 0 else 1
            c_in = width


def stages(normal: Normalization, shortcut_norm: Callable[[int], nn.Module]) -> nn.Sequential:
    """Four stages of two blocks. (n, 64, h, w) → (n, 512, h/8, w/8)."""
    return nn.Sequential(*(BasicBlock(normal, c_in, c, stride, shortcut_norm) for c_in, c, stride in layout()))
