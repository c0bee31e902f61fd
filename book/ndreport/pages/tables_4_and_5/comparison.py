"""Cells and table of how a reproduced value compares with the original's, by both readings of the colour rule."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.rules import COLOURS, RULES, THRESHOLD, rule_counts
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import COLOURS_PAGE, SOURCES_PAGE
from ndreport.rendering.names import TABLES
from ndreport.rendering.prose import points
from ndreport.rendering.values import Value, missing, word

SIGNS = {"higher": "▲ higher", "within": "• within", "lower": "▼ lower by more"}
"""A verdict as it stands in a table: sign and word."""
PRINTED = {verdict: f"{colour} {SIGNS[verdict][0]}" for colour, verdict in COLOURS.items()}
ALLOWED = {
    "relative": f"lower by at most {THRESHOLD:g} % of the original's value",
    "absolute": f"lower by at most {THRESHOLD:g} percentage points",
}
HEADINGS = {
    "relative": f"{THRESHOLD:g} % of the original",
    "absolute": f"{THRESHOLD:g} points",
    "printed": "as printed",
}
"""Column of each rule, and of the printed colours."""


def compared_cells(row: pd.Series) -> dict[str, Value]:
    """Difference, both verdicts and the printed colour of one value.

    Args:
        row: of `ndreport.evidence.rules.comparisons`.
    """
    pair = f"reproduced {row['reproduced']:.2f}, original {row['original']:.2f}"
    cells = {"difference": Value(points(row["difference"]), f"{pair}; points", SOURCES_PAGE, row["difference"])}
    for rule in RULES:
        cells[HEADINGS[rule]] = word(SIGNS[row[rule]], f"{pair}; within: {ALLOWED[rule]}", SOURCES_PAGE)
    if not row["printed"]:
        cells[HEADINGS["printed"]] = missing("missing", "the file of printed colours lacks this value", COLOURS_PAGE)
    else:
        cells[HEADINGS["printed"]] = word(PRINTED[row["printed"]], row["printed_source"], COLOURS_PAGE)
    return cells


def uncompared_cells(text: str, note: str) -> dict[str, Value]:
    """The same cells where there is nothing to compare."""
    return {name: missing(text, note, SOURCES_PAGE) for name in ("difference", *HEADINGS.values())}


def counts_view(compared: pd.DataFrame) -> pd.DataFrame:
    """How many values are higher, within and lower, per data set and together, by each rule and as printed."""
    groups = [(name, compared[compared["dataset"] == dataset]) for dataset, name in TABLES.items()]
    rows = [_counts(group) for _, group in [*groups, ("", compared)]]
    view = pd.DataFrame(rows, index=[*(name for name, _ in groups), "together"])
    view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _counts(group: pd.DataFrame) -> dict[tuple[str, str], Value]:
    row = {}
    for rule, heading in HEADINGS.items():
        note = f"counted among {len(group)} values" + (f"; within: {ALLOWED[rule]}" if rule in RULES else "")
        for verdict, number in rule_counts(group, rule).items():
            row[heading, SIGNS[verdict]] = Value(str(number), note, COLOURS_PAGE, number)
    return row


def counts_table(compared: pd.DataFrame) -> Html:
    """The counts as HTML.

    Args:
        compared: from `ndreport.evidence.rules.comparisons`.
    """
    caption = (
        "Reproduced values of Tables 4 to 7 that are higher than the original's, lower within the threshold, and lower "
        "by more: by both readings of the threshold, and as the study colours them."
    )
    return table(counts_view(compared) if len(compared) else compared, caption, "rule-counts", "Values")
