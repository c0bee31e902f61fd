"""How a reproduced value compares with the original's, by both readings of the colour rule and as printed."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.rules import COLOURS, RULES, THRESHOLD, rule_counts
from ndreport.rendering.columns import Column
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import COLOURS_PAGE, SOURCES_PAGE
from ndreport.rendering.names import TABLES
from ndreport.rendering.prose import points
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.values import Value

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
COMPARED = ["difference", *RULES, "printed", "printed_source"]
"""What `compared_columns` show of the columns of `ndreport.evidence.rules.comparisons`."""


def compared_columns(group: str) -> list[Column]:
    """Difference, both verdicts and the printed colour of a value, below a common header."""
    pair = "reproduced {reproduced:.2f}, original {original:.2f}; "
    return [
        Column((group, "difference"), "difference", note=f"{pair}points", link=SOURCES_PAGE, show=points),
        *(
            Column(
                (group, HEADINGS[rule]),
                lambda row, rule=rule: SIGNS.get(getattr(row, rule)),
                note=f"{pair}within: {ALLOWED[rule]}",
                link=SOURCES_PAGE,
            )
            for rule in RULES
        ),
        Column(
            (group, HEADINGS["printed"]),
            lambda row: PRINTED.get(row.printed),
            note="{printed_source}",
            link=COLOURS_PAGE,
            why="the file of printed colours lacks this value",
        ),
    ]


def counts_view(compared: pd.DataFrame) -> pd.DataFrame:
    """How many values are higher, within and lower, per data set and together, by each rule and as printed."""
    groups = {name: compared[compared["dataset"] == dataset] for dataset, name in TABLES.items()}
    return pd.DataFrame.from_dict({n: _counts(g) for n, g in (groups | {"together": compared}).items()}, orient="index")


def _counts(group: pd.DataFrame) -> dict[tuple[str, str], Value]:
    row = {}
    for rule, heading in HEADINGS.items():
        note = f"counted among {len(group)} values" + (f"; within: {ALLOWED[rule]}" if rule in RULES else "")
        for verdict, number in rule_counts(group, rule).items():
            row[heading, SIGNS[verdict]] = Value(str(number), note, COLOURS_PAGE, number)
    return row


@unless_missing
def counts_table(compared: pd.DataFrame) -> Html:
    """The counts as HTML.

    Args:
        compared: from `ndreport.evidence.rules.comparisons`.
    """
    caption = (
        "Reproduced values of Tables 4 to 7 that are higher than the original's, lower within the threshold, and lower "
        "by more: by both readings of the threshold, and as the reproduction colours them."
    )
    return table(counts_view(compared), caption, "rule-counts", "Values")
