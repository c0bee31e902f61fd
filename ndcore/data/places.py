"""The data root: which folder it is, and what is wrong with one that lacks a data set, before a download fills it.

One rule: a data root holds the data sets under their usual names. A folder within a data set or around the data root
is refused, and the right one is named; nothing is guessed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ndcore.data import image_folder, torchvision_files
from ndcore.data.dataset import SPLITS
from ndcore.data.specs import SPECS, DatasetSpec
from ndcore.errors import DataError

CACHE = ".ndcore-cache"
"""Folder of a data root with the converted data sets."""


def data_root(root: Path | None) -> Path:
    """The folder that holds the images.

    Raises:
        DataError: a folder was named, by argument or NDCORE_DATA, and is not there. `./data` may be missing.
    """
    named = root or os.environ.get("NDCORE_DATA")
    if not named:
        return Path("data")
    origin = "" if root else " (from NDCORE_DATA)"
    try:
        folder = Path(named).expanduser()
        if folder.is_dir():
            return folder
        if folder.exists():
            advice = _within(None, folder) or "name the folder that holds the data sets"
            raise DataError(f"data root {folder}{origin} is not a folder: {advice}")
    except (OSError, RuntimeError) as error:  # no permission, too long a name, a home folder of nobody
        why = getattr(error, "strerror", None) or error
        raise DataError(f"data root {named}{origin} cannot be read ({why}): name another folder") from None
    advice = "create it, or name the folder that holds the data sets"
    raise DataError(f"data root {folder}{origin} is not there: {advice}")


def find(spec: DatasetSpec, root: Path) -> Path | None:
    """Where the data set lies in a data root: an image folder, torchvision's folder or archive; None: nowhere.

    Raises:
        DataError: the folder cannot be read, lies within a data set, holds one under another name, or is around the
            data root.
    """
    try:
        if place := image_folder.find(spec, root) or torchvision_files.find(spec, root):
            return place
        if root.is_dir():
            for look in (_within, _renamed, _around, _broken):
                if advice := look(spec, root):
                    raise DataError(f"{spec.name} is not in the data root {root}: {advice}")
    except OSError as error:
        raise DataError(f"data root {root} cannot be read ({error.strerror}): name another folder") from None
    return None


def _specs(spec: DatasetSpec | None) -> list[DatasetSpec]:
    """This data set and every one that has files."""
    return [*([spec] if spec else []), *(other for other in SPECS.values() if not other.embedded)]


def _within(spec: DatasetSpec | None, path: Path) -> str | None:
    """For the folder of a data set, one within it, or its archive."""
    path = path.resolve()
    finders: tuple[Callable[[DatasetSpec, Path], Path | None], ...] = (image_folder.find, torchvision_files.find)
    for parent in path.parents:
        places = [find(each, parent) for each in _specs(spec) for find in finders]
        for place in filter(None, [*places, parent / CACHE]):
            if path.is_relative_to(place):
                what = f"the {'cache' if place.name == CACHE else 'data set'} {place}"
                return f"that is {'' if path == place else 'within '}{what}; name the folder around it, {parent}"
    return None


def _renamed(spec: DatasetSpec, root: Path) -> str | None:
    """For a folder that holds a data set under another name."""
    for each in _specs(spec):
        files = each.torchvision
        if files and all((root / name).is_file() for name in (*files.train, *files.test)):
            return f"it holds the batches of {each.name} itself; call it {files.folder}, and name the folder around it"
        if any(all((root / split / name).is_dir() for name in each.classes) for split in SPLITS):
            return f"it holds the images of {each.name} itself; call it {each.name}, and name the folder around it"
        if all((root / name).is_dir() for name in each.classes):
            return f"it holds one split of {each.name}; it belongs into {each.name}/train or test of a data root"
    return None


def _around(spec: DatasetSpec, root: Path) -> str | None:
    """For a folder that holds the data root."""
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and os.access(entry, os.R_OK | os.X_OK))
    for folder in folders:
        if place := image_folder.find(spec, folder) or torchvision_files.find(spec, folder):
            return f"it lies in {place}; name {folder}"
    return None


def _broken(spec: DatasetSpec, root: Path) -> str | None:
    """For a data root with something else in the data set's place."""
    files = spec.torchvision
    for name in (spec.name, *((files.folder, files.archive) if files else ())):
        if (root / name).is_symlink() and not (root / name).exists():
            return f"{root / name} is a link to nothing"
    folder = root / spec.name
    if folder.is_dir() and any(folder.iterdir()):
        return f"{folder} has neither a folder train/ nor test/; unpack it again"
    return None
