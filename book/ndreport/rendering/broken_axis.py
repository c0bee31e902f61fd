"""A horizontal axis that leaves out what lies between most points and a few that are far from them.

One network's gain can be many times that of all others, which then stand on each other on a common scale. The axis is
broken in the gap: two pieces, each linear, with slashes between them; the caption names what is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ndreport.rendering.prose import points
from ndreport.rendering.svg import INK

FAR = 0.5
"""A gap of more than this share of the whole range breaks the axis."""
MARGIN = 0.08
"""Room beside the outermost points, as a share of a piece."""
RATIO = (3, 1.3)
"""Widths of the two pieces."""
SLASH = {"marker": [(-0.5, -1), (0.5, 1)], "markersize": 8, "linestyle": "none", "color": INK, "clip_on": False}


@dataclass(frozen=True)
class Drawn:
    """What a row needs of the axis: a point, and where its interval begins and ends."""

    point: float
    low: float
    high: float


def pieces(rows: Sequence[Drawn], at_least: tuple[float, float], whole: bool) -> list[tuple[float, float]]:
    """Ends of the axis, and of both its pieces if it is broken.

    Args:
        rows: what is drawn; NaN for an interval that there is none of.
        at_least: these two are on the axis, and in its first piece.
        whole: whether the axis holds the intervals as well; they go on beyond its ends if not.
    """
    found = sorted({*at_least, *(row.point for row in rows)})
    gap, below = max((b - a, a) for a, b in pairwise(found))
    near, far = ([row for row in rows if (row.point <= below) is side] for side in (True, False))
    if far and gap > FAR * (found[-1] - found[0]):
        reach = max([*at_least, *(row.point for row in near), *(row.high for row in near if not isnan(row.high))])
        first, second = _ends(near, (*at_least, reach), whole), _ends(far, (), whole)
        if first[1] < second[0]:
            return [first, second]
    return [_ends(rows, at_least, whole)]


def _ends(rows: Sequence[Drawn], at_least: Sequence[float], whole: bool) -> tuple[float, float]:
    used = [*at_least, *(row.point for row in rows)]
    if whole:
        used += [end for row in rows for end in (row.low, row.high) if not isnan(end)]
    low, high = min(used), max(used)
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def broken(
    figure: Figure | SubFigure, ends: Sequence[tuple[float, float]], draw: Callable[[Axes, bool, bool], None]
) -> list[Axes]:
    """The pieces of the axis side by side, with the same rows.

    Args:
        figure: where they are drawn.
        ends: from `pieces`.
        draw: draws everything on one piece; it is told whether the piece is the first and whether it is the last.
    """
    ratios = RATIO[: len(ends)]
    parts = list(figure.subplots(1, len(ends), sharey=True, squeeze=False, width_ratios=ratios)[0])
    for place, (axes, limits) in enumerate(zip(parts, ends, strict=True)):
        axes.set_xlim(limits)
        axes.locator_params(axis="x", nbins=6 if len(ends) == 1 or place == 0 else 2)
        draw(axes, place == 0, place == len(parts) - 1)
    for left, right in pairwise(parts):
        right.spines["left"].set_visible(False)
        right.tick_params(axis="y", length=0)
        left.plot([1], [0], transform=left.transAxes, **SLASH)
        right.plot([0], [0], transform=right.transAxes, **SLASH)
    return parts


def about_break(ends: Sequence[tuple[float, float]]) -> str:
    """For the caption; nothing if the axis is whole."""
    if len(ends) == 1:
        return ""
    (_, from_here), (to_here, _) = ends
    left_out = f"{points(from_here)} to {points(to_here)}"
    return f"the axis is broken and leaves out {left_out}; its right piece has a scale of its own."
