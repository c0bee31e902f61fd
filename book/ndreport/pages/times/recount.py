"""Tables 8 and 9 recounted: every time three times over, what wrong printed times are, and the ranges of ND over BN."""

from __future__ import annotations

from functools import partial
from math import isnan
from types import SimpleNamespace

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NORM_LABELS, NORMS
from ndreport.evidence.corrected_times import BASES
from ndreport.evidence.costs import geometric_mean
from ndreport.evidence.times import NUMBERS, disagreeing_times, setting_name
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, disclosure, table
from ndreport.rendering.links import LOGS_PAGE, TIMES_PAGE
from ndreport.rendering.prose import count
from ndreport.rendering.values import Value

CUT_OFF = "the mean, cut off instead of rounded"
NAMES = {"printed": "printed", "mean": "mean of attempts", "corrected": "corrected"}
"""Columns of the tables, by base."""
_Of = partial(Column, link=TIMES_PAGE)


def what_it_is(cut_off: bool, equals: str) -> str:
    """What a printed time is that is not the mean of its attempts, in words."""
    return CUT_OFF if cut_off else equals or "not found in the attempts"


WRONG = (
    Column("what it is", lambda row: what_it_is(row.cut_off, row.equals)),
    _Of("printed (s)", "printed", 2, "{printed_source}"),
    _Of("mean of attempts (s)", "mean", 2, "{sources}"),
    _Of("printed / mean", lambda row: row.printed / row.mean, 2, "ratio of the two"),
)


def wrong_times_table(wrong: pd.DataFrame) -> Html:
    """Printed times that are not the mean of their attempts, in seconds.

    Args:
        wrong: from `ndreport.evidence.times.disagreeing_times`.
    """
    caption = "Printed training times of Tables 8 and 9 that are not the mean of their three attempts."
    cells = view(wrong, WRONG, lambda row: f"{row.label} {setting_name(row.norm, row.epochs)}, {DATASETS[row.dataset]}")
    return table(cells, caption, "wrong-times", "Network, column", searchable=True, sortable=True)


def _single(cell) -> str:
    return ", ".join(f"{getattr(cell, f'attempt_{k}'):.2f}" for k in ATTEMPTS)


def _marked(number: float, note: str, other: str, link: str = TIMES_PAGE) -> Value | None:
    """A time in seconds; ≠ if it is something `other` than it should be."""
    if isnan(number):
        return None
    return Value(f"{'≠ ' if other else ''}{number:.2f}", f"{note}; {other}" if other else note, link, number)


def _printed(norm: str, row) -> Value | None:
    cell = row.pair[norm]
    wrong = row.wrong.get(cell.Index, "")
    other = f"not the mean of its attempts but: {wrong}" if wrong else ""
    return _marked(cell.printed, cell.printed_source, other)


def _mean(norm: str, row) -> Value | None:
    cell = row.pair[norm]
    return _marked(cell.mean, f"mean of {_single(cell)}: {cell.sources}", "")


def _corrected(norm: str, row) -> Value | None:
    cell = row.pair[norm]
    note = f"mean of {count(0 if isnan(cell.runs) else int(cell.runs), 'attempt')}: {cell.sources}"
    return _marked(cell.corrected, note, cell.correction, LOGS_PAGE if cell.correction else TIMES_PAGE)


def _spread(norm: str, row) -> Value | None:
    cell = row.pair[norm]
    if isnan(cell.shortest):
        return None
    factor = cell.longest / cell.shortest
    note = f"{cell.sources}: {_single(cell)}; the longest is {factor:.2f} times the shortest"
    note += f"; corrected: {cell.correction}" if cell.correction else ""
    return Value(f"{cell.shortest:.2f} to {cell.longest:.2f}", note, TIMES_PAGE, factor)


SECONDS = {NAMES["printed"]: _printed, NAMES["mean"]: _mean, NAMES["corrected"]: _corrected, "attempts": _spread}


def _seconds(norm: str, *names: str) -> tuple[Column, ...]:
    header = f"{NORM_LABELS[norm]} (s)"
    return tuple(_Of((header, name), partial(SECONDS[name], norm), why="a time is missing") for name in names)


