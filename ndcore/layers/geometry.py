"""The arguments of a convolution as torch reads them, and how far it reaches."""

from __future__ import annotations

from typing import Any

from torch.nn.modules.conv import _ConvNd

ARGUMENTS = (
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode"
)  # fmt: skip


def geometry(layer: _ConvNd) -> dict[str, Any]:
    """Arguments with which another convolution does the same; not bias, device and type."""
    return {name: getattr(layer, name) for name in ARGUMENTS + ("output_padding",) * layer.transposed}


def border(layer: _ConvNd) -> list[int]:
    """Padding before and after each axis, the last axis first, in the order of `F.pad`.

    Zeros follow `layer.padding` as it is now: networks for segmentation change it (and the dilation) in a network that
    exists. Other modes, and "same", follow what it was when the layer was made.
    """
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return list(layer._reversed_padding_repeated_twice)
    sizes = layer.padding if isinstance(layer.padding, (tuple, list)) else (layer.padding,) * len(layer.kernel_size)
    return [end for size in reversed(sizes) for end in (size, size)]
