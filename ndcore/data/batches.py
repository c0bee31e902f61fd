"""Batches from a data set that lies on the device as one uint8 tensor; augmentation is batched tensor code.

The augmentation is the original's (`main.py` 64–69): four black pixels on every side, a random 32×32 crop, a random
horizontal flip, then normalisation. Everything random of an epoch is drawn at its start, on the CPU, from the seed and
the number of the epoch alone: every step can be entered again bit for bit, and no step waits for the device.

Shapes: n images, c channels, h rows, w columns; N images of the whole split.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ndcore.data.dataset import Split
from ndcore.data.specs import DatasetSpec

PADDING = 4


def random_crop_flip(images: Tensor, offsets: Tensor, flip: Tensor) -> Tensor:
    """Pad with four black pixels, crop to the old size, flip: torchvision's RandomCrop and RandomHorizontalFlip.

    Args:
        images: uint8 (n, c, h, w).
        offsets: int64 (n, 2), row and column of the crop's corner in the padded image, 0…8.
        flip: bool (n,), whether the crop is mirrored left to right.

    Returns:
        uint8 (n, c, h, w).
    """
    n, c, h, w = images.shape
    # Padding a batch takes 0.1 ms: a padded copy of the whole set would save that and cost 56 % more memory.
    padded = F.pad(images, (PADDING,) * 4)  # (n, c, h + 8, w + 8)
    rows = offsets[:, :1] + torch.arange(h, device=images.device)  # (n, h)
    columns = offsets[:, 1:] + torch.arange(w, device=images.device)  # (n, w)
    columns = torch.where(flip[:, None], columns.flip(1), columns)  # (n, w)
    pixels = rows[:, :, None] * padded.shape[3] + columns[:, None, :]  # (n, h, w)
    pixels = pixels.view(n, 1, h * w).expand(n, c, h * w)  # (n, c, h·w)
    return padded.flatten(2).gather(2, pixels).view(n, c, h, w)  # (n, c, h, w)


def normalize(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(x/255 − mean)/std per channel, bit for bit as torchvision's ToTensor and Normalize.

    Args:
        images: uint8 (n, c, h, w).
        mean: float32 (c,), on the same device.
        std: float32 (c,), on the same device.

    Returns:
        float32 (n, c, h, w).
    """
    # A tensor as divisor: CUDA turns the division by a plain number into a multiplication, which rounds differently.
    scale = torch.full((), 255.0, device=images.device)
    return images.to(torch.float32).div_(scale).sub_(mean[:, None, None]).div_(std[:, None, None])


class _OnDevice:
    """A split and its normalisation as tensors on one device."""

    def __init__(self, split: Split, spec: DatasetSpec, batch_size: int, device: torch.device | str) -> None:
        planes = np.ascontiguousarray(split.images.transpose(0, 3, 1, 2))  # (N, c, h, w)
        self.images = torch.from_numpy(planes).to(device)
        self.labels = torch.from_numpy(split.labels.astype(np.int64)).to(device)
        self.mean = torch.tensor(spec.mean, device=device)
        self.std = torch.tensor(spec.std, device=device)
        self.batch_size = batch_size

    def __len__(self) -> int:
        """Number of batches; the last, smaller one is kept."""
        return math.ceil(len(self.labels) / self.batch_size)

    def _slices(self, start_step: int = 0) -> Iterator[slice]:
        return (slice(step * self.batch_size, (step + 1) * self.batch_size) for step in range(start_step, len(self)))


class TrainBatches(_OnDevice):
    """Shuffled, augmented training batches.

    The last batch of an epoch holds the remaining images, perhaps a single one. Batch normalisation cannot train on one
    value per channel; the caller decides what to do about it.

    Args:
        split: the training split.
        spec: its data set, for mean and standard deviation.
        batch_size: images per batch, n.
        seed: with the number of the epoch it decides order, crops and flips.
        device: where images and batches live.
    """

    def __init__(self, split: Split, spec: DatasetSpec, batch_size: int, seed: int, device: torch.device | str) -> None:
        super().__init__(split, spec, batch_size, device)
        self.seed = seed

    def epoch(self, epoch: int, start_step: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of an epoch from `start_step` on: images float32 (n, c, h, w), labels int64 (n,).

        The batch of a step is the same, bit for bit, wherever the iteration started.
        """
        order, offsets, flips = (drawn.to(self.images.device) for drawn in self._draws(epoch))
        for step in self._slices(start_step):
            chosen = order[step]  # (n,)
            images = random_crop_flip(self.images[chosen], offsets[step], flips[step])  # (n, c, h, w)
            yield normalize(images, self.mean, self.std), self.labels[chosen]

    def _draws(self, epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Order int64 (N,), offsets int64 (N, 2), flips bool (N,)."""
        digest = hashlib.sha256(f"training batches, seed {self.seed}, epoch {epoch}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8]) >> 1)  # 63 bits: a seed is an int64
        count = len(self.labels)
        order = torch.randperm(count, generator=generator)
        offsets = torch.randint(0, 2 * PADDING + 1, (count, 2), generator=generator)
        flips = torch.rand(count, generator=generator) < 0.5
        return order, offsets, flips


class TestBatches(_OnDevice):
    """Batches of a split in its canonical order, without augmentation.

    Args:
        split: usually the test split.
        spec: its data set, for mean and standard deviation.
        batch_size: images per batch, n.
        device: where images and batches live.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Images float32 (n, c, h, w) and labels int64 (n,)."""
        for step in self._slices():
            yield normalize(self.images[step], self.mean, self.std), self.labels[step]
