"""What attempts were measured on, in words and as a judgement."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.decimals import LEVEL, Pattern
from ndreport.rendering.links import FIRST_PAGE, SOURCES_PAGE
from ndreport.rendering.prose import probability
from ndreport.rendering.values import Value, judgement, word

SPLITS = {"test": "test", "train": "running training", "": "open"}
"""What an attempt was measured on, in words."""


def verdict(row: pd.Series, pattern: Pattern | None) -> Value:
    """What a block was measured on, and how firmly that is known.

    Args:
        row: of `ndreport.evidence.splits.split_summary`.
        pattern: of the same block; None where the first version of the spreadsheet has none of it.
    """
    proven = {split: int(row[split]) for split in ("test", "train") if row[split]}
    if len(proven) > 1:
        return judgement("bad", "both", "attempts of this block are proven to be of either kind", SOURCES_PAGE)
    for split, number in proven.items():
        if number == row["attempts"]:
            said = f"{SPLITS[split]}: proven", f"all {number} attempts", SOURCES_PAGE
            # that a table of results holds training accuracies is proven, but it is no good news
            return judgement("good", *said) if split == "test" else word(*said)
        note = f"{number} of {row['attempts']} attempts proven, none contradicts"
        return judgement("partial", f"{SPLITS[split]}: proven for {number}", note, SOURCES_PAGE)
    if pattern and pattern.p_at_least < LEVEL:
        note = (
            f"if all were training accuracies, such decimals would have probability {probability(pattern.p_at_least)}"
        )
        return judgement("partial", "test: suggested", note, FIRST_PAGE)
    return judgement("open", "open", "neither logs nor decimals tell", SOURCES_PAGE)
