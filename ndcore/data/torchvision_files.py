"""CIFAR as its authors publish it and torchvision downloads it: pickled batches, extracted or in their archive.

The batches are unpickled with nothing but NumPy arrays allowed: a data file must not be able to run code.

Shapes: n images of a split.
"""

from __future__ import annotations

import io
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ndcore.data.checks import first_few, refuse_wrong_counts
from ndcore.data.dataset import SPLITS, Split
from ndcore.data.specs import DatasetSpec
from ndcore.errors import DataError


def find(spec: DatasetSpec, root: Path) -> Path | None:
    """The extracted folder under `root`, or else the archive; None: neither is there, or the data set has none."""
    if spec.torchvision is None:
        return None
    candidates = (root / spec.torchvision.folder, root / spec.torchvision.archive)
    return next((path for path in candidates if path.exists()), None)


def read(spec: DatasetSpec, path: Path, *, progress: bool) -> dict[str, Split]:
    """Read all batches from the extracted folder or from the archive.

    Raises:
        DataError: batches that are missing or unreadable, labels that are no classes, or too few images.
    """
    batches = {"train": spec.torchvision.train, "test": spec.torchvision.test}
    wanted = [name for split in SPLITS for name in batches[split]]
    contents = _from_folder(wanted, path) if path.is_dir() else _from_archive(spec, wanted, path, progress=progress)
    missing = [name for name in wanted if name not in contents]
    if missing:
        raise DataError(
            f"{spec.name} in {path} is not the whole data set: no file {first_few(missing)}; unpack it again"
        )
    splits, counts = {}, {}
    for split in SPLITS:
        parts = [_parse(spec, name, contents.pop(name), path) for name in batches[split]]
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))  # (n, 32, 32, 3), (n,)
        splits[split] = Split(images, labels)
        counts[split] = np.bincount(labels, minlength=spec.num_classes).tolist()
    refuse_wrong_counts(spec, counts, path)
    return splits


def _from_folder(wanted: list[str], folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in wanted if (folder / name).is_file()}


def _from_archive(spec: DatasetSpec, wanted: list[str], path: Path, *, progress: bool) -> dict[str, bytes]:
    """The wanted members, read in the order of the archive: going back would decompress it again."""
    names = {f"{spec.torchvision.folder}/{name}": name for name in wanted}
    contents = {}
    try:
        with (
            tarfile.open(path, "r:gz") as archive,
            tqdm(archive, desc=f"reading {path.name}", unit=" files", delay=2, disable=not progress) as members,
        ):
            for member in members:
                if member.name in names and member.isfile():
                    contents[names[member.name]] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(
            f"{path} cannot be read as an archive ({error}), perhaps a download that broke off: remove it"
        ) from None
    return contents


def _parse(spec: DatasetSpec, name: str, content: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (n, 32, 32, 3) and labels uint8 (n,) of one batch."""
    try:
        batch = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
        pixels = np.asarray(batch["data"])  # (n, 3072): the red plane, then green, then blue
        labels = np.asarray(batch[spec.torchvision.label_key])  # (n,)
        if pixels.dtype != np.uint8 or labels.dtype.kind not in "iu" or pixels.shape != (*labels.shape, 3072):
            raise ValueError(f"data {pixels.dtype} {pixels.shape} with labels {labels.dtype} {labels.shape}")
        if len(labels) and not 0 <= labels.min() <= labels.max() < spec.num_classes:
            raise ValueError(f"labels {labels.min()}…{labels.max()}, not 0…{spec.num_classes - 1}")
    except Exception as error:  # unpickling damaged bytes raises nearly anything
        raise DataError(f"{name} of {spec.name} in {path} is damaged ({error}); unpack it again") from None
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # (n, 32, 32, 3)
    return images, labels.astype(np.uint8)


class _ArraysOnly(pickle.Unpickler):
    """Knows the three names that a pickled NumPy array needs, under the module names of every NumPy version."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        if module in {"numpy.core.multiarray", "numpy._core.multiarray"} and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        raise pickle.UnpicklingError(f"refers to {module}.{name}, which a CIFAR batch does not")
