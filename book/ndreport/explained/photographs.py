"""The two photographs that come with scikit-learn, and how they enter a layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ndcore.errors import DataError


@dataclass(frozen=True)
class Photograph:
    """A photograph and who took it."""

    name: str
    shows: str
    """What one sees, in words."""
    credit: str
    address: str
    """Where the photographer published it."""
    pixels: np.ndarray
    """uint8, (h, w, 3), red, green, blue."""


KNOWN = {
    "china": ("a Chinese temple under a blue sky", "danielbuechele", "danielbuechele/6061409035"),
    "flower": ("an orange dahlia before green leaves", "vultilion", "vultilion/6056698931"),
}
"""What the photographs show, and the names and addresses that scikit-learn gives; both are licensed CC BY 2.0."""


def load() -> list[Photograph]:
    """The photographs of scikit-learn.

    Raises:
        DataError: they are not there or cannot be read.
    """
    from sklearn.datasets import load_sample_image  # noqa: PLC0415 - slow, only for those who want the photographs

    try:
        pixels = {name: load_sample_image(f"{name}.jpg") for name in KNOWN}
    except (OSError, ImportError, AttributeError) as error:
        raise DataError(
            f"the photographs of scikit-learn cannot be read ({error}): reinstall scikit-learn and pillow"
        ) from error
    return [
        Photograph(name, shows, credit, f"https://www.flickr.com/photos/{path}/", pixels[name])
        for name, (shows, credit, path) in KNOWN.items()
    ]


def as_input(pixels: np.ndarray) -> Tensor:
    """A photograph as networks are given theirs: every channel with mean 0 and variance 1; float64 (1, 3, h, w)."""
    x = torch.from_numpy(pixels.astype(np.float64))  # (h, w, 3)
    x = (x - x.mean((0, 1))) / x.std((0, 1), correction=0)
    return x.permute(2, 0, 1).unsqueeze(0).contiguous()  # (1, 3, h, w)
