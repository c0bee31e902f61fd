"""Figures 2 and 3 drawn for the question that the study asks: how far ND is ahead of BN in every network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import isnan

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ndcore.study import DATASETS, NORMS
from ndreport.evidence.expected import Expectations
from ndreport.evidence.runs import Setting
from ndreport.pages.tables_4_and_5.gain_series import OURS, ROWS, Gain, Series
from ndreport.pages.tables_4_and_5.study_figure import NUMBERS, PANELS
from ndreport.rendering.broken_axis import Drawn, about_break, broken, pieces
from ndreport.rendering.html import Html, table
from ndreport.rendering.not_run import not_run
from ndreport.rendering.prose import count, points
from ndreport.rendering.svg import INK, WIDTH, render, side_by_side, style
from ndreport.rendering.values import Value, missing

SIZE = (WIDTH, 6.4)
MOST_SERIES = 4
STEP = 0.17
"""Distance of the series within a row."""
PLACES = {row: place for place, row in enumerate(ROWS)}


def gain_alt(drawn: Sequence[Series], dataset: str, epochs: int) -> str:
    """What one panel states, in words: every drawn value."""
    if not drawn:
        return f"ND − BN, {DATASETS[dataset]}, {count(epochs, 'epoch')}: nothing to show yet."
    parts = [f"{s.label}: {', '.join(f'{ROWS[g.row]} {_in_words(g)}' for g in s.gains)}" for s in drawn]
    return (
        f"ND − BN in percentage points of top-1 accuracy on {DATASETS[dataset]} after {count(epochs, 'epoch')}, a "
        f"point per network, interval in brackets. {'; '.join(parts)}."
    )


def _in_words(gain: Gain) -> str:
    between = "" if isnan(gain.low) else f" [{points(gain.low)} to {points(gain.high)}]"
    return points(gain.gain) + between


def gain_panel(drawn: Sequence[Series], dataset: str, epochs: int) -> Html:
    """One panel: a point per network and series, with its interval, and a line where ND and BN are equal."""
    ends = pieces([Drawn(g.gain, g.low, g.high) for series in drawn for g in series.gains], (0, 1), whole=False)
    with style():
        figure = Figure(figsize=SIZE)
        broken(figure, ends, partial(_piece, drawn=drawn))
        figure.supxlabel("ND − BN (percentage points of top-1 accuracy)", fontsize="medium")
        figure.legend(handles=_legend(drawn), loc="outside upper center", ncols=2, handletextpad=0.2, columnspacing=1.0)
        caption = (
            f"Figure {NUMBERS[dataset]} ({PANELS[epochs]}) as differences: {DATASETS[dataset]}, "
            f"{count(epochs, 'epoch')}. Right of the line ND is ahead. Intervals of the reproduction: Welch's, for the "
            "difference of two means (the page Does the claim hold? draws ranges of single runs instead); an arrow "
            f"marks one that goes on. {about_break(ends).capitalize()}"
        ).strip()
        return render(figure, f"gain-{NUMBERS[dataset]}-{PANELS[epochs]}", caption, gain_alt(drawn, dataset, epochs))


def _piece(axes: Axes, first: bool, last: bool, drawn: Sequence[Series]) -> None:
    """Everything on one piece of the axis; an arrow stands only where the whole axis ends."""
    for number, series in enumerate(drawn):
        _draw(axes, series, (number - (len(drawn) - 1) / 2) * STEP, first, last)
    if first:
        axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(ROWS)), list(ROWS.values()))
    axes.set_ylim(len(ROWS) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    for border in range(len(ROWS) - 1):
        axes.axhline(border + 0.5, color=INK, linewidth=0.5, alpha=0.2)


def _draw(axes: Axes, series: Series, shift: float, first: bool, last: bool) -> None:
    left, right = axes.get_xlim()
    for gain in series.gains:
        height = PLACES[gain.row] + shift
        if not isnan(gain.low):
            axes.plot([max(gain.low, left), min(gain.high, right)], [height] * 2, color=series.colour, linewidth=1.4)
        for arrow, end, goes_on in (("<", left, first and gain.low < left), (">", right, last and gain.high > right)):
            if goes_on:
                axes.plot([end], [height], arrow, color=series.colour, markersize=5, clip_on=False)
        axes.plot([gain.gain], [height], **_marker(series))
    axes.set_xlim(left, right)


def _marker(series: Series) -> dict:
    fill = series.colour if series.filled else "none"
    look = {"marker": series.marker, "color": series.colour, "markerfacecolor": fill}
    return look | {"markersize": 4.5, "linestyle": "none"}


def _legend(drawn: Sequence[Series]) -> list[Line2D]:
    """As many entries in every panel, so that all are equally high."""
    handles = [Line2D([], [], **_marker(series), label=series.label) for series in drawn]
    return handles + [Line2D([], [], linestyle="none", label=" ")] * (MOST_SERIES - len(handles))


def gain_figure(panels: dict[int, list[Series]], dataset: str) -> Html:
    """ND minus BN per network, one panel per number of epochs.

    Args:
        panels: from `gain_series`.
        dataset: "cifar10" or "cifar100".
    """
    return side_by_side(gain_panel(series, dataset, epochs) for epochs, series in panels.items())


def gain_view(panels: dict[int, list[Series]], dataset: str, expected: Expectations) -> pd.DataFrame:
    """The points of all panels as cells: networks × (epochs, series)."""
    columns = {}
    for epochs, drawn in panels.items():
        group = f"{count(epochs, 'epoch')}, ND − BN"
        own = [series for series in drawn if series.label == OURS] or [Series(OURS, "", "", True, [])]
        for series in [*(s for s in drawn if s.label != OURS), *own]:
            columns[group, series.label] = [_cell(series, row) or _door(dataset, row, epochs, expected) for row in ROWS]
    return pd.DataFrame(columns, index=list(ROWS.values()))


def _door(dataset: str, row: str, epochs: int, expected: Expectations) -> Value:
    return not_run(expected, [Setting(dataset, row, norm, epochs) for norm in NORMS], f"no pair of runs of {row}")


def _cell(series: Series, row: str) -> Value | None:
    gains = [gain for gain in series.gains if gain.row == row]
    if not gains and series.label == OURS:
        return None
    if not gains:
        return missing("none", "the study prints no value of this network, or not enough of them are known")
    text = "; ".join(_in_words(gain) for gain in gains)
    number = gains[0].gain if len(gains) == 1 else None
    return Value(text, "; ".join(gain.note for gain in gains), gains[0].link, number)


def gain_table(panels: dict[int, list[Series]], dataset: str, expected: Expectations) -> Html:
    """The points and intervals of the figure as HTML.

    Args:
        panels: from `gain_series`.
        dataset: "cifar10" or "cifar100".
        expected: of runs that nobody made.
    """
    caption = (
        f"ND − BN, {DATASETS[dataset]}, in percentage points of top-1 accuracy, with the interval in brackets: Welch's "
        "for the reproduction, one standard error to each side for our own runs."
    )
    return table(gain_view(panels, dataset, expected), caption, f"gains-{NUMBERS[dataset]}", "Network")
