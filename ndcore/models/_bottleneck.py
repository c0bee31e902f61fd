"""The three convolutions that ResNeXt, DPN, MobileNetV2 and EfficientNet build on, and the shortcut beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

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
