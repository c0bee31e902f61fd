"""Padding that stands before a convolution which cannot pad so itself."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.layers.geometry import border
from ndcore.surgery.known import pads_same

PADS = {
    "zeros": nn.ZeroPad2d,
    "reflect": nn.ReflectionPad2d,
    "replicate": nn.ReplicationPad2d,
    "circular": nn.CircularPad2d,
}


class SamePad(nn.Module):
    """Zeros around an image (n, c, h, w), so that a convolution gives ⌈h/stride⌉ rows, as TensorFlow pads.

    Its forward can be traced: a folded model has the operations and not this class.
    """

    def __init__(self, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> None:
        super().__init__()
        self.axes = tuple(zip(kernel, stride, dilation, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (self._missing(x.shape[axis], *self.axes[axis]) for axis in (-2, -1))
        return F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))

    @staticmethod
    def _missing(size: int, kernel: int, stride: int, dilation: int) -> int:
        missing = (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size
        return missing * (missing > 0)

    def extra_repr(self) -> str:
        kernel, stride, dilation = zip(*self.axes, strict=True)
        return f"kernel_size={kernel}, stride={stride}, dilation={dilation}"


def split(layer: nn.Conv2d) -> tuple[tuple[int, int], nn.Module | None]:
    """Padding (rows, columns) that a layer can do itself, and the module that pads before it, if it cannot."""
    if pads_same(layer):
        return (0, 0), SamePad(layer.kernel_size, layer.stride, layer.dilation)
    left, right, top, bottom = border(layer)
    if layer.padding_mode == "zeros" and left == right and top == bottom:
        return (top, left), None
    return (0, 0), PADS[layer.padding_mode]((left, right, top, bottom))
