"""Which entries of a patch share a block: the layer's layout beside the one it is usually described with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ndreport.explained.layout import channels_together, neighbours_together, usual_description
from ndreport.pages.explained.heatmap import readable_on
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import count
from ndreport.rendering.svg import FILLS, WIDTH, render, side_by_side, style
from ndreport.rendering.values import Value

COLOURS = [colour for colour, _ in FILLS]
"""Of the blocks; the digit in a cell says the block as well."""


def layouts(found: np.ndarray, block: int) -> Html:
    """Two figures: the blocks that a layer was found to have, and groups of successive channels.

    Args:
        found: block of every channel and kernel position, (c, k).
        block: channels per block.
    """
    usual = usual_description(len(found), block)
    return side_by_side(
        [
            _layout(found, "blocks-code", "What the layer does: block of every entry of a patch, found by experiment."),
            _layout(usual, "blocks-usual", "The usual description: every block is a group of successive channels."),
        ]
    )


def layout_alt(blocks: np.ndarray) -> str:
    """What the cells state, in words."""
    near, pairs = neighbours_together(blocks)
    same, across = channels_together(blocks)
    mixed = sum(len(set(row)) > 1 for row in blocks.tolist())
    return (
        f"{count(blocks.shape[0], 'channel')} as rows, {count(blocks.shape[1], 'kernel position')} as columns, in "
        f"every cell its block. {mixed} of the channels belong to more than one block. {near} of {pairs} pairs of "
        f"neighbouring pixels of a channel are in one block, and {same} of {across} pairs of channels at one position."
    )


def _layout(blocks: np.ndarray, ident: str, caption: str) -> Html:
    channels, positions = blocks.shape
    with style():
        figure = Figure(figsize=(WIDTH, 3.9))
        axes = figure.subplots()
        axes.grid(False)
        axes.imshow(
            blocks % len(COLOURS),
            cmap=ListedColormap(COLOURS),
            vmin=-0.5,
            vmax=len(COLOURS) - 0.5,
            interpolation="none",
        )
        for (channel, position), block in np.ndenumerate(blocks):
            ink = readable_on(COLOURS[block % len(COLOURS)])
            axes.text(position, channel, str(block), ha="center", va="center", color=ink)
        axes.set(
            xlabel="kernel position, row by row", ylabel="channel", xticks=range(positions), yticks=range(channels)
        )
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        return render(figure, ident, caption, layout_alt(blocks))


def layouts_view(found: dict[int, np.ndarray]) -> pd.DataFrame:
    """Cells of the table of layouts: one row per number of blocks.

    Args:
        found: block of every entry (c, k), by the number of blocks.
    """
    columns = [
        Column((kind, name), lambda row, counted=counted, way=way: _together(*counted(way(row[1])), way))
        for kind, counted in PAIRS.items()
        for name, way in WAYS.items()
    ]
    return view(found.items(), columns, lambda row: str(row[0]))


def _found(blocks: np.ndarray) -> np.ndarray:
    return blocks


def _usual(blocks: np.ndarray) -> np.ndarray:
    return usual_description(len(blocks), len(blocks) // len(np.unique(blocks)))


PAIRS = {"neighbouring pixels of a channel": neighbours_together, "channels at one position": channels_together}
WAYS = {"as the layer does": _found, "as usually described": _usual}


def _together(part: int, whole: int, way: Callable[[np.ndarray], np.ndarray]) -> Value:
    source = "layout.usual_description" if way is _usual else "blocks.find_blocks"
    return Value(f"{part} of {whole}", f"Counted over a layer by ndreport.explained: {source}", number=part)


def layouts_table(found: dict[int, np.ndarray]) -> Html:
    """How many pairs are whitened together, by the number of blocks."""
    channels = {len(blocks) for blocks in found.values()}
    caption = (
        f"Pairs of entries that are whitened together, in layers with {' and '.join(map(str, channels))} channels and "
        "square kernels of three by three."
    )
    return table(layouts_view(found), caption, "blocks", "Blocks")
