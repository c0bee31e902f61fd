"""Agreement of original and reproduced values: Bland–Altman figures, and the tables of coefficients."""

from __future__ import annotations

from functools import partial
from math import isnan

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ndcore.study import DATASETS, NORM_LABELS
from ndreport.evidence.concordance import bland_altman
from ndreport.evidence.deviations import NOT_PROVEN, TEST, TRAIN
from ndreport.evidence.proportions import RESAMPLES
from ndreport.pages.deviations.spread import group_name, setting_name
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import count, listing, points
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.svg import EPOCH_MARKERS, INK, NORM_COLOURS, WIDTH, render, side_by_side, style

PANELS = {TEST: "bland-altman-test", TRAIN: "bland-altman-train", NOT_PROVEN: "bland-altman-not-proven"}
"""HTML ids, by what the reproduced values were measured on."""
SMALLEST_P = 0.0001
"""A smaller p is shown as "below this"."""


def bland_altman_alt(rows: pd.DataFrame, split: str) -> str:
    """What one panel states, in words."""
    found = bland_altman(rows["original"], rows["mean"])
    outside = rows[~(rows["mean"] - rows["original"]).between(found.low, found.high)]
    names = listing(setting_name(row) for row in outside.itertuples())
    return (
        f"Bland–Altman plot, {split} accuracies of {count(len(rows), 'setting')}: reproduced minus original against "
        f"their mean. Bias {points(found.bias)} points, limits of agreement {points(found.low)} to "
        f"{points(found.high)}; outside them: {names}."
    )


@unless_missing
def bland_altman_figures(pairs: pd.DataFrame) -> Html:
    """A panel for test, running training and unproven values: difference against mean, bias, limits of agreement.

    Args:
        pairs: from `ndreport.evidence.concordance.pairs`.
    """
    return side_by_side(_panel(pairs[pairs["split"] == split], split) for split in PANELS)


@unless_missing
def _panel(rows: pd.DataFrame, split: str) -> Html:
    with style():
        figure = Figure(figsize=(WIDTH, 4.3))
        axes = figure.subplots()
        for (dataset, epochs, norm), group in rows.groupby(["dataset", "epochs", "norm"], sort=False):
            colour = NORM_COLOURS[norm]
            axes.plot(
                (group["original"] + group["mean"]) / 2, group["mean"] - group["original"], EPOCH_MARKERS[epochs],
                mec=colour, mfc=colour if dataset == "cifar10" else "none", markersize=5.5, ls="",
            )  # fmt: skip
        axes.axhline(0, color=INK, linewidth=0.8)
        found = bland_altman(rows["original"], rows["mean"])
        axes.axhline(found.bias, color=INK, linewidth=1.6)
        for limit in (found.low, found.high):
            axes.axhline(limit, color=INK, linewidth=1.2, linestyle=(0, (5, 3)))
        figure.legend(handles=_legend(), loc="outside upper center", ncols=3, handletextpad=0.1, columnspacing=0.8)
        axes.set(xlabel="mean of original and reproduced (%)", ylabel="reproduced − original (points)")
        caption = (
            f"{split[0].upper()}{split[1:]} accuracies. Thick line: bias; dashed: limits of agreement; thin: equal."
        )
        return render(figure, PANELS[split], caption, bland_altman_alt(rows, split))


def _legend() -> list[Line2D]:
    """The same in every panel, so that all are equally high."""
    norms = [("o", colour, colour, NORM_LABELS[norm]) for norm, colour in NORM_COLOURS.items()]
    datasets = [("o", INK, fill, DATASETS[name]) for name, fill in (("cifar10", INK), ("cifar100", "none"))]
    epochs = [(marker, INK, INK, count(epochs, "epoch")) for epochs, marker in EPOCH_MARKERS.items()]
    nothing = [("none", INK, INK, " ")] * (len(epochs) - 2)  # each kind has a column of its own
    return [
        Line2D([], [], marker=marker, mec=edge, mfc=fill, markersize=5.5, linestyle="none", label=label)
        for marker, edge, fill, label in (*norms, *nothing, *datasets, *nothing, *epochs)
    ]


def _span(low: str, high: str, row, signed: bool = True) -> str | None:
    ends = getattr(row, low), getattr(row, high)
    show = points if signed else "{:.2f}".format
    return None if any(map(isnan, ends)) else f"{show(ends[0])} to {show(ends[1])}"


_Published = partial(Column, link=SOURCES_PAGE, absent="not defined", why="the values do not vary enough")
DIFFERENCE, LIN = "reproduced − original (points)", "concordance (Lin)"
AGREEMENT = (
    _Published((DIFFERENCE, "bias"), "bias", note="mean difference over {number} settings", show=points),
    _Published((DIFFERENCE, "95 % interval"), partial(_span, "bias_low", "bias_high"), note="Student's t"),
    _Published((DIFFERENCE, "limits of agreement"), partial(_span, "low", "high"), note="bias ± 1.96 SD"),
    _Published((LIN, "coefficient"), "ccc", 3, "over {number} settings"),
    _Published(
        (LIN, "95 % interval"),
        partial(_span, "ccc_low", "ccc_high", signed=False),
        note=f"bootstrap over networks, BCa, {RESAMPLES:,} resamples",
    ),
    _Published(("correlation", "Pearson"), "pearson", 3, "over {number} settings"),
)


@unless_missing
def agreement_table(found: pd.DataFrame) -> Html:
    """Bias, limits of agreement and Lin's coefficient per data set, epochs and split.

    Args:
        found: from `ndreport.evidence.concordance.agreement`.
    """
    caption = (
        "Agreement of original and reproduced average over the networks, with both normalisations: Bland–Altman's bias "
        "and limits of agreement, Lin's concordance correlation coefficient, and Pearson's correlation."
    )
    return table(view(found, AGREEMENT, group_name), caption, "agreement", "Settings")


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= SMALLEST_P else f"< {SMALLEST_P}"


@unless_missing
def rankings_table(found: pd.DataFrame) -> Html:
    """Rank correlation of the networks per data set, epochs, split and normalisation.

    Args:
        found: from `ndreport.evidence.concordance.rankings`.
    """
    caption = "Order of the networks by accuracy, original against reproduced average: rank correlations."
    columns = (
        _Published("Kendall's τ", "tau", 2, "over {number} networks"),
        _Published(
            "p", "p", note=lambda r: "exact" if r.exact else "normal approximation: two values are equal", show=_p
        ),
        _Published("p (Holm)", "holm", note=f"corrected for {count(len(found), 'row')}", show=_p),
        _Published("Spearman's ρ", "rho", 2, "over {number} networks"),
    )
    cells = view(found, columns, lambda row: f"{group_name(row)}, {NORM_LABELS[row.norm]}")
    return table(cells, caption, "rankings", "Settings, normalisation", sortable=True)
