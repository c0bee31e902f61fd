"""The three attempts behind every printed average: what each was measured on, and how far they are apart."""

from __future__ import annotations

from math import isnan
from typing import Any

import pandas as pd

from ndcore.study import ATTEMPTS, NORM_LABELS
from ndreport.evidence.published import SETTING
from ndreport.pages.tables_4_and_5.rows import PRINTED_ROUNDING
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import MEASURED_PAGE, SOURCES_PAGE
from ndreport.rendering.names import TABLE_NUMBERS, TABLES
from ndreport.rendering.prose import count
from ndreport.rendering.values import Value

WORDS = {"test": "test", "train": "training", "": "not proven"}
"""What a single value was measured on, as it stands beside it."""


def spread(single: pd.DataFrame) -> pd.DataFrame:
    """How far the runs of a setting are apart, in percentage points; index: data set, network, norm, epochs.

    Columns: `belonging`, how many belong to the setting; `range`, largest minus smallest; `sd`, their standard
    deviation with the divisor n − 1; NaN for fewer than two. A value that belongs elsewhere is replaced by the logged
    run that belongs here, a run that did not finish is left out.

    Args:
        single: from `ndreport.evidence.corrections.attempts`.
    """
    values = single.groupby(SETTING)["corrected_top1"]
    found = pd.DataFrame({"belonging": values.count(), "range": values.max() - values.min(), "sd": values.std()})
    return found.where(found["belonging"] > 1)


def another_runs(single: pd.DataFrame) -> pd.DataFrame:
    """The attempts whose accuracy is not that of the run that their place says.

    Args:
        single: from `ndreport.evidence.corrections.attempts`.
    """
    return single[(single["correction"] != "") & (single["corrected_top1"] != single["top1"])]


def attempts_view(rows: pd.DataFrame, single: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """The single runs of one number of epochs, one row per network and norm.

    Args:
        rows: from `accuracy_rows`.
        single: from `ndreport.evidence.corrections.attempts`.
        epochs: 1, 20 or 100.
    """
    chosen = rows[(rows["epochs"] == epochs) & rows["first_of_label"]].join(spread(single), on=SETTING)
    logged = {(*(getattr(row, name) for name in SETTING), row.attempt): row for row in single.itertuples()}
    wrong = set(another_runs(single).index)
    attempts = [
        Column(f"attempt {k}", lambda row, k=k: _attempt(row, k, logged, wrong), link=SOURCES_PAGE) for k in ATTEMPTS
    ]
    return view(chosen, [*attempts, *COLUMNS], lambda row: f"{row.label}, {NORM_LABELS[row.norm]}")


def _attempt(row: Any, attempt: int, logged: dict[tuple, Any], wrong: set) -> Value | None:
    value, source, split, proof = (
        getattr(row, f"attempt_{attempt}{of}") for of in ("", "_source", "_split", "_split_evidence")
    )
    if isnan(value):
        return None
    text = f"{value:.2f} {WORDS[split]}"
    note = f"{source}; {split} accuracy: {proof}" if split else source
    one = logged.get((row.dataset, row.arch, row.norm, row.epochs, attempt))
    if one is not None and one.Index in wrong:
        instead = "no right value is known" if isnan(one.corrected_top1) else f"right is {one.corrected_top1:.2f}"
        return Value(f"{text} ✗", f"{note}; not this run: {one.correction}; {instead}", MEASURED_PAGE, value)
    if one is not None and not isnan(one.test_top1):
        note += f"; log of this run: training {one.train_top1:.2f}, test {one.test_top1:.2f}"
    return Value(text, note, SOURCES_PAGE, value)


def _mean(row: Any) -> Value | None:
    if isnan(row.mean_of_attempts):
        return None
    same = abs(row.mean_of_attempts - row.reproduced) <= PRINTED_ROUNDING
    note = f"mean of the three published attempts; printed: {row.reproduced:.2f}"
    text = f"{row.mean_of_attempts:.2f}" if same else f"{row.mean_of_attempts:.2f} ≠"
    return Value(text, note, SOURCES_PAGE, row.mean_of_attempts)


OF_RUNS = "of {belonging:.0f} runs that belong here"
TOO_FEW = "there are not two runs to compare"
COLUMNS = (
    Column("mean", _mean, link=SOURCES_PAGE),
    Column("range", "range", 2, f"largest minus smallest {OF_RUNS}", SOURCES_PAGE, why=TOO_FEW),
    Column("SD", "sd", 2, f"standard deviation {OF_RUNS}, divisor n − 1", SOURCES_PAGE, why=TOO_FEW),
)


def attempts_table(rows: pd.DataFrame, single: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """The single runs behind a part of Table 4 (cifar10) or 5 (cifar100)."""
    caption = (
        f"Attempts behind {TABLES[dataset]}, {count(epochs, 'epoch')}: top-1 accuracy in percent and what it was "
        "measured on; mean, range and standard deviation in percentage points. ✗: not the run that its "
        "place says; range and standard deviation are those of the right runs."
    )
    ident = f"attempts-{TABLE_NUMBERS[dataset]}-epochs-{epochs}"
    return table(attempts_view(rows, single, epochs), caption, ident, "Network", sortable=True)
