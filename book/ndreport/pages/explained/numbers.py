"""What the sentences of the page name: numbers of two photographs, and of layers that were tried out on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ndreport.explained.covariance import Whitening, mean_correlation
from ndreport.explained.gain import largest_gain
from ndreport.explained.layout import channels_together, neighbours_together, usual_description
from ndreport.pages.explained.filters import centre, surround
from ndreport.pages.explained.iterations import CLOSE, variances, whitened_directions
from ndreport.rendering.prose import each, listing, percent, scientific, signed, span

if TYPE_CHECKING:
    from ndreport.explained.practice import Change, Fold, Running

SOLVED = 1e-6
"""A residual at which the root counts as found."""


def numbers(
    whitenings: Sequence[Whitening],
    layout: np.ndarray,
    slots: np.ndarray,
    changes: Sequence[Change],
    running: Running,
    fold: Fold,
) -> dict[str, object]:
    """Everything that is put into the sentences, by its name.

    Args:
        whitenings: of the photographs.
        layout: block of every channel and kernel position of a layer, (c, k).
        slots: row of the matrix of every channel and kernel position, (c, k).
        changes: from `ndreport.explained.practice.changes`, like the two that follow.
        running: what evaluation uses after some steps.
        fold: differences between ways to the same output.
    """
    return {
        **_of_photographs(whitenings),
        **{name: value for one in whitenings for name, value in _filters(one).items()},
        **_layout(layout, slots),
        **_choices(changes),
        **_running(running),
        "fold_double": scientific(fold.double),
        "fold_single": scientific(fold.single),
        "fold_plain": scientific(fold.plain),
    }


def _of_photographs(whitenings: Sequence[Whitening]) -> dict[str, object]:
    n_iter, names = whitenings[0].n_iter, [one.name for one in whitenings]
    measures = {
        "correlation": lambda one: signed(mean_correlation(one.covariance)),
        "first_direction": lambda one: _percent(one.eigenvalues[0] / one.eigenvalues.sum()),
        "condition": lambda one: f"{one.condition:,.0f}",
        "correlation_left": lambda one: signed(mean_correlation(one.whitened)),
        "gone": lambda one: _percent(1 - mean_correlation(one.whitened) / mean_correlation(one.covariance)),
        "residual": lambda one: signed(one.residuals[n_iter]),
        "residual_start": lambda one: signed(one.residuals[0]),
        "iterations_needed": lambda one: np.flatnonzero(one.residuals <= SOLVED)[0],
        "largest_gain": lambda one: signed(largest_gain(one.norm, n_iter)),
        "wanted_gain": lambda one: f"{one.eigenvalues[-1] ** -0.5:.0f}",
        "share_of_gain": lambda one: _percent(variances(one, n_iter)[-1] ** 0.5),
        "whitened_directions": lambda one: whitened_directions(one, n_iter),
    }
    left = np.concatenate([np.diag(one.whitened) for one in whitenings])
    return {name: each(names, map(measure, whitenings), str) for name, measure in measures.items()} | {
        "patches": f"{whitenings[0].patches:,}",
        "dimensions": len(whitenings[0].mean),
        "n_iter": n_iter,
        "least_variance": signed(left.min()),
        "most_variance": signed(left.max()),
        "solved": scientific(SOLVED),
        "close": _percent(CLOSE),
    }


def _filters(one: Whitening) -> dict[str, object]:
    """Centre and surround of the filters, as they are and with the exact root, and the answer to a uniform patch."""
    filters, exact = one.filters(), one.filters(one.exact)
    own, around = centre(filters), surround(filters)
    return {
        f"{one.name}_centre": span(own, signed),
        f"{one.name}_surround": span(np.ravel(around), signed),
        f"{one.name}_opposite": f"{(around * own[:, None] < 0).sum()} of {around.size}",
        f"{one.name}_grey": span(filters.sum(axis=(1, 2, 3)) / own, _percent),
        f"{one.name}_exact_centre": span(centre(exact), signed),
        f"{one.name}_exact_surround": span(np.ravel(surround(exact)), signed),
    }


def _layout(layout: np.ndarray, slots: np.ndarray) -> dict[str, object]:
    usual = usual_description(len(layout), len(layout) // len(np.unique(layout)))
    (near, pairs), (same, across) = neighbours_together(layout), channels_together(layout)
    members = [set(np.nonzero(slots == row)[0].tolist()) for row in np.unique(slots)]
    return {
        "channels": len(layout),
        "spread": sum(len(set(row)) > 1 for row in layout.tolist()),
        "near": near,
        "near_pairs": pairs,
        "near_usual": neighbours_together(usual)[0],
        "across": same,
        "across_pairs": across,
        "across_usual": channels_together(usual)[0],
        "rows": len(members),
        "entries": slots.size,
        "rows_alone": sum(len(channels) == 1 for channels in members),
        "rows_mixed": sum(len(channels) > 1 for channels in members),
        "first_row": listing(f"channel {c}, position {p}" for c, p in np.argwhere(slots == 0)),
    }


def _choices(changes: Sequence[Change]) -> dict[str, object]:
    """The choice that moves the whitening matrix most, and how far the others do at most."""
    most = max(changes, key=lambda change: max(change.moved.values()))
    others = [value for change in changes if change is not most for value in change.moved.values()]
    return {
        "choice": most.what,
        "moved": each(most.moved, most.moved.values(), _percent),
        "apart": each(most.apart_from_scale, most.apart_from_scale.values(), _percent),
        "others_moved": percent(100 * max(others)),
    }


def _running(running: Running) -> dict[str, object]:
    weights = zip(running.steps, running.start_weight, strict=True)
    return {
        "momentum": f"{running.momentum:g}",
        "start_weights": listing(f"{percent(100 * weight, 1)} after {step}" for step, weight in weights),
        "distances": listing(percent(100 * distance, 1) for distance in running.distance),
        "roots_apart": percent(100 * running.roots_against_root, 1),
    }


def _percent(share: float) -> str:
    return percent(100 * share, 0)
