"""Figure: the gain of ND on ImageNet over the original's baselines and over retrained ones."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ndreport.pages.imagenet.tables import gain_name
from ndreport.rendering.html import Html
from ndreport.rendering.prose import points
from ndreport.rendering.svg import BLUE, INK, VERMILLION, render, style

SIZE = (4.6, 3.6)


def gains_alt(gains: pd.DataFrame) -> str:
    """What the figure states, in words: every drawn value."""
    parts = (
        f"{gain_name(gain)} {points(gain['original'])} in the original, {points(gain['reproduced'])} if both retrained"
        for _, gain in gains.iterrows()
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
    names = [gain_name(gain).replace("no normalisation", "none") for _, gain in known.iterrows()]
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for place, gain in enumerate(known.itertuples()):
            axes.annotate(
                "", (gain.reproduced, place), (gain.original, place),
                arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 0.8, "shrinkA": 4, "shrinkB": 4},
            )  # fmt: skip
        rows = range(len(names))
        axes.plot(known["original"], rows, "D", color=VERMILLION, markersize=5, label="original")
        axes.plot(known["reproduced"], rows, "o", color=BLUE, markersize=5, label="both retrained")
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(rows, names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("gain of ND (percentage points)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.25, 1.0), ncols=2, handletextpad=0.2)
        caption = "What ND gains on ImageNet: in the original, and where baseline and ND were trained alike."
        return render(figure, "imagenet-figure", caption, gains_alt(known))
