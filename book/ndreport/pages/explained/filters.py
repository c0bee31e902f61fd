"""The rows of D that make the middle pixel, drawn as the kernels of a convolution."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ndreport.explained.covariance import Whitening
from ndreport.pages.explained.heatmap import CHANNELS, draw, readable_on
from ndreport.rendering.html import Html
from ndreport.rendering.prose import signed
from ndreport.rendering.svg import WIDTH, render, side_by_side, style


def surround(filters: np.ndarray) -> np.ndarray:
    """The weights around the middle of every channel's kernel for itself, (3, k − 1)."""
    own = filters[range(len(filters)), range(len(filters))].reshape(len(filters), -1)  # (3, k)
    return np.delete(own, own.shape[1] // 2, axis=1)


def centre(filters: np.ndarray) -> np.ndarray:
    """The middle weight of every channel's kernel for itself, (3)."""
    middle = filters.shape[-1] // 2
    return filters[range(len(filters)), range(len(filters)), middle, middle]


def filters_alt(one: Whitening) -> str:
    """What the kernels state, in words."""
    filters = one.filters()
    parts = [
        f"{channel}: {signed(own)} in the middle, {signed(around.min())} to {signed(around.max())} around it"
        for channel, own, around in zip(CHANNELS, centre(filters), surround(filters), strict=True)
    ]
    return (
        f"Nine kernels of the whitening of {one.name}, from each input channel to each output channel. "
        f"A channel's kernel for itself is, {'; '.join(parts)}."
    )


def kernels(whitenings: list[Whitening]) -> Html:
    """One figure per photograph: kernels from every channel (columns) to every channel (rows), with their weights."""
    return side_by_side(_kernels(one) for one in whitenings)


def _kernels(one: Whitening) -> Html:
    filters = one.filters()
    limit = 1.5 * float(np.abs(surround(filters)).max())
    with style():
        figure = Figure(figsize=(WIDTH, 4.5))
        grid = figure.subplots(len(CHANNELS), len(CHANNELS))
        for (row, column), axes in np.ndenumerate(grid):
            kernel = filters[row, column]
            image = draw(axes, kernel, limit)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(True)
            for (y, x), weight in np.ndenumerate(kernel):
                ink = readable_on(image.to_rgba(weight))
                axes.text(x, y, signed(weight).replace("0.", "."), ha="center", va="center", color=ink)
            if row == 0:
                axes.set_title(f"from {CHANNELS[column]}", fontsize=10)
            if column == 0:
                axes.set_ylabel(f"to {CHANNELS[row]}")
        caption = (
            f"{one.name}: the rows of D that make the middle pixel. Colours reach from {signed(-limit)} (blue) to "
            f"{signed(limit)} (vermillion), so that the surround is seen; the centres lie beyond."
        )
        return render(figure, f"kernels-{one.name}", caption, filters_alt(one))
