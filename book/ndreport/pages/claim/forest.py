"""Forest plot: ND − BN of every network on test images, original beside reproduction, with a summary row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import isnan, nan

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ndreport.evidence.families import Tested
from ndreport.evidence.paired import ALPHA
from ndreport.evidence.published import Published
from ndreport.evidence.series import PLACE, logged_tests
from ndreport.rendering.broken_axis import Drawn, about_break, broken, pieces
from ndreport.rendering.html import Html
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import percent, points
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.svg import INK, SOURCE_COLOURS, SOURCE_MARKERS, WIDTH, render, style
from ndreport.rendering.values import MISSING_FILE

SERIES = {
    "logs": (SOURCE_MARKERS["reproduction"], SOURCE_COLOURS["reproduction"], -0.14, "reproduction, test"),
    "original": (SOURCE_MARKERS["original"], SOURCE_COLOURS["original"], 0.14, "original"),
}
"""Marker, colour, place within a row and label."""


def forest_rows(published: Published, values: pd.DataFrame) -> pd.DataFrame:
    """What is drawn: one row per data set × epochs with logs × network.

    Columns: `dataset`, `epochs`, `arch`, `network`, `logs` and `original` (ND − BN, percentage points; NaN where there
    is none), `low` and `high`: the difference of any ND run and any BN run of the logs lies between them.

    Args:
        published: every file of published values.
        values: from `ndreport.evidence.series.paired_values`.
    """
    key = [*PLACE, "arch"]
    logs = values.loc[values["who"] == "logs", [*key, "network", "gain"]].rename(columns={"gain": "logs"})
    original = values.loc[values["who"] == "original", [*key, "gain"]].rename(columns={"gain": "original"})
    rows = logs.merge(original, on=key, how="left")
    tests = {norm: group.set_index(key) for norm, group in logged_tests(published).groupby("norm")}
    places = pd.MultiIndex.from_frame(rows[key])
    if rows.empty:
        return rows.assign(low=[], high=[])
    low = tests["nd"].loc[places, "lowest"].to_numpy() - tests["bn"].loc[places, "highest"].to_numpy()
    high = tests["nd"].loc[places, "highest"].to_numpy() - tests["bn"].loc[places, "lowest"].to_numpy()
    return rows.assign(low=low, high=high)


@unless_missing
def forest_figure(rows: pd.DataFrame, tested: Sequence[Tested]) -> Html:
    """One panel per data set.

    Args:
        rows: from `forest_rows`.
        tested: from `ndreport.evidence.families.paired_tests`; gives the summary rows.
    """
    panels = dict(list(rows.groupby(PLACE)))
    breaks = []
    with style():
        figure = Figure(figsize=(WIDTH, 0.6 + 3.7 * len(panels)))
        parts = figure.subfigures(len(panels), 1, squeeze=False)[:, 0]
        for part, (place, group) in zip(parts, panels.items(), strict=True):
            summaries = {t.who: t for t in tested if (t.dataset, t.epochs) == place and t.paired}
            ends = pieces(_drawn(group, summaries), (-1, 0), whole=True)
            [first, *_] = broken(part, ends, partial(_piece, rows=group, summaries=summaries))
            first.set_title(block_name(*place), fontsize=10, loc="left")
            part.supxlabel("ND − BN (percentage points)", fontsize=10)
            if said := about_break(ends):
                breaks.append(f"{block_name(*place)}: {said}")
        handles = [
            Line2D([], [], color=c, marker=m, linestyle="", label=label, markerfacecolor=c if who == "logs" else "none")
            for who, (m, c, _, label) in SERIES.items()
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2, handletextpad=0.3)
        caption = (
            "ND − BN in top-1 accuracy per network. Right of the line ND is ahead. Thin lines of the reproduction: "
            "the range from its worst ND run minus its best BN run to the reverse. It is not a confidence interval; "
            "the pages on Tables 4 and 5 draw Welch's intervals. The original printed one value each. Last row: "
            f"Hodges–Lehmann shift over the networks with its exact interval ({percent(100 * (1 - ALPHA), 0)}). "
            f"{' '.join(breaks)}"
        )
        return render(figure, "claim-forest", caption.strip(), forest_alt(rows, tested))


def _drawn(rows: pd.DataFrame, summaries: dict[str, Tested]) -> list[Drawn]:
    """Everything that the axis has to hold."""
    found = [Drawn(row.logs, row.low, row.high) for row in rows.itertuples()]
    found += [Drawn(value, nan, nan) for value in rows["original"].dropna()]
    return found + [Drawn(t.paired.shift, *t.paired.interval) for who, t in summaries.items() if who in SERIES]


def _piece(axes: Axes, first: bool, last: bool, rows: pd.DataFrame, summaries: dict[str, Tested]) -> None:
    limits, summary = axes.get_xlim(), len(rows) + 0.2
    for who, (marker, colour, shift, _) in SERIES.items():
        heights = [number + shift for number in range(len(rows))]
        fill = colour if who == "logs" else "none"
        axes.plot(rows[who], heights, marker, color=colour, markersize=4.5, markerfacecolor=fill)
        if who == "logs":
            axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=1)
        if who in summaries:
            paired, height = summaries[who].paired, summary + shift
            axes.hlines([height], *paired.interval, color=colour, linewidth=2.4)
            axes.plot([paired.shift], [height], marker, color=colour, markersize=7, markerfacecolor=colour)
    axes.axhline(len(rows) - 0.4, color=INK, linewidth=0.6)
    axes.set_yticks([*range(len(rows)), summary], [*rows["network"], "over the networks"])
    if first:  # the other piece has no names
        axes.axvline(0, color=INK, linewidth=1)
        axes.get_yticklabels()[-1].set_fontweight("bold")
    axes.set_ylim(len(rows) + 0.8, -0.6)
    axes.set_xlim(limits)
    axes.grid(visible=False, axis="y")


def forest_alt(rows: pd.DataFrame, tested: Sequence[Tested]) -> str:
    """What the figure states, in words: every drawn value."""
    parts = []
    for place, group in rows.groupby(PLACE):
        networks = (
            f"{row.network} {points(row.logs)} (runs {points(row.low)} to {points(row.high)}), original "
            f"{MISSING_FILE if isnan(row.original) else points(row.original)}"
            for row in group.itertuples()
        )
        shifts = (
            f"{SERIES[t.who][3]} {points(t.paired.shift)} ({points(t.paired.interval[0])} to "
            f"{points(t.paired.interval[1])})"
            for t in tested
            if t.who in SERIES and (t.dataset, t.epochs) == place and t.paired
        )
        parts.append(f"{block_name(*place)}: {'; '.join(networks)}; over the networks {', '.join(shifts)}")
    return f"ND − BN in percentage points of top-1 accuracy. {'. '.join(parts)}."
