"""A data set as a tree of images: `<root>/<name>/{train,test}/<class>/*.png`.

Shapes: n images of a split.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ndcore.data.checks import first_few, refuse_wrong_counts
from ndcore.data.dataset import SPLITS, Split
from ndcore.data.specs import DatasetSpec
from ndcore.errors import DataError


def find(spec: DatasetSpec, root: Path) -> Path | None:
    """The folder of the data set under `root`, if at least one of its splits is there."""
    folder = root / spec.name
    return folder if any((folder / split).is_dir() for split in SPLITS) else None


def read(spec: DatasetSpec, folder: Path, *, progress: bool) -> dict[str, Split]:
    """Decode all images of the tree, class by class, file names sorted.

    Raises:
        DataError: classes that are absent, unknown or of the wrong size; images that cannot be read or are not 32×32.
    """
    files = {split: [_images_in(folder / split / name) for name in spec.classes] for split in SPLITS}
    unknown = [
        f"{split}/{entry.name}"
        for split in SPLITS
        if (folder / split).is_dir()
        for entry in sorted((folder / split).iterdir())
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in spec.classes
    ]
    counts = {split: [len(paths) for paths in classes] for split, classes in files.items()}
    refuse_wrong_counts(spec, counts, folder, unknown)
    splits, complaints = {}, []
    total = sum(spec.counts[split] for split in SPLITS)
    with tqdm(
        total=total, desc=f"reading {spec.name}", unit=" images", delay=2, mininterval=0.5, disable=not progress
    ) as bar:
        for split in SPLITS:
            images = np.empty((spec.counts[split], 32, 32, 3), dtype=np.uint8)
            for index, path in enumerate(path for classes in files[split] for path in classes):
                try:
                    images[index] = _pixels(path)
                except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
                    complaints.append(f"{path.relative_to(folder)} ({error})")
                bar.update()
            labels = np.repeat(np.arange(spec.num_classes, dtype=np.uint8), counts[split])  # (n,)
            splits[split] = Split(images, labels)
    if complaints:
        raise DataError(
            f"{spec.name} in {folder} has images that cannot be used: {first_few(complaints)}; unpack it again"
        )
    return splits


def _images_in(folder: Path) -> list[Path]:
    """The PNG files of a class, sorted by name; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png" and path.name[0] != ".")


def _pixels(path: Path) -> np.ndarray:
    """uint8 (32, 32, 3) of one file."""
    with open(path, "rb") as file:
        try:
            image = Image.open(file)
        except OSError:
            raise ValueError("not an image") from None
        if image.size != (32, 32):
            raise ValueError(f"{image.width}×{image.height} pixels, not 32×32")
        return np.asarray(image.convert("RGB"))
