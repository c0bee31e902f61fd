"""The data sets: found, checked, converted once, and handed out as memory-mapped arrays in one fixed order.

Importing this package loads neither NumPy nor torch: the command line asks it for `names()`. The training side, which
needs torch, is `ndcore.data.batches`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ndcore.data.specs import SPECS, DatasetSpec
from ndcore.errors import UserError, unknown_name

if TYPE_CHECKING:
    from ndcore.data.dataset import Dataset


def names() -> tuple[str, ...]:
    """Names of all data sets, in alphabetical order."""
    return tuple(sorted(SPECS))


def spec(name: str) -> DatasetSpec:
    """What is known about a data set without reading it: classes, counts, mean, standard deviation, fingerprints.

    Raises:
        UserError: unknown name.
    """
    if name not in SPECS:
        raise UserError(unknown_name("data set", name, names()))
    return SPECS[name]


def load(name: str, root: Path | None = None, *, progress: bool = True) -> Dataset:
    """Open a data set; its first use converts it into the cache, every use verifies its fingerprint.

    Args:
        name: one of `names()`.
        root: folder with the images, in one of the layouts of `ndcore.data.loading`. None: the environment variable
            NDCORE_DATA, or else `./data`, which is created when needed. "digits" needs none.
        progress: show progress bars for what takes longer than two seconds.

    Returns:
        Both splits, uint8 images (n, 32, 32, 3) and labels (n,), sorted by content digest.

    Raises:
        UserError: unknown name.
        DataError: the root is not there, the data set is missing, incomplete or altered, the cache is unwritable.
    """
    from ndcore.data.loading import open_dataset  # noqa: PLC0415 - NumPy, only for those who load

    return open_dataset(spec(name), root, progress=progress)