def _ratio(base: str) -> Column:
    note = f"{BASES[base]}: time with ND over time with BN"
    return _Of(("ND / BN", NAMES[base]), base, 2, note, why="a time is missing")


LENGTH = Column(("training", "epochs"), lambda row: str(row.epochs))
TIMES = (
    LENGTH,
    _ratio("corrected"),
    _ratio("printed"),
    *(column for norm in NORMS for column in _seconds(norm, NAMES["printed"], NAMES["corrected"])),
)
"""The answer first, and what it is made of."""
ATTEMPTS_OF_TIMES = (
    LENGTH,
    *(column for norm in NORMS for column in _seconds(norm, NAMES["mean"], "attempts")),
    _ratio("mean"),
    _Of(
        ("ND / BN", "attempts"),
        lambda row: None if isnan(row.low) else f"{row.low:.2f} to {row.high:.2f}",
        note="least and most that single attempts give, after correction",
        why="a time is missing",
    ),
)
"""Behind it: means and the shortest and longest attempt."""


def times_table(frame: pd.DataFrame, ratios: pd.DataFrame, dataset: str) -> Html:
    """Table 8 (cifar10) or 9 (cifar100): printed, recomputed and corrected times, their spread, and ND over BN.

    Args:
        frame: from `ndreport.evidence.corrected_times.corrected_settings`.
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
        dataset: which of the two.
    """
    here = frame[frame["dataset"] == dataset]
    wrong = {row.Index: what_it_is(row.cut_off, row.equals) for row in disagreeing_times(here).itertuples()}
    cells = {(row.arch, row.epochs, row.norm): row for row in here.itertuples()}
    rows = [
        SimpleNamespace(
            **ratio, wrong=wrong, pair={norm: cells[ratio["arch"], ratio["epochs"], norm] for norm in NORMS}
        )
        for ratio in ratios[ratios["dataset"] == dataset].sort_values("epochs", kind="stable").to_dict("records")
    ]
    number = NUMBERS[dataset]
    caption = (
        f"Table {number}, {DATASETS[dataset]}: training time with ND over that with BN, and both in seconds: printed, "
        "and as the mean of the attempts that are what their place says. ≠: not the mean of the three attempts of the "
        "spreadsheet; the source says what it is."
    )
    filters = ["Network", ("training", "epochs")]
    options = {"searchable": True, "filters": filters, "sortable": True}
    shown = table(view(rows, TIMES, "{label}"), caption, f"table-{number}", "Network", **options)
    of_attempts = f"Table {number}, {DATASETS[dataset]}: mean of the published attempts; shortest and longest attempt."
    cells = view(rows, ATTEMPTS_OF_TIMES, "{label}")
    behind = table(cells, of_attempts, f"table-{number}-attempts", "Network", **options)
    return Html(f"{shown}\n{disclosure('The attempts behind these times', behind)}")


def _extreme(base: str, which: int, row) -> Value | None:
    ratios = row.ratios.sort_values(base)
    if ratios[base].isna().any():
        return None
    found = ratios.iloc[which]
    return Value(f"{found[base]:.2f} {found['label']}", _over(base, row), TIMES_PAGE, found[base])


def _over(base: str, row) -> str:
    return f"{BASES[base]}, over {count(len(row.ratios), 'network')}"


def _range(base: str) -> tuple[Column, ...]:
    named = partial(_Of, note=partial(_over, base), why="a time is missing")
    return (
        named((NAMES[base], "least"), partial(_extreme, base, 0)),
        named((NAMES[base], "most"), partial(_extreme, base, -1)),
        named((NAMES[base], "geometric mean"), lambda row: geometric_mean(row.ratios[base]), 2),
    )


def ranges_table(ratios: pd.DataFrame) -> Html:
    """ND over BN per data set and number of epochs: least, most and geometric mean, printed and corrected.

    Args:
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
    """
    caption = (
        "Time of training with ND over time with BN: the networks with the least and the most, and the mean of all."
    )
    rows = [
        SimpleNamespace(name=f"{DATASETS[dataset]}, {count(epochs, 'epoch')}", ratios=here)
        for (dataset, epochs), here in ratios.groupby(["dataset", "epochs"], sort=False)
    ]
    return table(view(rows, (*_range("printed"), *_range("corrected")), "{name}"), caption, "time-ranges", "Trainings")
