"""Sentences about what the published values and our own runs say; every number in them is computed here."""

from __future__ import annotations

import pandas as pd

from ndcore.study import DATASETS, NORM_LABELS
from ndreport.pages.tables_4_and_5.tables import disagreeing_averages, split_counts
from ndreport.rendering.names import TABLE_NUMBERS
from ndreport.rendering.prose import Prose, count, listing, percent, points, prose
from ndreport.rendering.stated import NOTHING


def about_split(accuracies: pd.DataFrame, dataset: str) -> Prose:
    """What the accuracies of one table were measured on, as far as the public files prove it."""
    counts = split_counts(accuracies, dataset)
    if not counts.to_numpy().sum():
        return NOTHING
    lines = [f"Table {TABLE_NUMBERS[dataset]}, {DATASETS[dataset]}, single attempts:", ""]
    for epochs, row in counts.iterrows():
        known = [f"**{row[split]}** of {row.sum()} {words}" for split, words in _SPLITS.items() if row[split]]
        lines.append(f"- {count(epochs, 'epoch')}: {listing(known)}")
    return prose("\n".join(lines))


_SPLITS = {
    "test": "proven test accuracies",
    "train": "proven running training accuracies",
    "not proven": "not proven either way",
}


def about_averages(rows: pd.DataFrame) -> Prose:
    """Which printed averages are not the mean of the three attempts."""
    if rows["reproduced"].isna().all():
        return NOTHING
    wrong = disagreeing_averages(rows)
    if wrong.empty:
        return prose("Every printed average is the mean of its three attempts to the printed decimals.")
    items = [
        f"{row.label} {NORM_LABELS[row.norm]}, {count(row.epochs, 'epoch')}: printed {percent(row.reproduced)}, "
        f"mean {percent(row.mean_of_attempts)} ({points(row.reproduced - row.mean_of_attempts)} points)"
        for row in wrong.itertuples()
    ]
    return prose(
        f"{count(len(wrong), 'printed average').capitalize()} {'is' if len(wrong) == 1 else 'are'} not the mean of the "
        "three attempts to the printed decimals (marked ≠ in the table):\n\n" + "\n".join(f"- {item}" for item in items)
    )
