"""From a data root to a verified data set: the cache if it is sound, else the first source that is there, converted.

Sources, in this order:
    1. an image folder, `<root>/<name>/{train,test}/<class>/*.png`;
    2. torchvision's files, `<root>/cifar-10-batches-py/` or `<root>/cifar-100-python/`, or the archive they come in;
    3. the download of that archive.

The cache is `$NDCORE_CACHE/<name>/`, or else `<root>/.ndcore-cache/<name>/`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ndcore.data import digits, download, image_folder, storage, torchvision_files
from ndcore.data.checks import refuse_other_pixels
from ndcore.data.dataset import Dataset, Split
from ndcore.data.fingerprint import canonical_order, digests, fingerprint
from ndcore.data.places import CACHE, data_root, find
from ndcore.data.specs import DatasetSpec
from ndcore.errors import DataError


def open_dataset(spec: DatasetSpec, root: Path | None = None, *, progress: bool = True) -> Dataset:
    """Open the data set that `spec` describes; `ndcore.data.load` documents arguments and errors."""
    if spec.embedded:
        if root is not None:
            data_root(root)
        return _embedded(spec)
    folder = data_root(root)
    cache = cache_root(folder) / spec.name
    damage = ""
    if os.path.lexists(cache):
        try:
            return storage.read(spec, cache)
        except storage.DamagedCache as error:
            damage = f"{error}; "
            warnings.warn(f"{damage}{spec.name} is converted again", UserWarning, stacklevel=3)
    try:
        place = find(spec, folder)
        with storage.workplace(cache) as work:
            return _convert(spec, place or download.fetch(spec, work, folder), cache, work, progress=progress)
    except (DataError, storage.DamagedCache) as error:
        raise DataError(f"{damage}{error}") from None


def cache_root(root: Path) -> Path:
    """The folder that holds the converted data sets."""
    named = os.environ.get("NDCORE_CACHE")
    return Path(os.path.expanduser(named)) if named else root / CACHE


def _convert(spec: DatasetSpec, where: Path, cache: Path, work: Path, *, progress: bool) -> Dataset:
    """Read a source, verify it, and put it into the cache by way of the folder `work`."""
    is_tree = where.name == spec.name
    source, read = ("image folder", image_folder.read) if is_tree else ("torchvision files", torchvision_files.read)
    splits = read(spec, where, progress=progress)
    splits = _verified(spec, splits, where)
    finished = work / "finished"
    finished.mkdir()
    storage.write(spec, splits, source, finished)
    return storage.put_in_place(spec, finished, cache)


def _embedded(spec: DatasetSpec) -> Dataset:
    """The digits are made in a moment and need no cache."""
    splits = _verified(spec, digits.make(), "the installed scikit-learn")
    return Dataset(spec=spec, **splits, fingerprint=dict(spec.fingerprint), source="scikit-learn digits")


def _verified(spec: DatasetSpec, splits: Mapping[str, Split], where: Path | str) -> dict[str, Split]:
    """The same splits in canonical order.

    Raises:
        DataError: they are not the published data set.
    """
    found = {name: digests(split) for name, split in splits.items()}
    refuse_other_pixels(spec, {name: fingerprint(values) for name, values in found.items()}, where)
    orders: dict[str, np.ndarray] = {name: canonical_order(values) for name, values in found.items()}  # (n,) each
    return {name: Split(split.images[orders[name]], split.labels[orders[name]]) for name, split in splits.items()}
