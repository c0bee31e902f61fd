"""The three attempts behind every printed average: what each was measured on, and how far they are apart."""

from __future__ import annotations

from math import isnan

import pandas as pd

from ndcore.study import ATTEMPTS, NORM_LABELS
from ndreport.evidence.corrections import SETTING
from ndreport.pages.tables_4_and_5.tables import PRINTED_ROUNDING, mean_of_attempts, published_value
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import MEASURED_PAGE, SOURCES_PAGE
from ndreport.rendering.names import TABLE_NUMBERS, TABLES
from ndreport.rendering.prose import count
from ndreport.rendering.values import Value, decimal, missing

WORDS = {"test": "test", "train": "training", "": "not proven"}
"""What a single value was measured on, as it stands beside it."""


def spread(single: pd.DataFrame) -> pd.DataFrame:
    """How far the runs of a setting are apart, in percentage points; index: data set, network, norm, epochs.

    Columns: `runs`, how many belong to the setting; `range`, largest minus smallest; `sd`, their standard deviation
    with the divisor n − 1. A value that belongs elsewhere is replaced by the logged run that belongs here, a run that
    did not finish is left out.

    Args:
        single: from `ndreport.evidence.corrections.attempts`.
    """
    values = single.groupby(SETTING)["corrected_top1"]
    return pd.DataFrame({"runs": values.count(), "range": values.max() - values.min(), "sd": values.std()})


def is_another_run(attempt: pd.Series) -> bool:
    """Whether the accuracy of an attempt is not that of the run that its place says.

    Args:
        attempt: a row of `ndreport.evidence.corrections.attempts`.
    """
    return bool(attempt["correction"]) and attempt["corrected_top1"] != attempt["top1"]


def attempts_view(rows: pd.DataFrame, single: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """The single runs of one number of epochs, one row per network and norm.

    Args:
        rows: from `accuracy_rows`.
        single: from `ndreport.evidence.corrections.attempts`.
        epochs: 1, 20 or 100.
    """
    chosen = rows[(rows["epochs"] == epochs) & rows["first_of_label"]]
    spreads = spread(single)
    single = single.set_index([*SETTING, "attempt"])
    view = {}
    for _, row in chosen.iterrows():
        key = (row["dataset"], row["arch"], row["norm"], row["epochs"])
        found = [single.loc[(*key, k)] if (*key, k) in single.index else None for k in ATTEMPTS]
        cells = {f"attempt {k}": _attempt(row, k, one) for k, one in zip(ATTEMPTS, found, strict=True)}
        cells |= {"mean": _mean(row), **_spread(spreads.loc[key] if key in spreads.index else None)}
        view[f"{row['label']}, {NORM_LABELS[row['norm']]}"] = cells
    return pd.DataFrame.from_dict(view, orient="index")


def _attempt(row: pd.Series, attempt: int, single: pd.Series | None) -> Value:
    value = published_value(row, f"attempt_{attempt}")
    if not value.present:
        return value
    note = value.note
    if single is not None and not isnan(single["test_top1"]):
        note += f"; log of this run: training {single['train_top1']:.2f}, test {single['test_top1']:.2f}"
    text = f"{value.text} {WORDS[row[f'attempt_{attempt}_split']]}"
    if single is None or not is_another_run(single):
        return Value(text, note, SOURCES_PAGE, value.number)
    right = single["corrected_top1"]
    instead = "no right value is known" if isnan(right) else f"right is {right:.2f}"
    return Value(
        f"{text} ✗", f"{value.note}; not this run: {single['correction']}; {instead}", MEASURED_PAGE, value.number
    )


def _mean(row: pd.Series) -> Value:
    mean = mean_of_attempts(row)
    if isnan(mean):
        return published_value(row, "attempt_1")
    same = abs(mean - row["reproduced"]) <= PRINTED_ROUNDING
    note = f"mean of the three attempts as they stand; printed: {row['reproduced']:.2f}"
    return Value(f"{mean:.2f}" if same else f"{mean:.2f} ≠", note, SOURCES_PAGE, mean)


def _spread(spreads: pd.Series | None) -> dict[str, Value]:
    if spreads is None or spreads["runs"] < 2:
        note = "there are not two runs to compare"
        return {name: missing("missing", note, SOURCES_PAGE) for name in ("range", "SD")}
    runs = f"of {spreads['runs']:.0f} runs that belong here"
    return {
        "range": decimal(spreads["range"], f"largest minus smallest {runs}", SOURCES_PAGE),
        "SD": decimal(spreads["sd"], f"standard deviation {runs}, divisor n − 1", SOURCES_PAGE),
    }


def attempts_table(rows: pd.DataFrame, single: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """The single runs behind a part of Table 4 (cifar10) or 5 (cifar100)."""
    caption = (
        f"Attempts behind {TABLES[dataset]}, {count(epochs, 'epoch')}: top-1 accuracy in percent and what it was "
        "measured on; mean, range and standard deviation in percentage points. ✗: not the run that its "
        "place says; range and standard deviation are those of the right runs."
    )
    view = attempts_view(rows, single, epochs)
    return table(view, caption, f"attempts-{TABLE_NUMBERS[dataset]}-epochs-{epochs}", "Network", sortable=True)
