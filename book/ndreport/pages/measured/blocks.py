"""What the blocks of Tables 4 and 5 (data set × epochs) were measured on, and what their decimals say."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from ndreport.evidence.decimals import LEVEL, Pattern
from ndreport.evidence.splits import TEST_IMAGES
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import FIRST_PAGE, LOGS_PAGE, SOURCES_PAGE
from ndreport.rendering.measured_on import verdict
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import probability

Patterns = dict[tuple[str, int], Pattern]
SUMMARY = (
    Column("measured on", "verdict"),
    Column("attempts", "attempts", note="single runs in the spreadsheet", link=SOURCES_PAGE),
    Column("proven test", "test", note="attempts", link=SOURCES_PAGE),
    Column("proven running training", "train", note="attempts", link=SOURCES_PAGE),
    Column("open", "open", note="attempts", link=SOURCES_PAGE),
    Column("known by a log", "by_log", note="attempts that equal a logged line", link=LOGS_PAGE),
    Column("known by the third decimal", "by_decimal", note="attempts whose decimals tell", link=FIRST_PAGE),
)


def summary_table(summary: pd.DataFrame, patterns: Patterns) -> Html:
    """What every block was measured on.

    Args:
        summary: from `ndreport.evidence.splits.split_summary`.
        patterns: from `ndreport.evidence.decimals.patterns`.
    """
    rows = summary.assign(verdict=[verdict(row, patterns.get(block)) for block, row in summary.iterrows()])
    caption = "Attempts behind Tables 4 and 5: how many were measured on what, as far as the public files prove it."
    return table(view(rows, SUMMARY, lambda row: block_name(*row.Index)), caption, "measured-summary", "Block")


BOUNDS = f"numbers of test accuracies that would show such decimals with a probability of {LEVEL:g} or more"
DECIMALS = (
    Column("values", "values", note="attempts in the first public version", link=FIRST_PAGE),
    Column("at most two decimals", "coarse", note=f"shares of {TEST_IMAGES:,} images", link=FIRST_PAGE),
    Column("expected by chance", "expected", 1, "if all were training accuracies", FIRST_PAGE),
    Column("p", "p_all_train", note="exact two-sided binomial test", link=FIRST_PAGE, show=probability),
    Column("can be test", lambda row: f"{row.fewest_test} to {row.most_test}", note=BOUNDS, link=FIRST_PAGE),
)


def decimals_table(patterns: Patterns, blocks: list[tuple[str, int]]) -> Html:
    """What the decimals of the first version say about each block.

    Args:
        patterns: from `ndreport.evidence.decimals.patterns`.
        blocks: their order.
    """
    shown = {block: patterns[block] for block in blocks if block in patterns}
    rows = pd.DataFrame([{"block": block_name(*b), "expected": p.expected, **asdict(p)} for b, p in shown.items()])
    caption = (
        "Decimals of the attempts in the first public version of the spreadsheet, against the hypothesis that all of a "
        "block are running training accuracies."
    )
    return table(view(rows, DECIMALS, "{block}"), caption, "measured-decimals", "Block")
