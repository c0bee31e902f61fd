"""Sample vectors of a batch on a CPU: those of `ndcore.layers.statistics`, several times faster, and their adjoint.

Images are copied in runs of channels, one kernel position at a time; for that the channels of a pixel should lie
together in memory (channels last). Without groups, the entries of a sample vector then stand in the order (slot,
channel of the block); `published` brings a mean or a covariance into the order (channel of the block, slot) of the
published code, which is far less to move than the samples.

Letters of the shapes as in `ndcore.layers.statistics`, and m channels of a block or group (d = m·k), y and z sampled
rows and columns (l = y·z).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import torch
from torch import Tensor

from ndcore.layers.statistics import Pair

Area = tuple[slice, slice]


@dataclass(frozen=True)
class Patches:
    """Which vectors a layer samples from images (n, h, w, c).

    With a 1×1 kernel that is every s-th pixel of the flattened (n, h, w) index, s the product of both strides.
    """

    kernel: Pair
    stride: Pair
    """Sampling stride: that of the convolution times that of the statistics."""
    padding: Pair
    dilation: Pair
    groups: int
    block: int
    """Channels of a block or group, m."""

    @property
    def positions(self) -> int:
        """Kernel positions, k."""
        return self.kernel[0] * self.kernel[1]

    def gather(self, image: Tensor) -> Tensor:
        """A copy of the sample vectors (g, r, d) of images (n, h, w, c)."""
        if self.positions == 1:
            pixels = self._pixels(image).clone(memory_format=torch.contiguous_format)  # (g, b, r/b, m)
            return pixels.view(self.groups, -1, self.block)  # (g, r, d)
        n, *size, c = image.shape
        grid = self.grid(*size)
        if self.groups > 1:
            columns = image.view(n, -1).t().contiguous().view(*size, c, n)
            planes = image.new_zeros(c, self.positions, *grid, n)
            for position, here, there in self._taps(*size):
                planes[:, position, *here] = columns[there].permute(2, 0, 1, 3)
            return planes.view(self.groups, self.block * self.positions, -1).mT  # (g, r, d)
        image = image.unflatten(3, (self.block, -1))  # (n, h, w, m, b)
        rows = image.new_zeros(n, *grid, image.shape[4], self.positions, self.block)  # (n, y, z, b, k, m)
        for place, block, slot, here, there in self._runs(*size, image.shape[4]):
            rows[:, *here, block, slot] = image[:, *there, :, place]
        return rows.view(1, -1, self.positions * self.block)  # (1, r, d)

    def scatter(self, samples: Tensor, image: Tensor) -> None:
        """Add sample vectors (g, r, d) to the places in images (n, h, w, c) that they were gathered from."""
        if self.positions == 1:
            pixels = self._pixels(image)  # (g, b, r/b, m)
            pixels += samples.view(pixels.shape)
            return
        n, *size, c = image.shape
        grid = self.grid(*size)
        if self.groups > 1:
            planes = samples.mT.reshape(c, self.positions, *grid, n)
            columns = image.new_zeros(*size, c, n)
            for position, here, there in self._taps(*size):
                columns[there] += planes[:, position, *here].permute(1, 2, 0, 3)
            image += columns.view(-1, n).t().contiguous().view(image.shape)
            return
        image = image.unflatten(3, (self.block, -1))  # (n, h, w, m, b)
        rows = samples.view(n, *grid, image.shape[4], self.positions, self.block)  # (n, y, z, b, k, m)
        for place, block, slot, here, there in self._runs(*size, image.shape[4]):
            image[:, *there, :, place] += rows[:, *here, block, slot]

    def published(self, value: Tensor) -> Tensor:
        """A mean (g, d) or a matrix (g, d, d) of gathered samples in the published order."""
        return self._reorder(value, (self.positions, self.block))

    def gathered(self, value: Tensor) -> Tensor:
        """The inverse of `published`."""
        return self._reorder(value, (self.block, self.positions))

    def _reorder(self, value: Tensor, parts: Pair) -> Tensor:
        if self.groups > 1 or self.positions == 1:
            return value
        split = value.view(1, *parts * (value.dim() - 1))
        return split.permute(0, 2, 1, *((4, 3) if value.dim() == 3 else ())).reshape(value.shape)

    def _pixels(self, image: Tensor) -> Tensor:
        """View (g, b, r/b, m) of the sampled pixels; the channels of blocks interleave, those of groups do not."""
        pixels = image.view(-1, image.shape[3])[:: self.stride[0] * self.stride[1]]  # (r/b, c)
        return pixels.view(len(pixels), self.groups, self.block, -1).permute(1, 3, 0, 2)

    def grid(self, height: int, width: int) -> Pair:
        """Sampled rows and columns, (y, z), of images of this size."""
        return tuple(
            (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
            for size, kernel, stride, padding, dilation in zip(
                (height, width), self.kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )

    def _taps(self, height: int, width: int) -> Iterator[tuple[int, Area, Area]]:
        """For each kernel position the part of the grid where it lies on the image, and the pixels there."""
        axes = zip((height, width), self.grid(height, width), *self._axes(), strict=True)
        rows, columns = ([_overlap(*axis, tap) for tap in range(axis[2])] for axis in axes)
        for position, (row, column) in enumerate(product(rows, columns)):
            yield position, (row[0], column[0]), (row[1], column[1])

    def _runs(self, height: int, width: int, blocks: int) -> Iterator[tuple[int, int, int, Area, Area]]:
        """The same for every channel of a block: the channel's place, and block and slot where its entry belongs."""
        for (position, here, there), place in product(self._taps(height, width), range(blocks)):
            slot, block = divmod(place * self.positions + position, blocks)
            yield place, block, slot, here, there

    def _axes(self) -> tuple[Pair, ...]:
        return self.kernel, self.stride, self.padding, self.dilation


@cache
def _overlap(size: int, grid: int, kernel: int, stride: int, padding: int, dilation: int, tap: int) -> Area:
    """Along one axis, the sampled positions whose `tap` lies on the image, and the pixels they see there."""
    offset = tap * dilation - padding
    first = max(0, -(offset // stride))
    last = max(first, min(grid, (size - 1 - offset) // stride + 1))
    start = first * stride + offset
    return slice(first, last), slice(start, start + (last - first - 1) * stride + 1 if last > first else start, stride)
