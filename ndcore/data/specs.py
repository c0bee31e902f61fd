"""What is known about each data set before a single file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CIFAR10_CLASSES = "airplane automobile bird cat deer dog frog horse ship truck"
CIFAR100_CLASSES = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
"""


@dataclass(frozen=True)
class TorchvisionFiles:
    """How the authors' Python version of CIFAR, which torchvision downloads, names its files."""

    folder: str
    """Folder inside the archive, with the pickled batches."""
    archive: str
    """File name of the archive."""
    md5: str
    """MD5 of the archive, in hexadecimal."""
    train: tuple[str, ...]
    test: tuple[str, ...]
    label_key: str
    """Key of the label list in a pickled batch."""

    @property
    def url(self) -> str:
        """Where the archive is published."""
        return f"https://www.cs.toronto.edu/~kriz/{self.archive}"


@dataclass(frozen=True)
class DatasetSpec:
    """Names, sizes, normalisation and identity of one data set."""

    name: str
    classes: tuple[str, ...]
    """Class names; a label is an index into them."""
    counts: Mapping[str, int]
    """Number of images of "train" and "test"."""
    mean: tuple[float, float, float]
    """Per channel (RGB), of pixels scaled to 0…1."""
    std: tuple[float, float, float]
    """Per channel (RGB), of pixels scaled to 0…1."""
    fingerprint: Mapping[str, str]
    """Expected fingerprints of "train" and "test", see `ndcore.data.fingerprint`."""
    torchvision: TorchvisionFiles | None = None
    """None: there are none, only folders of images, or a package that it comes with."""
    embedded: bool = False
    """Whether it comes with a package and needs no files."""

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)


CIFAR10 = DatasetSpec(
    name="cifar10",
    classes=tuple(CIFAR10_CLASSES.split()),
    counts={"train": 50_000, "test": 10_000},
    mean=(0.4914, 0.4822, 0.4465),  # as the original's main.py has it
    std=(0.2023, 0.1994, 0.2010),
    fingerprint={
        "train": "d59acf989e068e709ce686cda292672c7b212c08d29d3d3e6d8c3aa99eba6a85",
        "test": "899683d46c3a8c66fd56e1af12202e69fe5a4517be10b0f68e04c78fe585c57c",
    },
    torchvision=TorchvisionFiles(
        folder="cifar-10-batches-py",
        archive="cifar-10-python.tar.gz",
        md5="c58f30108f718f92721af3b95e74349a",
        train=tuple(f"data_batch_{i}" for i in range(1, 6)),
        test=("test_batch",),
        label_key="labels",
    ),
)

CIFAR100 = DatasetSpec(
    name="cifar100",
    classes=tuple(CIFAR100_CLASSES.split()),
    counts={"train": 50_000, "test": 10_000},
    mean=(0.5071, 0.4865, 0.4409),
    std=(0.2009, 0.1984, 0.2023),
    fingerprint={
        "train": "36ce7a701fbea47796e570c34382aad50f2539687cfcbc6ae96e2f56530d29b6",
        "test": "d3cd5d87a1b9317a0982c8ef5535fe3b86da8da90b13ce5e9b23ea06400dd5eb",
    },
    torchvision=TorchvisionFiles(
        folder="cifar-100-python",
        archive="cifar-100-python.tar.gz",
        md5="eb9058c3a382ffc7106e4002c42a8d85",
        train=("train",),
        test=("test",),
        label_key="fine_labels",
    ),
)

DIGITS = DatasetSpec(
    name="digits",
    classes=tuple("0123456789"),
    counts={"train": 1_438, "test": 359},
    mean=(0.3058, 0.3058, 0.3058),  # of the training split, rounded to four digits as CIFAR's
    std=(0.3242, 0.3242, 0.3242),
    fingerprint={
        "train": "3c00b2f8c6dfc2999a61765aa3f650115549ef6baa5e8252f879c6e50ab09e58",
        "test": "cefa2c1b8d94abf4bb09bf1034f64a90e10c77b39d83973b2796779e0478b0ba",
    },
    embedded=True,
)

SPECS = {spec.name: spec for spec in (CIFAR10, CIFAR100, DIGITS)}
