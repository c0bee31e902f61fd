"""The three convolutions that ResNeXt, DPN, MobileNetV2 and EfficientNet build on, and inverted residuals of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from ndcore.models._normalization import Normalization

Arguments = Mapping[str, Any]
"""Arguments of FastDeconv where they differ from its defaults."""


def bottleneck(
    normal: Normalization,
    c_in: int,
    c_mid: int,
    c_out: int,
    *,
    stride: int,
    groups: int,
    grouped: Arguments | None = None,
    project: Arguments | None = None,
) -> nn.Sequential:
    """1×1, 3×3 in groups, 1×1, each normalised, ReLU after the first two.

    (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉).

    Args:
        grouped: arguments of FastDeconv for the 3×3 convolution.
        project: arguments of FastDeconv for the last convolution.
    """
    return nn.Sequential(
        normal.conv(c_in, c_mid, 1),
        normal.norm(c_mid),
        nn.ReLU(inplace=True),
        normal.conv(c_mid, c_mid, 3, stride=stride, groups=groups, **(grouped or {})),
        normal.norm(c_mid),
        nn.ReLU(inplace=True),
        normal.conv(c_mid, c_out, 1, **(project or {})),
        normal.norm(c_out),
    )


def projection(normal: Normalization, c_in: int, c_out: int, stride: int = 1) -> nn.Sequential:
    """The shortcut where channels or size change: a normalised 1×1 convolution."""
    return nn.Sequential(normal.conv(c_in, c_out, 1, stride=stride), normal.norm(c_out))


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; a shortcut if the stride is 1 (Sandler et al., CVPR 2018).

    (n, c_in, h, w) → (n, c_out, ⌈h/stride⌉, ⌈w/stride⌉).

    Args:
        differing: `grouped` and `project` of `bottleneck`.
    """

    def __init__(
        self, normal: Normalization, c_in: int, c_out: int, expansion: int, stride: int, **differing: Arguments
    ) -> None:
        super().__init__()
        c_mid = expansion * c_in
        self.body = bottleneck(normal, c_in, c_mid, c_out, stride=stride, groups=c_mid, **differing)
        self.shortcut: nn.Module | None = None
        if stride == 1:
            self.shortcut = projection(normal, c_in, c_out) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)  # (n, c_out, h/stride, w/stride)
        return y if self.shortcut is None else y + self.shortcut(x)


def inverted_stages(
    plan: Iterable[tuple[int, int, int, int]], channels: int, block: Callable[[int, int, int, int], nn.Module]
) -> nn.Sequential:
    """The blocks of all stages.

    Args:
        plan: of each stage: expansion, channels, blocks, stride of the first block.
        channels: of the input.
        block: makes a block of input channels, output channels, expansion and stride.
    """
    blocks = []
    for expansion, width, depth, first_stride in plan:
        for position in range(depth):
            blocks.append(block(channels, width, expansion, first_stride if position == 0 else 1))
            channels = width
    return nn.Sequential(*blocks)
