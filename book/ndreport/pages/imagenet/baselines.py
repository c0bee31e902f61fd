"""Where the original's baselines on ImageNet come from, and what ND gains over them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ndreport.evidence.imagenet import VALIDATION_IMAGES
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS
from ndreport.pages.imagenet.tables_6_and_7 import LACKS, NORM_NAMES, row_name
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import IMAGENET_PAGE, ZOO_PAGE
from ndreport.rendering.prose import points
from ndreport.rendering.svg import INK, SOURCE_COLOURS, SOURCE_MARKERS, WIDTH, render, style
from ndreport.rendering.values import Value, judgement

SIZE = (WIDTH, 3.6)


def _same(row: Any) -> Value | None:
    if pd.isna(row.zoo_error):
        return None
    if row.from_zoo:
        return judgement("good", "equal", "to the last printed digit", ZOO_PAGE)
    return judgement("bad", "different", "in the printed digits", ZOO_PAGE)


def _points(number: float) -> str:
    return points(number, 3)


NO_ZOO = "the file of torchvision's values is damaged or lacks it"
LACKS_ONE = "a file of these values is damaged or lacks one"
ORIGIN = (
    Column("torchvision, error", "zoo_error", 2, "{zoo_source}", ZOO_PAGE, why=LACKS),
    Column("100 − error", "zoo_accuracy", 2, "computed", ZOO_PAGE, why=LACKS),
    Column("original, as printed", "original", 2, "{original_source}", IMAGENET_PAGE),
    Column("the two are", _same, link=ZOO_PAGE, why=NO_ZOO),
    Column("retrained", "single", 3, "{single_source}", IMAGENET_PAGE, why=LACKS),
    Column(
        "retrained − original", lambda row: row.single - row.original, note="points", link=IMAGENET_PAGE, show=_points,
        why=LACKS_ONE,
    ),
)  # fmt: skip


def origin_table(values: pd.DataFrame) -> Html:
    """The original's baselines beside the accuracies of torchvision's trained networks."""
    caption = "Baselines of the original on ImageNet, in percent, and what torchvision documents for its own networks."
    return table(view(values[values["norm"] != "nd"], ORIGIN, row_name), caption, "imagenet-baselines", "Baseline")


def gain_name(gain: Any) -> str:
    """ "VGG-11, ND − BN, top-1"."""
    return f"{IMAGENET_NETWORKS[gain.arch]}, ND − {NORM_NAMES[gain.baseline]}, {METRICS[gain.metric]}"


DRAWING = f"drawing of {VALIDATION_IMAGES:,} images alone"
CHANGE = {"note": "reproduced minus original", "link": IMAGENET_PAGE, "show": _points, "why": LACKS_ONE}
GAINS = (
    Column("gain, original", "original", **CHANGE | {"note": "difference of the printed values", "show": points}),
    Column("gain, reproduced", "reproduced", **CHANGE | {"note": "difference of the spreadsheet's values"}),
    Column("change of baseline", "baseline_change", **CHANGE),
    Column("change of ND", "nd_change", **CHANGE),
    Column(
        "± at least", "least_error", 3, f"{DRAWING}: if the networks disagree as seldom as they can", IMAGENET_PAGE,
        why=LACKS,
    ),
    Column(
        "± if independent", "independent_error", 3, f"{DRAWING}: if their errors have nothing in common", IMAGENET_PAGE,
        why=LACKS,
    ),
)  # fmt: skip


def gains_table(gains: pd.DataFrame) -> Html:
    """What ND gains over each baseline, in percentage points, and the bounds of its standard error.

    Args:
        gains: from `ndreport.evidence.imagenet.imagenet_gains`.
    """
    caption = (
        "What ND gains on ImageNet, in percentage points; ±: standard error of the reproduced gain from drawing the "
        "validation images alone, a lower bound of its uncertainty."
    )
    return table(view(gains, GAINS, gain_name), caption, "imagenet-gains", "Difference")


def gains_alt(gains: pd.DataFrame) -> str:
    """What the figure states, in words: every drawn value."""
    parts = (
        f"{gain_name(gain)} {points(gain.original)} in the original, {points(gain.reproduced)} if both retrained"
        for gain in gains.itertuples()
    )
    return f"Gain of ND on ImageNet in percentage points, two points per row. {'; '.join(parts)}."


def gains_figure(gains: pd.DataFrame) -> Html:
    """Two points per difference, joined by an arrow from the original's gain to the reproduced one.

    Args:
        gains: from `ndreport.evidence.imagenet.imagenet_gains`.
    """
    known = gains.dropna(subset=["original", "reproduced"])
    if known.empty:
        return Html('<p id="imagenet-figure" class="nd-empty">There are no gains on ImageNet to show.</p>')
    rows = range(len(known))
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for place, gain in zip(rows, known.itertuples(), strict=True):
            axes.annotate(
                "", (gain.reproduced, place), (gain.original, place),
                arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 0.8, "shrinkA": 4, "shrinkB": 4},
            )  # fmt: skip
        for column, source, label in (
            ("original", "original", "original"),
            ("reproduced", "reproduction", "both retrained"),
        ):
            how = {"color": SOURCE_COLOURS[source], "label": label}
            axes.plot(known[column], rows, SOURCE_MARKERS[source], markersize=5, **how)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(rows, [gain_name(gain).replace("no normalisation", "none") for gain in known.itertuples()])
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("gain of ND (percentage points)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.25, 1.0), ncols=2, handletextpad=0.2)
        caption = "What ND gains on ImageNet: in the original, and where baseline and ND were trained alike."
        return render(figure, "imagenet-figure", caption, gains_alt(known))
