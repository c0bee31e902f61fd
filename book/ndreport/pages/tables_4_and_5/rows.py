"""One row per setting of Tables 4 and 5: original, reproduced, and our own runs, side by side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import nan
from statistics import fmean

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS, NORMS, StudyNetwork
from ndreport.evidence.runs import (
    Setting,
    complete_runs,
    count_seeds,
    follows_recipe,
    mean_running_train_top1,
    mean_test_top1,
)
from ndreport.rendering.links import RUNS_PAGE, link

PRINTED_ROUNDING = 0.005 + 1e-9
PUBLISHED = {"original": ("original", 0), "reproduced": ("re", 0)} | {f"attempt_{k}": ("re", k) for k in ATTEMPTS}
"""Columns of published values: which study, and which attempt (0 for the printed value)."""


def accuracy_rows(published: pd.DataFrame, records: Sequence[RunRecord], dataset: str) -> pd.DataFrame:
    """One row per network × epochs × norm, all accuracies top-1 in percent, with the source of each.

    A network of the study that goes with two of ours has two rows; only the first (`first_of_label`) holds its
    published values, so that none is counted twice. What nobody ran or published is NaN.
    """
    values = published[published["dataset"] == dataset]
    cells = {
        (row.study, row.arch, row.norm, row.epochs, 0 if pd.isna(row.attempt) else row.attempt): row
        for row in values.itertuples()
    }
    return pd.DataFrame(
        _published(cells, network, setting) | _own(records, setting)
        for network, epochs in itertools.product(NETWORKS, EPOCHS)
        for setting in (Setting(dataset, ours, norm, epochs) for ours in network.ours for norm in NORMS)
    )


def _published(cells: dict, network: StudyNetwork, setting: Setting) -> dict[str, object]:
    """The setting, and what the study printed of it."""
    first = setting.arch == network.ours[0]
    row = {
        "dataset": setting.dataset,
        "arch": network.arch,
        "label": network.label,
        "ours": setting.arch,
        "norm": setting.norm,
        "epochs": setting.epochs,
        "first_of_label": first,
    }
    for name, (study, attempt) in PUBLISHED.items():
        cell = cells.get((study, network.arch, setting.norm, setting.epochs, attempt)) if first else None
        row |= {name: getattr(cell, "value", nan), f"{name}_source": getattr(cell, "source", "")}
        row |= {f"{name}_{of}": getattr(cell, of, "") for of in ("split", "split_evidence")}
    return row | {"mean_of_attempts": fmean(row[f"attempt_{k}"] for k in ATTEMPTS)}


def _own(records: Sequence[RunRecord], setting: Setting) -> dict[str, object]:
    runs = complete_runs(records, setting)
    same = (r for r in records if Setting.of(r.config) == setting and follows_recipe(r.config))
    return {
        "test_top1": mean_test_top1(runs) if runs else nan,
        "running_train_top1": mean_running_train_top1(runs) if runs else nan,
        "runs": len(runs),
        "seeds": len({r.config.seed for r in runs}),
        "repeats": len({r.config.repeat for r in runs}),
        "failed_runs": sum(r.status == "failed" for r in same),
        "run_ids": tuple(r.run_id for r in runs),
        "runs_in_words": count_seeds(runs),
        "link": link(runs[0]) if runs else RUNS_PAGE,
    }


def disagreeing_averages(rows: pd.DataFrame) -> pd.DataFrame:
    """The settings whose printed average is not the mean of the three attempts to the printed decimals."""
    return rows[(rows["reproduced"] - rows["mean_of_attempts"]).abs() > PRINTED_ROUNDING]


def split_counts(published: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """How many attempts are proven test, proven training, or not proven, per number of epochs (index)."""
    attempts = published[(published["dataset"] == dataset) & published["attempt"].notna()]
    counts = pd.crosstab(attempts["epochs"], attempts["split"].replace("", "not proven"))
    return counts.reindex(index=list(EPOCHS), columns=["test", "train", "not proven"], fill_value=0)
