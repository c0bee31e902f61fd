"""Matrices as colours: one diverging map for the page, white at 0, from Okabe and Ito's blue to their vermillion."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ndreport.explained.covariance import Whitening, correlation, mean_correlation
from ndreport.rendering.html import Html
from ndreport.rendering.prose import signed
from ndreport.rendering.svg import DIVERGING, INK, WIDTH, render, side_by_side, style

CHANNELS = ("red", "green", "blue")
COLOURS = LinearSegmentedColormap.from_list("blue-white-vermillion", DIVERGING)
"""Told apart with every kind of colour blindness; lightness falls from the middle to either end."""


def draw(axes: Axes, matrix: np.ndarray, limit: float) -> AxesImage:
    """A matrix on an axis without a grid, colours from −limit to limit."""
    axes.grid(False)
    axes.tick_params(length=0)
    return axes.imshow(matrix, cmap=COLOURS, vmin=-limit, vmax=limit, interpolation="none")


def readable_on(colour: tuple[float, ...] | str) -> str:
    """Black or white, whichever has the higher contrast (WCAG 2) on a colour; at least 4.5:1 on any."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "white"


def correlations(whitenings: list[Whitening], after: bool = False) -> Html:
    """The correlations of the entries of a patch, before or after whitening, one figure per photograph."""
    return side_by_side(_correlation(one, after) for one in whitenings)


def correlation_alt(one: Whitening, after: bool) -> str:
    """What the colours state, in words."""
    covariance = one.whitened if after else one.covariance
    values = correlation(covariance)[~np.eye(len(covariance), dtype=bool)]
    return (
        f"Correlations of the {len(covariance)} entries of a patch of the photograph {one.name} "
        f"{'after' if after else 'before'} whitening, as colours. Off the diagonal they lie between "
        f"{signed(values.min())} and {signed(values.max())}; the mean of their absolute values is "
        f"{mean_correlation(covariance):.2f}."
    )


def _correlation(one: Whitening, after: bool) -> Html:
    matrix = correlation(one.whitened if after else one.covariance)
    positions = len(matrix) // len(CHANNELS)
    with style():
        figure = Figure(figsize=(WIDTH, 3.7))
        axes = figure.subplots()
        image = draw(axes, matrix, 1)
        for place in range(1, len(CHANNELS)):
            axes.axhline(place * positions - 0.5, color="black", linewidth=0.7)
            axes.axvline(place * positions - 0.5, color="black", linewidth=0.7)
        middles = [place * positions + (positions - 1) / 2 for place in range(len(CHANNELS))]
        axes.set_xticks(middles, CHANNELS)
        axes.set_yticks(middles, CHANNELS, rotation=90, va="center")
        axes.set(xlabel="channel, position within it", ylabel="channel, position within it")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="correlation", ticks=[-1, -0.5, 0, 0.5, 1]).outline.set_edgecolor(INK)
        when = f"after {one.n_iter} iterations" if after else "before whitening"
        caption = f"{one.name}, {when}: correlations of the entries of a patch; within a channel row by row."
        ident = f"correlation-{one.name}-{'after' if after else 'before'}"
        return render(figure, ident, caption, correlation_alt(one, after))
