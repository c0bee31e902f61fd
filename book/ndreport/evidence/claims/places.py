"""Names of places in the tables, for counter-examples: "CIFAR-100, ResNet-18, ND, 100 epochs"."""

from __future__ import annotations

from typing import Any

from ndcore.study import DATASETS, NETWORKS, NORM_LABELS
from ndreport.evidence.published import IMAGENET_NETWORKS

DATASET_LABELS = DATASETS | {"imagenet": "ImageNet"}
LABELS = {network.arch: network.label for network in NETWORKS}
METRICS = {"top1": "top-1", "top5": "top-5"}


def place(row: Any, *, norm: bool = True) -> str:
    """The setting of a row with the columns `dataset`, `arch`, `epochs` and, if wanted, `norm`."""
    words = [DATASET_LABELS[row.dataset], label(row.dataset, row.arch)]
    if norm:
        words.append(NORM_LABELS[row.norm])
    if row.dataset == "imagenet":
        words += [METRICS[row.metric]] if getattr(row, "metric", "") in METRICS else []
    else:
        words.append(f"{row.epochs} epoch" + ("s" if row.epochs != 1 else ""))
    return ", ".join(words)


def label(dataset: str, arch: str) -> str:
    """What the study's tables call a network."""
    return (IMAGENET_NETWORKS if dataset == "imagenet" else LABELS)[arch]
