"""The pre-activation residual block of PreAct-18 and SENet-18 (He et al., ECCV 2016)."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.models._normalization import Normalization
from ndcore.models._residual import layout


class PreActBlock(nn.Module):
    """norm, ReLU, conv, norm, ReLU, conv, plus the shortcut, nothing after it.

    The shortcut is the raw input, or, where size or channels change, a 1×1 convolution of the activated one, without a
    normalisation of its own. (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉).

    Args:
        gate: applied to the residual branch before the sum.
    """

    def __init__(self, normal: Normalization, c_in: int, c_out: int, stride: int, gate: nn.Module) -> None:
        super().__init__()
        self.norm1 = normal.norm(c_in)
        self.shortcut = normal.conv(c_in, c_out, 1, stride=stride) if stride != 1 or c_in != c_out else None
        self.conv1 = normal.conv(c_in, c_out, 3, stride=stride)
        self.norm2 = normal.norm(c_out)
        self.conv2 = normal.conv(c_out, c_out, 3)
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        u = F.relu(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(u)  # (n, c_out, h/stride, w/stride)
        y = self.conv1(u)  # (n, c_out, h/stride, w/stride)
        y = self.conv2(F.relu(self.norm2(y)))
        return self.gate(y) + shortcut


def preact_stages(
    normal: Normalization, depths: tuple[int, ...], gate: Callable[[int], nn.Module] = nn.Identity
) -> nn.Sequential:
    """Stages of pre-activation blocks. (n, 64, h, w) → (n, 512, ⌈h/8⌉, ⌈w/8⌉).

    Args:
        depths: blocks per stage.
        gate: makes the gate of a block, given its output channels.
    """
    return nn.Sequential(*(PreActBlock(normal, c_in, c, stride, gate(c)) for c_in, c, stride in layout(depths)))
