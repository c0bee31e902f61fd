"""The converted data set on disk: a folder of uint8 `.npy` files and a `meta.json` that appears whole or not at all.

A conversion writes into a private temporary folder beside its target and renames it into place when every byte is on
the disk. Of several processes the first one wins; the others throw their work away and use the winner's.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ndcore import foreign
from ndcore.data.dataset import SPLITS, Dataset, Split
from ndcore.data.fingerprint import digests, fingerprint
from ndcore.data.specs import DatasetSpec
from ndcore.errors import DataError
from ndcore.files import replace, sync_folder

FORMAT = 1
STALE_SECONDS = 24 * 3600
DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
OCCUPIED = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


class DamagedCache(Exception):
    """A cached file is missing or not what was written; the message starts with its path."""


def read(spec: DatasetSpec, folder: Path) -> Dataset:
    """Map a converted data set into memory and recompute its fingerprints.

    Raises:
        DamagedCache: something is missing, unreadable, of another format or changed.
    """
    meta_file = folder / "meta.json"
    try:
        meta = foreign.read_json(meta_file)
        source, stored = meta["source"], meta["fingerprint"]
        if meta["format"] != FORMAT or stored != dict(spec.fingerprint):
            raise ValueError(f"it is of format {meta['format']} with fingerprints {stored}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedCache(f"{meta_file} is damaged or outdated ({error!r})") from None
    splits = {split: _read_split(spec, folder, split) for split in SPLITS}
    return Dataset(spec=spec, **splits, fingerprint=stored, source=source)


def _read_split(spec: DatasetSpec, folder: Path, split: str) -> Split:
    n = spec.counts[split]
    arrays = {}
    for kind, shape in (("images", (n, 32, 32, 3)), ("labels", (n,))):
        file = _array_file(folder, split, kind)
        try:
            arrays[kind] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DamagedCache(f"{file} is damaged ({error})") from None
        if arrays[kind].dtype != np.uint8 or arrays[kind].shape != shape:
            raise DamagedCache(f"{file} is damaged ({arrays[kind].dtype} {arrays[kind].shape}, expected uint8 {shape})")
    result = Split(**arrays)
    found = digests(result)
    if fingerprint(found) != spec.fingerprint[split] or found != sorted(found):
        damaged = " or ".join(_array_file(folder, split, kind).name for kind in arrays)
        raise DamagedCache(f"{folder}/{damaged} is damaged (its content has another fingerprint or order)")
    return result


def write(spec: DatasetSpec, splits: Mapping[str, Split], source: str, folder: Path) -> None:
    """Write verified, canonically ordered splits into `folder`, every file flushed to the disk."""
    for name, split in splits.items():
        replace(_array_file(folder, name, "images"), partial(_write_array, array=split.images))
        replace(_array_file(folder, name, "labels"), partial(_write_array, array=split.labels))
    meta = {"format": FORMAT, "dataset": spec.name, "source": source, "fingerprint": dict(spec.fingerprint)}
    replace(folder / "meta.json", lambda file: file.write(json.dumps(meta, indent=1).encode()))


def put_in_place(spec: DatasetSpec, folder: Path, target: Path) -> Dataset:
    """Rename a finished folder to `target`; if another process was first with a sound one, use that one.

    Raises:
        DamagedCache: what was just written reads back wrong.
    """
    finished = read(spec, folder)  # before the renaming: the maps stay valid, whatever happens to the name afterwards
    while True:
        try:
            os.rename(folder, target)
        except OSError as error:
            if error.errno not in OCCUPIED:
                raise
        else:
            sync_folder(target.parent)
            return finished
        try:
            return read(spec, target)
        except DamagedCache:  # set it aside under a private name, and try again
            aside = tempfile.mkdtemp(dir=folder.parent)
            with contextlib.suppress(FileNotFoundError):
                os.rename(target, Path(aside) / target.name)


@contextlib.contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """A private temporary folder beside `target`, removed at the end together with empty folders made on its way.

    Raises:
        DataError: the folder cannot be written, the disk is full, or a file cannot be read.
    """
    parent = target.parent
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    work = None
    try:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            _remove_stale(target)
            work = Path(tempfile.mkdtemp(dir=parent, prefix=f".{target.name}.", suffix=".tmp"))
        except OSError as error:
            if error.errno in DISK_FULL:
                raise
            raise DataError(
                f"the cache folder {parent} cannot be written ({error.strerror}): set NDCORE_CACHE to a folder that can"
            ) from None
        yield work
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DataError(
                f"no space left for the cache of {target.name} in {parent}: it needs up to 400 MB; free some, or set "
                "NDCORE_CACHE to a folder on another disk"
            ) from None
        raise DataError(f"{target.name} cannot be converted: {error}") from None
    finally:
        if work:
            shutil.rmtree(work, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):  # no longer empty: in use
                folder.rmdir()


def _remove_stale(target: Path) -> None:
    """Remove what conversions left behind that were killed more than a day ago."""
    for folder in target.parent.glob(f".{target.name}.*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _array_file(folder: Path, split: str, kind: str) -> Path:
    return folder / f"{split}_{kind}.npy"


def _write_array(file: BinaryIO, array: np.ndarray) -> None:
    """`np.save` without `tofile`, whose error on a full disk does not say that the disk is full."""
    array = np.ascontiguousarray(array)
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    file.write(array.data)
