"""A data set in memory: two splits of images and labels, and where they came from.

Shapes: n images of a split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from ndcore.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from ndcore.data.specs import DatasetSpec

SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Images and labels of one split; read-only memory maps when they come from the cache."""

    images: np.ndarray
    """uint8 (n, 32, 32, 3): rows, columns, RGB."""
    labels: np.ndarray
    """uint8 (n,): index into the classes."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A verified data set; each split is sorted by the SHA-256 of (label byte + pixels), whatever its source."""

    spec: DatasetSpec
    train: Split
    test: Split
    fingerprint: dict[str, str]
    """SHA-256 in hexadecimal for "train" and "test", see `ndcore.data.fingerprint`."""
    source: str
    """"torchvision files", "image folder" or "scikit-learn digits"."""

    def first(self, train_images: int | None) -> Self:
        """The same data set with only the first so many training images; None: with all.

        The order is that of the content digests, so the images are a mix of all classes, the same one everywhere. The
        fingerprint stays that of the whole data set.

        Raises:
            UserError: it has fewer training images.
        """
        if train_images is None:
            return self
        if train_images > len(self.train):
            raise UserError(f"train_images={train_images}: {self.spec.name} has only {len(self.train)} training images")
        train = Split(self.train.images[:train_images], self.train.labels[:train_images])
        return replace(self, train=train)
