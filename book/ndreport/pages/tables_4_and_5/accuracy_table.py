"""Tables 4 and 5 of the study: original, reproduced, and our own runs, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from ndcore.study import ATTEMPTS, NORM_LABELS
from ndreport.evidence.corrections import SETTING
from ndreport.pages.tables_4_and_5.comparison import COMPARED, compared_columns
from ndreport.pages.tables_4_and_5.rows import PRINTED_ROUNDING
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, SOURCES_PAGE
from ndreport.rendering.names import TABLE_NUMBERS, TABLES
from ndreport.rendering.prose import count
from ndreport.rendering.values import NOT_RUN, Value, decimal, missing, word


def of_first_row(columns: Iterable[Column]) -> list[Column]:
    """Columns of published values: the second row of a label refers to the first."""

    def key(column: Column, row: Any) -> Value:
        note = f"the study prints one row {row.label} for both networks"
        return column.cell(row) if row.first_of_label else missing(f"see {row.label}", note, SOURCES_PAGE)

    return [replace(column, key=lambda row, column=column: key(column, row)) for column in columns]


def _average(row: Any) -> Value | float:
    if not abs(row.reproduced - row.mean_of_attempts) > PRINTED_ROUNDING:
        return row.reproduced
    note = f"{row.reproduced_source}; the mean of the three attempts is {row.mean_of_attempts:.2f}"
    return Value(f"{row.reproduced:.2f} ≠", note, SOURCES_PAGE, row.reproduced)


def _split(row: Any) -> Value | None:
    if pd.isna(row.attempt_1):
        return None
    splits = [getattr(row, f"attempt_{k}_split") for k in ATTEMPTS]
    parts = [f"{split} ({splits.count(split)} of {len(splits)})" for split in sorted({*splits} - {""})]
    if not parts:
        return word("not proven", "neither a log nor a third decimal tells the split of an attempt", SOURCES_PAGE)
    return word(", ".join(parts), "number of attempts for which the public files prove it", SOURCES_PAGE)


def _own(row: Any, name: str, what: str) -> Value:
    if row.runs:
        average = "" if row.runs == 1 else f", mean of {row.runs_in_words}"
        return decimal(getattr(row, name), f"{what}{average}: {', '.join(row.run_ids)}", row.link)
    if row.failed_runs:
        return missing("failed", f"{row.failed_runs} failed run(s), no complete one", RUNS_PAGE)
    return missing(NOT_RUN, f"no record of {row.ours} {row.norm} with the study's recipe", RUNS_PAGE)


def _own_runs(row: Any) -> Value:
    return word(row.runs_in_words, ", ".join(row.run_ids), row.link) if row.runs else _own(row, "", "")


STUDY, OWN = "Obadage et al. 2024", "This report"
COLUMNS = (
    *of_first_row(
        (
            Column(("Ye et al. 2020", "original"), "original", 2, "{original_source}", SOURCES_PAGE),
            Column((STUDY, "average"), _average, 2, "{reproduced_source}", SOURCES_PAGE),
            Column((STUDY, "measured on"), _split, link=SOURCES_PAGE),
        )
    ),
    Column((OWN, "test"), lambda row: _own(row, "test_top1", "test top-1 of the final epoch")),
    Column(
        (OWN, "running training"), lambda row: _own(row, "running_train_top1", "training top-1 while the weights move")
    ),
    Column((OWN, "runs"), _own_runs),
    *of_first_row(compared_columns("Average against original")),
)


def row_name(row: Any) -> str:
    """ "ResNet-18 (resnet18d), BN"."""
    ours = f" ({row.ours})" if row.ours != row.arch else ""
    return f"{row.label}{ours}, {NORM_LABELS[row.norm]}"


def accuracy_view(rows: pd.DataFrame, compared: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """The rows of one number of epochs as cells with provenance, ready to be rendered.

    Args:
        rows: from `accuracy_rows`.
        compared: from `ndreport.evidence.rules.comparisons`; other data sets may be among them.
        epochs: 1, 20 or 100.
    """
    chosen = rows[rows["epochs"] == epochs].merge(compared[[*SETTING, *COMPARED]], on=SETTING, how="left")
    return view(chosen, COLUMNS, row_name)


def accuracy_table(rows: pd.DataFrame, compared: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """The part of Table 4 (cifar10) or 5 (cifar100) for one number of epochs."""
    caption = (
        f"{TABLES[dataset]}, {count(epochs, 'epoch')}: top-1 accuracy in percent. Original and average as printed; an "
        "average marked ≠ is not the mean of its attempts; our own values from the last epoch."
    )
    ident = f"table-{TABLE_NUMBERS[dataset]}-epochs-{epochs}"
    return table(accuracy_view(rows, compared, epochs), caption, ident, "Network")
