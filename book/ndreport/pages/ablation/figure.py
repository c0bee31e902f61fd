"""The ablation as a figure: one row per factor, accuracy on the left, time on the right."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ndcore.experiment.ablation import FACTORS, Factor
from ndreport.pages.ablation.runs import Ablation, top1
from ndreport.rendering.html import Html
from ndreport.rendering.prose import count, listing, percent
from ndreport.rendering.svg import NORM_COLOURS, WIDTH, render, style

ACCURACY, TIME = "accuracy", "time"
LABELS = {ACCURACY: "test top-1 (%)", TIME: "time / default"}
CAPTION = (
    "Test accuracy and training time of one-factor variations. Lines: means over the seeds of the default and of BN; "
    "bands: from their lowest to their highest seed."
)


def factor_points(ablation: Ablation, factor: Factor) -> pd.DataFrame:
    """The complete runs of a factor: value, accuracy (top-1, percent), time (in units of the default's mean; None
    where it cannot be compared)."""
    found = {v: ablation.complete.get(config) for v, config in ablation.budget.variations(factor).items()}
    rows = [
        {"value": value, ACCURACY: top1(record), TIME: ablation.time_ratio(record)}
        for value, record in found.items()
        if record
    ]
    return pd.DataFrame(rows, columns=["value", ACCURACY, TIME]).astype({TIME: float})


def levels(ablation: Ablation, norm: str, measure: str) -> list[float]:
    """Accuracy or time of the default ("nd") or of batch normalisation ("bn") with every seed that was run."""
    value = top1 if measure == ACCURACY else ablation.time_ratio
    return [v for v in map(value, ablation.across_seeds(norm)) if v is not None]


def ablation_figure(ablation: Ablation, ident: str = "ablation-figure", factors: Sequence[Factor] = FACTORS) -> Html:
    """Accuracy and time against the values of every factor; a sentence if there is no run to draw."""
    if not any(len(factor_points(ablation, factor)) for factor in factors):
        return Html('<p class="nd-empty">No run of this ablation has a record yet, so there is nothing to draw.</p>')
    with style():
        figure = Figure(figsize=(WIDTH, 0.7 + 1.75 * len(factors)))
        rows = figure.subplots(len(factors), 2, squeeze=False, sharex="row", sharey="col")
        for factor, pair in zip(factors, rows, strict=True):
            for axes, measure in zip(pair, (ACCURACY, TIME), strict=True):
                _panel(axes, ablation, factor, measure)
            figure.align_labels()
        for axes in rows[:, 1]:
            axes.set_ylim(bottom=0)
        figure.legend(handles=_legend(), loc="outside upper center", ncols=3, handletextpad=0.5, columnspacing=1.2)
        return render(figure, ident, CAPTION, alt_text(ablation, factors))


def _panel(axes: Axes, ablation: Ablation, factor: Factor, measure: str) -> None:
    for norm, line in (("nd", "-"), ("bn", "--")):
        if found := levels(ablation, norm, measure):
            colour = NORM_COLOURS[norm]
            axes.axhspan(min(found), max(found), color=colour, alpha=0.15, linewidth=0)
            axes.axhline(fmean(found), color=colour, linestyle=line, linewidth=1.2)
    drawn = factor_points(ablation, factor)
    places = [factor.values.index(value) for value in drawn["value"]]
    axes.plot(places, drawn[measure], "o", color=NORM_COLOURS["nd"], markersize=6)
    axes.set_xticks(range(len(factor.values)), factor.values)
    axes.set_xlim(-0.5, len(factor.values) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set_ylabel(LABELS[measure])
    axes.set_xlabel(factor.name)
    axes.get_xticklabels()[factor.values.index(factor.default)].set_fontweight("bold")


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=NORM_COLOURS["nd"], marker="o", linestyle="", label="ND, seed 0"),
        Line2D([], [], color=NORM_COLOURS["nd"], label="ND default"),
        Line2D([], [], color=NORM_COLOURS["bn"], linestyle="--", label="BN"),
    ]


def alt_text(ablation: Ablation, factors: Sequence[Factor] = FACTORS) -> str:
    """What the figure states, in words: every drawn value of every factor, and the levels of default and BN."""
    parts = []
    for norm, name in (("nd", "the default"), ("bn", "batch normalisation")):
        if found := levels(ablation, norm, ACCURACY):
            times = levels(ablation, norm, TIME)
            time = f", {fmean(times):.2f} times the default's training time" if times else ""
            parts.append(f"mean of {name} over {count(len(found), 'seed')}: {percent(fmean(found))}{time}")
    for factor in factors:
        drawn = factor_points(ablation, factor).itertuples()
        shown = [
            f"{p.value}: {percent(p.accuracy)}" + (f", time {p.time:.2f}" if p.time == p.time else "") for p in drawn
        ]
        parts.append(f"{factor.name}: {listing(shown) if shown else 'not run'}")
    return f"Test accuracy and training time. {'; '.join(parts)}."
