"""Sentences about the evidence matrix; every number in them is computed here."""

from __future__ import annotations

import pandas as pd

from ndcore.study import DATASETS
from ndreport.evidence.matrix import NOT_PROVEN, logged
from ndreport.evidence.runs import Coverage
from ndreport.rendering.prose import Prose, count, prose

NAMES = {"cifar10": DATASETS["cifar10"], "cifar100": DATASETS["cifar100"], "imagenet": "ImageNet"}


def about_matrix(evidence: pd.DataFrame, covered: Coverage) -> Prose:
    """How many single values there are, and how many of them have which evidence.

    Args:
        evidence: from `ndreport.evidence.matrix.evidence`.
        covered: from `ndreport.evidence.runs.coverage`.
    """
    lines = [f"The study measured **{len(evidence)}** single values:", ""]
    for dataset, name in NAMES.items():
        here = evidence[evidence["dataset"] == dataset]
        per_cell = here["attempt"].max()
        lines.append(f"- {name}: {len(here)}, {count(int(per_cell), 'run')} per cell; {_evidence(here)}")
    lines += [
        "",
        f"In all, the split is proven for **{_proven(evidence)}** of {len(evidence)} values, "
        f"{int((evidence['split'] == 'test').sum())} of them test accuracies; "
        f"{count(int(logged(evidence).sum()), 'value')} have a log that prints both accuracies of that very run; "
        f"{int((evidence['correction'] != '').sum())} are marked ✗. Our own complete records cover "
        f"**{covered.settings_run}** of the {covered.settings} settings on CIFAR, and {covered.cells_run} of their "
        f"{covered.cells} single runs; on ImageNet nobody here ran anything.",
    ]
    return prose("\n".join(lines))


def _proven(evidence: pd.DataFrame) -> int:
    return int((evidence["split"] != NOT_PROVEN).sum())


def _evidence(here: pd.DataFrame) -> str:
    missing = int(here["reproduced"].isna().sum())
    parts = [
        f"split proven for {_proven(here) or 'none'}",
        f"log public for {int(logged(here).sum()) or 'none'}",
        f"run by ourselves for {int((here['own_runs'] > 0).sum()) or 'none'}",
    ]
    return ", ".join([*parts, *[f"{missing} missing in the files"] * bool(missing)])
