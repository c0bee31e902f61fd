"""Counter-examples and the names of their places in the tables: "CIFAR-100, ResNet-18, ND, 100 epochs"."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ndcore.study import DATASETS, NETWORK_LABELS, NORM_LABELS
from ndreport.evidence.claims.verdict import Case
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS

DATASET_LABELS = DATASETS | {"imagenet": "ImageNet"}


def cases(rows: pd.DataFrame, **shown: str) -> list[Case]:
    """A counter-example for every row; each keyword is a column, with the words for what stands there."""
    return [
        Case(place(row), {words: getattr(row, column) for column, words in shown.items()}) for row in rows.itertuples()
    ]


def place(row: Any) -> str:
    """The setting of a row with the columns `dataset`, `arch` and `epochs`; `norm`, `metric` and `attempt` if there."""
    words = [DATASET_LABELS[row.dataset], label(row.dataset, row.arch)]
    if hasattr(row, "norm"):
        words.append(NORM_LABELS[row.norm])
    if row.dataset == "imagenet":
        words += [METRICS[row.metric]] if getattr(row, "metric", "") in METRICS else []
    else:
        words.append(f"{row.epochs} epoch" + ("s" if row.epochs != 1 else ""))
    if hasattr(row, "attempt"):
        words.append(f"attempt {row.attempt}")
    return ", ".join(words)


def label(dataset: str, arch: str) -> str:
    """What the study's tables call a network."""
    return (IMAGENET_NETWORKS if dataset == "imagenet" else NETWORK_LABELS)[arch]
