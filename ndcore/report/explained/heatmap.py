"""Matrices as colours: one diverging map for the page, white at 0, from Okabe and Ito's blue to their vermillion."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ndcore.explain.whitening import Whitening, correlation, mean_correlation
from ndcore.report.explained.numbers import CHANNELS
from ndcore.report.html import Html
from ndcore.report.svg import BLUE, INK, VERMILLION, render, style

DIVERGING = LinearSegmentedColormap.from_list("blue-white-vermillion", [BLUE, "#f7f7f7", VERMILLION])
"""Told apart with every kind of colour blindness, and by lightness alone from the middle to either end."""


def draw(axes: Axes, matrix: np.ndarray, limit: float) -> AxesImage:
    """A matrix on an axis without a grid, colours from −limit to limit."""
    axes.grid(False)
    axes.tick_params(length=0)
    return axes.imshow(matrix, cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="none")
