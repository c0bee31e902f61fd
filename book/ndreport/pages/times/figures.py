"""Figures 4 and 5 as the study draws them, and the same times as ratios with everything that is known about them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ndcore.study import DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.costs import ORIGINAL, OURS, NetworkCost, geometric_mean, of_the_study, values
from ndreport.pages.cost.figures import name_rows, ratio_axis
from ndreport.rendering.html import Html
from ndreport.rendering.prose import count, listing, ratio_span, times_as
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.svg import (
    EPOCH_MARKERS,
    INK,
    NORM_COLOURS,
    SOURCE_COLOURS,
    SOURCE_MARKERS,
    WIDTH,
    render,
    side_by_side,
    style,
)

FIGURES = {"cifar10": 4, "cifar100": 5}
PATTERNS = {"bn": "", "nd": "////"}
HERE = {"original's way, here": (ORIGINAL, "original"), "ours, here": (OURS, "ours")}
"""Our own measurements: name, variants, and whose way of computing it is."""
TICKS = (1, 2, 3, 4, 6, 9)


def bars_alt(frame: pd.DataFrame, dataset: str, epochs: int) -> str:
    """What the bars of one panel state, in words."""
    parts = []
    for norm in NORMS:
        rows = frame[frame["norm"] == norm]
        least, most = (rows.loc[index] for index in (rows["printed"].idxmin(), rows["printed"].idxmax()))
        parts.append(
            f"{NORM_LABELS[norm]} {least['printed']:,.0f} seconds ({least['label']}) to {most['printed']:,.0f} "
            f"({most['label']})"
        )
    wide = frame.pivot(index="arch", columns="norm", values="printed")
    longer = int((wide["nd"] > wide["bn"]).sum())
    return (
        f"Printed training times, {DATASETS[dataset]}, {count(epochs, 'epoch')}, two bars per network: "
        f"{listing(parts)}; the bar of ND is longer for {longer} of {count(len(wide), 'network')}."
    )


def bars_figure(frame: pd.DataFrame, dataset: str) -> Html:
    """Figure 4 (cifar10) or 5 (cifar100): a panel per number of epochs, the printed times of BN and ND per network.

    Args:
        frame: from `ndreport.evidence.corrected_times.corrected_settings`.
    """
    here = frame[frame["dataset"] == dataset].dropna(subset=["printed"])
    panels = [_bars(here[here["epochs"] == e], dataset, e, "abc"[place]) for place, e in enumerate(EPOCHS)]
    return side_by_side(panels)


@unless_missing
def _bars(frame: pd.DataFrame, dataset: str, epochs: int, letter: str) -> Html:
    printed = {(row.arch, row.norm): row.printed for row in frame.itertuples()}
    with style():
        figure = Figure(figsize=(WIDTH, 4.2))
        axes = figure.subplots()
        for place, norm in enumerate(NORMS):
            axes.barh(
                [row + (place - 0.5) * 0.4 for row in range(len(NETWORKS))],
                [printed[network.arch, norm] for network in NETWORKS],
                height=0.36, label=NORM_LABELS[norm], facecolor=NORM_COLOURS[norm], hatch=PATTERNS[norm],
                edgecolor=INK, linewidth=0.6,
            )  # fmt: skip
        name_rows(axes, [network.label for network in NETWORKS])
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("seconds of training, as printed")
        axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=2, title=None)
        caption = f"Figure {FIGURES[dataset]} ({letter}): {DATASETS[dataset]}, {count(epochs, 'epoch')}."
        return render(figure, f"figure-{FIGURES[dataset]}-{letter}", caption, bars_alt(frame, dataset, epochs))


def ratios_alt(ratios: pd.DataFrame, costs: Sequence[NetworkCost], dataset: str) -> str:
    """What the dots of one data set state, in words."""
    parts = []
    for epochs, rows in ratios.groupby("epochs", sort=False):
        moved = rows[(rows["printed"] / rows["corrected"] - 1).abs() > 0.01]
        parts.append(
            f"{count(epochs, 'epoch')} {ratio_span(rows['corrected'])}, geometric mean "
            f"{times_as(geometric_mean(rows['corrected']))}, printed ratio elsewhere for {len(moved)} of {len(rows)}"
        )
    for name, (pair, _) in HERE.items():
        found = values(of_the_study(costs), pair)
        if found:
            parts.append(f"{name} {ratio_span(found.values())}")
    return f"Training time of ND over BN per network, {DATASETS[dataset]}, logarithmic axis. {'; '.join(parts)}."


def ratios_figure(ratios: pd.DataFrame, costs: Sequence[NetworkCost]) -> Html:
    """ND over BN per network, printed and corrected, for both data sets, with our own ratios beside them.

    Args:
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
        costs: from the benchmark.
    """
    known = ratios.dropna(subset=["printed", "corrected"])
    panels = [_dots(known[known["dataset"] == dataset], costs, dataset) for dataset in FIGURES]
    return side_by_side(panels)


@unless_missing
def _dots(ratios: pd.DataFrame, costs: Sequence[NetworkCost], dataset: str) -> Html:
    rows = {network.arch: place for place, network in enumerate(NETWORKS)}
    with style():
        figure = Figure(figsize=(WIDTH, 6.6))
        axes = figure.subplots()
        for place, (epochs, marker) in enumerate(EPOCH_MARKERS.items()):
            here = ratios[ratios["epochs"] == epochs]
            heights = [rows[arch] + (place - 1.4) * 0.22 for arch in here["arch"]]
            axes.hlines(heights, here["low"], here["high"], color=SOURCE_COLOURS["reproduction"], linewidth=1)
            axes.plot(here["printed"], heights, marker, mfc="none", mec=INK, markersize=7, mew=0.9)
            axes.plot(here["corrected"], heights, marker, color=SOURCE_COLOURS["reproduction"], markersize=4.5)
        _ours(axes, costs)
        axes.axvline(1, color=INK, linewidth=1)
        name_rows(axes, [network.label for network in NETWORKS])
        ratio_axis(axes, ratios[["printed", "corrected", "low", "high"]].to_numpy(float).ravel())
        axes.set_xticks([tick for tick in TICKS if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]])
        axes.set_xlabel("time with ND / with BN (logarithmic)")
        axes.legend(
            handles=_legend(costs), loc="lower center", bbox_to_anchor=(0.32, 1.0), ncols=2, handletextpad=0.3,
            columnspacing=1.0,
        )  # fmt: skip
        caption = (
            f"{DATASETS[dataset]}: time with ND over time with BN; the line is where they are equal. Filled: "
            "corrected, with the range of single attempts; hollow: printed. Our own: training steps, on another "
            "machine."
        )
        return render(figure, f"time-ratios-{dataset}", caption, ratios_alt(ratios, costs, dataset))


def _ours(axes: Axes, costs: Sequence[NetworkCost]) -> None:
    rows = {network.ours[0]: place for place, network in enumerate(NETWORKS)}
    for pair, whose in HERE.values():
        found = values(of_the_study(costs), pair)
        heights = [rows[name] + 0.36 for name in found]
        axes.plot(
            list(found.values()), heights, SOURCE_MARKERS[whose], color=SOURCE_COLOURS[whose], markersize=5, ls=""
        )


def _legend(costs: Sequence[NetworkCost]) -> list[Line2D]:
    handles = [
        Line2D([], [], marker=m, color=SOURCE_COLOURS["reproduction"], ls="", markersize=5, label=count(e, "epoch"))
        for e, m in EPOCH_MARKERS.items()
    ]
    handles.append(Line2D([], [], marker="o", mfc="none", mec=INK, ls="", markersize=7, label="hollow: printed"))
    for name, (pair, whose) in HERE.items():
        if values(of_the_study(costs), pair):
            how = {"marker": SOURCE_MARKERS[whose], "color": SOURCE_COLOURS[whose]}
            handles.append(Line2D([], [], **how, ls="", markersize=5, label=name))
    return handles
