"""Every single attempt, and the settings whose runs print both accuracies."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ndcore.study import DATASETS, NETWORK_LABELS, NORM_LABELS
from ndreport.evidence.resemblance import OURS
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import LOGS_PAGE, RUNS_PAGE, SOURCES_PAGE
from ndreport.rendering.measured_on import SPLITS
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import count, points
from ndreport.rendering.values import Value, judgement

ATTEMPTS = (
    Column("data set", lambda row: DATASETS[row.dataset]),
    Column("norm", lambda row: NORM_LABELS[row.norm]),
    Column("epochs", "epochs"),
    Column("attempt", "attempt"),
    Column("value", "value", 2, "{source}", SOURCES_PAGE),
    Column("first version", "first_version", 3, absent="none", why="this attempt was empty in the first version"),
    Column("measured on", lambda row: SPLITS[row.split]),
    Column("known by", lambda row: row.kind if row.split else "nothing"),
    Column("evidence", lambda row: row.split_evidence or "no log, and no third decimal that tells"),
)


def cells_table(measured: pd.DataFrame) -> Html:
    """Every attempt, what it was measured on, and why that is known: searchable, with filters.

    Args:
        measured: from `ndreport.evidence.splits.measured_on`.
    """
    caption = "Every attempt of Tables 4 and 5: top-1 in percent, what it was measured on, and how that is known."
    return table(
        view(measured, ATTEMPTS, lambda row: NETWORK_LABELS[row.arch]),
        caption,
        "measured-cells",
        "Network",
        searchable=True,
        sortable=True,
        filters=("data set", "epochs", "norm", "measured on", "known by") if len(measured) else (),
        row_ids=[f"cell-{r.dataset}-{r.arch}-{r.norm}-{r.epochs}-{r.attempt}" for r in measured.itertuples()],
    )


def _page(row: Any) -> str:
    return RUNS_PAGE if row.who == OURS else LOGS_PAGE


def _who(row: Any) -> str:
    return f"{OURS} ({row.ours}), {count(row.runs, 'run')}" if row.ours else row.who


def _nearer(row: Any) -> Value:
    near = f"{points(row.test - row.attempts)} points to test, {points(row.train - row.attempts)} to training"
    if row.decisive:
        return judgement("good", SPLITS[row.nearer], near, _page(row))
    return judgement("open", "too close to tell", near, _page(row))


RANGE = "{lowest:.2f} to {highest:.2f}"
RESEMBLANCE = (
    Column("run by", _who, note="{source}", link=_page),
    Column("test", "test", 2, "{source}", _page),
    Column("running training", "train", 2, "{source}", _page),
    Column("attempts, mean", "attempts", 2, f"three attempts, {RANGE}", SOURCES_PAGE),
    Column(
        "attempts, range",
        lambda row: RANGE.format(lowest=row.lowest, highest=row.highest),
        note="lowest and highest attempt",
        link=SOURCES_PAGE,
    ),
    Column("nearer", _nearer),
)


def resemblance_table(resembling: pd.DataFrame) -> Html:
    """Which of two accuracies of a run of the same setting the attempts are nearer to.

    Args:
        resembling: from `ndreport.evidence.resemblance.resemblance`.
    """
    cells = view(
        resembling,
        RESEMBLANCE,
        lambda row: f"{NETWORK_LABELS[row.arch]}, {NORM_LABELS[row.norm]}, {block_name(row.dataset, row.epochs)}",
    )
    caption = (
        "Runs that print both accuracies beside the reproduction's attempts of the same setting: top-1 in percent. Too "
        "close to tell: test and training accuracy are no further apart than the attempts are among themselves."
    )
    return table(cells, caption, "measured-resemblance", "Setting")
