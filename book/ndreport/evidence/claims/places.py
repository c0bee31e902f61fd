"""Counter-examples and what is missing, by their places in the tables: "CIFAR-100, ResNet-18, ND, 100 epochs"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ndcore.study import DATASETS, EPOCHS, NETWORK_LABELS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.claims.bases import TEST
from ndreport.evidence.claims.verdict import Case
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS

DATASET_LABELS = DATASETS | {"imagenet": "ImageNet"}
IMAGENET_VALUES = 14
"""In Tables 6 and 7."""


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


def gap(cells: pd.DataFrame, basis: str, datasets: Sequence[str], epochs: Sequence[int] = ()) -> str:
    """The settings of a statement that lack a value: "test accuracies on CIFAR-10 after 1 and 100 epochs"; or "".

    Args:
        cells: a row per value, of all networks and normalisations; the columns `dataset` and `epochs`.
        basis: what the values are.
        datasets: what the statement is about.
        epochs: its lengths of training on CIFAR; none: all three.
    """
    lacking: dict[str, list[str]] = {}
    for name in datasets:
        found = cells.loc[cells["dataset"] == name, "epochs"]
        if name in DATASETS:
            wanted = len(NETWORKS) * len(NORMS)
            lengths = [length for length in epochs or EPOCHS if (found == length).sum() < wanted]
            when = f" after {_and(lengths)} epoch{'' if lengths == [1] else 's'}"
        else:
            lengths, when = [] if name == "imagenet" and len(found) == IMAGENET_VALUES else [0], ""
        if lengths:
            lacking.setdefault(when, []).append(DATASET_LABELS.get(name, name))
    what = "test accuracies on " if basis == TEST else "accuracies on "
    return what + ", and on ".join(f"{_and(names)}{when}" for when, names in lacking.items()) if lacking else ""


def _and(items: Sequence[object]) -> str:
    *others, last = map(str, items) if items else [""]
    return f"{', '.join(others)} and {last}" if others else last
