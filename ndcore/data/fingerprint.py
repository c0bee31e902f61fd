"""Order-free identity of a set of labelled images, and the canonical order that follows from it.

The digest of an image is the SHA-256 of its label byte and its 3,072 pixel bytes (row by row, RGB). The fingerprint of
a split is the SHA-256 over the concatenated sorted digests. Sorting the images by digest gives the same order for every
source, so training and per-image results do not depend on where the files came from.

Shapes: n images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from ndcore.data.dataset import Split


def digests(split: Split) -> list[bytes]:
    """SHA-256 digest of every image with its label, in the order of the split: n times 32 bytes."""
    pairs = zip(split.labels.tolist(), split.images, strict=True)
    return [hashlib.sha256(bytes((label,)) + image.tobytes()).digest() for label, image in pairs]


def fingerprint(image_digests: Iterable[bytes]) -> str:
    """SHA-256 over the sorted digests, in hexadecimal."""
    return hashlib.sha256(b"".join(sorted(image_digests))).hexdigest()


def canonical_order(image_digests: Sequence[bytes]) -> np.ndarray:
    """Indices (n,) that sort a split by digest; equal digests are equal images, so their order does not matter."""
    return np.array(sorted(range(len(image_digests)), key=image_digests.__getitem__), dtype=np.int64)
