"""A data set like CIFAR with 18 images, in every layout in which CIFAR is held."""

from __future__ import annotations

import pickle
import struct
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from ndcore.data.dataset import Split
from ndcore.data.fingerprint import digests, fingerprint
from ndcore.data.specs import DatasetSpec, TorchvisionFiles

FILES = TorchvisionFiles(
    folder="tiny-batches-py",
    archive="tiny-python.tar.gz",
    md5="",
    train=("data_batch_1", "data_batch_2"),
    test=("test_batch",),
    label_key="fine_labels",
)


def make(seed: int = 0) -> tuple[DatasetSpec, dict[str, Split]]:
    """Three classes, four training and two test images each, in class order, and the description that fits them."""
    rng = np.random.default_rng(seed)
    splits = {
        name: Split(
            rng.integers(0, 256, (3 * each, 32, 32, 3), dtype=np.uint8), np.repeat(np.arange(3, dtype=np.uint8), each)
        )
        for name, each in (("train", 4), ("test", 2))
    }
    spec = DatasetSpec(
        name="tiny",
        classes=("cat", "dog", "ship"),
        counts={name: len(split) for name, split in splits.items()},
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.3, 0.4),
        fingerprint={name: fingerprint(digests(split)) for name, split in splits.items()},
        torchvision=FILES,
    )
    return spec, splits


def write_tree(root: Path) -> Path:
    """The images as `<root>/tiny/{train,test}/<class>/*.png`, names in another order than the labels' images."""
    spec, splits = make()
    for name, split in splits.items():
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            folder = root / spec.name / name / spec.classes[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{97 * index % 100:02d}.png")
    return root / spec.name


def write_batches(root: Path) -> Path:
    """The images as `<root>/tiny-batches-py/`, pickled as Python 2 did it for CIFAR."""
    _, splits = make()
    folder = root / FILES.folder
    folder.mkdir(parents=True)
    train = splits["train"]
    shuffled = np.random.default_rng(1).permutation(len(train))
    for name, index in zip(FILES.train, np.split(shuffled, 2), strict=True):
        write_batch(folder / name, train.images[index], train.labels[index].tolist())
    write_batch(folder / FILES.test[0], splits["test"].images, splits["test"].labels.tolist())
    return folder


def write_archive(root: Path) -> Path:
    """The batches in their archive, `<root>/tiny-python.tar.gz`."""
    folder = write_batches(root / "unpacked")
    with tarfile.open(root / FILES.archive, "w:gz") as archive:
        archive.add(folder, arcname=FILES.folder)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.parent.rmdir()
    return root / FILES.archive


def write_batch(file: Path, images: np.ndarray, labels: list[int]) -> None:
    """One batch: images uint8 (n, 32, 32, 3), labels of length n."""
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(-1, 3072)  # (n, 3072): planes R, G, B
    with open(file, "wb") as stream:
        Python2Pickler(stream, protocol=2).dump({b"data": planes, b"fine_labels": labels, b"batch_label": b"tiny"})


class Python2Pickler(pickle._Pickler):
    """Writes byte strings as Python 2's `str`, and NumPy's reconstruction under its old module name."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes

    def save_global(self, value: object, name: str | None = None) -> None:
        if getattr(value, "__name__", "") == "_reconstruct":
            self.write(pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n")
            self.memoize(value)
        else:
            super().save_global(value, name)

    dispatch[type(np.empty(0).__reduce__()[0])] = save_global
