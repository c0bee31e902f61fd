"""Figures of the page on cost: ratios of ND to BN per network, and the parts of an ND step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from ndcore.study import NETWORKS
from ndreport.evidence.costs import ORIGINAL, OURS, OURS_EVERY4, PHASES, NetworkCost, by_name, geometric_mean, values
from ndreport.rendering.html import Html
from ndreport.rendering.prose import count, listing, percent, ratio_span
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.svg import FILLS, GREY, INK, SOURCE_COLOURS, SOURCE_MARKERS, WIDTH, render, style

TICKS = (0.5, 1, 1.5, 2, 3, 4, 6, 8, 12)
SIZE = (WIDTH, 5.2)
SHORT = {ours: network.label if ours == network.ours[0] else ours for network in NETWORKS for ours in network.ours}
"""Rows: names of our networks, and what stands beside the row."""


@dataclass(frozen=True)
class Series:
    """Ratios of ND to BN by the name of our network, and how they are drawn."""

    label: str
    ratios: dict[str, float]
    marker: str
    colour: str
    spans: dict[str, tuple[float, float]]
    """Smallest and largest ratio, where a dot stands for several."""


def series(ratios: pd.DataFrame, costs: Sequence[NetworkCost]) -> list[Series]:
    """The study's ratios and the three of our own; one that has no ratio is left out.

    The study's are those of trainings of several epochs, from the medians of the attempts, as a geometric mean with
    the smallest and the largest.
    """
    known = ratios[ratios["epochs"] > 1].dropna(subset=["attempts"])
    first = {network.arch: network.ours[0] for network in NETWORKS}
    study = {first[arch]: list(group["attempts"]) for arch, group in known.groupby("arch")}
    looks = {source: (SOURCE_MARKERS[source], SOURCE_COLOURS[source]) for source in SOURCE_COLOURS}
    drawn = [
        Series(
            "reproduction, several epochs", {name: geometric_mean(group) for name, group in study.items()},
            *looks["reproduction"], {name: (min(group), max(group)) for name, group in study.items()},
        ),
        Series("original's way, here", values(costs, ORIGINAL), *looks["original"], {}),
        Series("ours, exact", values(costs, OURS), *looks["ours"], {}),
        Series("ours, every 4th step", values(costs, OURS_EVERY4), "d", GREY, {}),
    ]  # fmt: skip
    return [one for one in drawn if one.ratios]


def ratios_alt(drawn: Sequence[Series]) -> str:
    """What the dots state, in words."""
    parts = [
        f"{one.label}: {ratio_span(one.ratios.values())}, ND slower for {sum(r > 1 for r in one.ratios.values())} of "
        f"{count(len(one.ratios), 'network')}"
        for one in drawn
    ]
    return f"Training time of ND over BN per network, one dot each, logarithmic axis. {'; '.join(parts)}."


def ratios_figure(ratios: pd.DataFrame, costs: Sequence[NetworkCost]) -> Html:
    """A dot per network and kind of measurement: time with ND over time with BN, and a line where they are equal.

    Args:
        ratios: from `ndreport.evidence.times.study_ratios`.
        costs: from the benchmark.
    """
    return _dots(series(ratios, costs))


@unless_missing
def _dots(drawn: Sequence[Series]) -> Html:
    rows = {ours: place for place, ours in enumerate(SHORT)}
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for number, one in enumerate(drawn):
            shift = (number - (len(drawn) - 1) / 2) * 0.18
            heights = {name: rows[name] + shift for name in one.ratios if name in rows}
            for name, (low, high) in one.spans.items():
                axes.plot([low, high], [heights[name]] * 2, color=one.colour, linewidth=1.2)
            dots = [one.ratios[name] for name in heights]
            axes.plot(
                dots, list(heights.values()), one.marker, color=one.colour, markersize=5, label=one.label, linestyle=""
            )
        axes.axvline(1, color=INK, linewidth=1)
        name_rows(axes, list(SHORT.values()))
        ratio_axis(axes, [r for one in drawn for r in (*one.ratios.values(), *chain(*one.spans.values()))])
        axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=2, title=None, handletextpad=0.2)
        caption = (
            "Time of training with ND over time with BN; the line is where they are equal. The reproduction: geometric "
            "mean and range of its trainings of several epochs."
        )
        return render(figure, "cost-dots", caption, ratios_alt(drawn))


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """One row per name, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def ratio_axis(axes: Axes, ratios: Sequence[float]) -> None:
    """A logarithmic horizontal axis of ND over BN that holds all ratios and 1."""
    axes.set_xscale("log")
    axes.set_xlim(min(0.85, *ratios, 1) * 0.95, max(2.0, *ratios, 1) * 1.08)
    low, high = axes.get_xlim()
    axes.set_xticks([tick for tick in TICKS if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("time with ND / time with BN (logarithmic)")


PARTS = dict(zip((*PHASES, "rest"), (*FILLS, ("none", "")), strict=True))
"""How the parts of a step are drawn: colour and pattern."""


def parts_alt(costs: Sequence[NetworkCost]) -> str:
    """What the bars state, in words: the largest part of every network."""
    shares = {cost.name: cost.shares() for cost in costs if cost.shares()}
    largest = (
        f"{name} {max(parts, key=parts.get)} {percent(100 * max(parts.values()), 0)}" for name, parts in shares.items()
    )
    return (
        f"Parts of the time of an ND step per network, bars of equal length; the largest part is: {listing(largest)}."
    )


def parts_figure(costs: Sequence[NetworkCost]) -> Html:
    """A bar per network: convolution, covariance, root, fold and the rest of our exact ND step, in percent."""
    known = {name: cost for name, cost in by_name(costs).items() if cost.shares()}
    rows = [(name, known[ours].shares()) for ours, name in SHORT.items() if ours in known]
    if not rows:
        return Html('<p id="cost-bars" class="nd-empty">The layers have not been timed yet.</p>')
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        left = [0.0] * len(rows)
        for part in (*PHASES, "rest"):
            widths = [100 * shares[part] for _, shares in rows]
            colour, pattern = PARTS[part]
            axes.barh(
                range(len(rows)), widths, left=left, height=0.72, label=part, facecolor=colour, hatch=pattern,
                edgecolor=INK, linewidth=0.8,
            )  # fmt: skip
            left = [a + b for a, b in zip(left, widths, strict=True)]
        name_rows(axes, [name for name, _ in rows])
        axes.grid(visible=False, axis="y")
        axes.set(xlim=(0, 100), xlabel="share of the time of a step (percent)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=3, title=None)
        caption = "Where the time of a training step with our exact ND goes."
        return render(figure, "cost-bars", caption, parts_alt(list(known.values())))
