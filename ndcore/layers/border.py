"""The padding of a convolution, as torch reads it."""

from __future__ import annotations

from torch.nn.modules.conv import _ConvNd


def border(layer: _ConvNd) -> list[int]:
    """Padding before and after each axis, the last axis first, in the order of `F.pad`.

    Zeros follow `layer.padding` as it is now: networks for segmentation change it (and the dilation) in a network that
    exists. Other modes, and "same", follow what it was when the layer was made.
    """
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return list(layer._reversed_padding_repeated_twice)
    sizes = layer.padding if isinstance(layer.padding, (tuple, list)) else (layer.padding,) * len(layer.kernel_size)
    return [end for size in reversed(sizes) for end in (size, size)]
