"""Tables that check the published times: what the study says about its figures, and seconds per epoch."""

from __future__ import annotations

from functools import partial
from math import isnan

import pandas as pd

from ndcore.study import DATASETS, EPOCHS, NORM_LABELS
from ndreport.evidence.corrected_times import BASES, COMPARABLE, comparable
from ndreport.pages.times.numbers import place
from ndreport.pages.times.recount import NAMES
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import TIMES_PAGE
from ndreport.rendering.prose import count, times_as
from ndreport.rendering.values import Value

LAST = EPOCHS[-1]
_Of = partial(Column, link=TIMES_PAGE, why="a time is missing")


def _alike(epochs: int, row) -> Value | None:
    times = getattr(row, f"times_{epochs}")
    if isnan(times):
        return None
    text = "alike" if comparable(times) else "longer" if times > 1 else "shorter"
    note = f"alike: between {1 / COMPARABLE:.2f} and {COMPARABLE:.2f} times"
    return Value(f"{times_as(times)} {text}", note, TIMES_PAGE, times, kind="good" if comparable(times) else "bad")


PER_EPOCH = (
    *(
        _Of(
            ("seconds per epoch", f"of {e}"),
            f"seconds_{e}",
            2,
            f"corrected time of the training of {count(e, 'epoch')}, divided by {e}",
        )
        for e in EPOCHS
    ),
    *(_Of((f"over an epoch of {LAST}", f"of {e}"), partial(_alike, e)) for e in EPOCHS[:-1]),
)


def per_epoch_table(per: pd.DataFrame, dataset: str) -> Html:
    """Seconds per epoch of the three lengths of training, and the shorter ones over the longest.

    Args:
        per: from `ndreport.evidence.corrected_times.seconds_per_epoch`.
        dataset: which of the two.
    """
    caption = (
        f"{DATASETS[dataset]}: seconds of training per epoch in trainings of {EPOCHS[0]}, {EPOCHS[1]} and {LAST} "
        f"epochs (corrected times), and how long an epoch of the shorter ones took beside one of {LAST}."
    )
    cells = view(per[per["dataset"] == dataset], PER_EPOCH, lambda row: f"{row.label}, {NORM_LABELS[row.norm]}")
    return table(cells, caption, f"per-epoch-{dataset}", "Network", sortable=True)


def _verdict(base: str, row) -> Value | None:
    found, holds = getattr(row, f"found_{base}"), getattr(row, f"holds_{base}")
    if holds is None:
        return None
    kind, verdict = ("good", "holds") if holds else ("bad", "fails")
    return Value(f"{verdict}: {found}", "recomputed from the published times", TIMES_PAGE, kind=kind)


STATEMENTS = (
    Column("about", "statement"),
    Column("said", "said"),
    *(_Of(NAMES[base], partial(_verdict, base)) for base in BASES),
)


def statements_table(checks: pd.DataFrame) -> Html:
    """What the reproduction says about its figures, place by place.

    Args:
        checks: from `ndreport.evidence.time_statements.check`.
    """
    caption = (
        "What the reproduction says about Figures 4 and 5 and the range of additional time, and what the printed "
        "times, the means of the attempts and the corrected times show in each place."
    )
    cells = view(checks, STATEMENTS, place)
    return table(cells, caption, "time-statements", "Place", searchable=True, filters=["about", "Place"], words=True)
