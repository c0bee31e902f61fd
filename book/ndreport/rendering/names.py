"""What the pages call networks, data sets, and the parts of Tables 4 and 5."""

from __future__ import annotations

from ndcore.study import DATASETS
from ndreport.rendering.prose import count

TABLE_NUMBERS = {"cifar10": 4, "cifar100": 5}
"""Numbers of the study's tables of accuracies."""
TABLES = {"cifar10": "Table 4, CIFAR-10", "cifar100": "Table 5, CIFAR-100", "imagenet": "Tables 6 and 7, ImageNet"}


def block_name(dataset: str, epochs: int) -> str:
    """ "CIFAR-10 after 20 epochs"."""
    return f"{DATASETS[dataset]} after {count(epochs, 'epoch')}"
