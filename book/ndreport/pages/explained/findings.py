"""Sentences with computed numbers for the page that explains network deconvolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ndreport.explained.covariance import Whitening, mean_correlation
from ndreport.explained.gain import largest_gain
from ndreport.explained.layout import channels_together, neighbours_together, usual_description
from ndreport.pages.explained.filters import centre, surround
from ndreport.pages.explained.numbers import each, scientific, signed
from ndreport.pages.explained.tables import CLOSE, variances, whitened_directions
from ndreport.rendering.prose import Prose, count, listing, percent, prose, span

if TYPE_CHECKING:
    from ndreport.explained.practice import Change, Fold, Running

SOLVED = 1e-6
"""A residual at which the root counts as found."""


def about_patches(whitenings: Sequence[Whitening]) -> Prose:
    """Correlation, spread of the eigenvalues and condition before whitening."""
    names = [one.name for one in whitenings]
    before = each(names, [mean_correlation(one.covariance) for one in whitenings], _two)
    first = each(names, [100 * one.eigenvalues[0] / one.eigenvalues.sum() for one in whitenings], _percent)
    condition = each(names, [one.condition for one in whitenings], lambda value: f"{value:,.0f}")
    one = whitenings[0]
    return prose(
        f"Each photograph gives {count(one.patches, 'patch', 'patches')} of {count(len(one.mean), 'number')}. Two "
        f"entries of a patch have an absolute correlation of {before} on average. A single direction, roughly the "
        f"brightness of the whole patch, holds {first} of the variance. The largest eigenvalue of the covariance over "
        f"the smallest, its condition number, is {condition}: gradient descent in a layer with such inputs is "
        "fast along one direction and slow along the others."
    )


def about_whitened(whitenings: Sequence[Whitening]) -> Prose:
    """What share of the correlation is gone, and which variances are left."""
    names = [one.name for one in whitenings]
    after = each(names, [mean_correlation(one.whitened) for one in whitenings], _two)
    gone = [100 * (1 - mean_correlation(one.whitened) / mean_correlation(one.covariance)) for one in whitenings]
    left = [np.diag(one.whitened) for one in whitenings]
    return prose(
        f"After {count(whitenings[0].n_iter, 'iteration')} the mean absolute correlation is {after}: "
        f"**{each(names, gone, _percent)} of it is gone**, not all of it. Nor is the variance of every entry one, as "
        f"it would be after exact whitening: it lies between {_two(min(v.min() for v in left))} and "
        f"{_two(max(v.max() for v in left))}."
    )


def about_filters(whitenings: Sequence[Whitening]) -> Prose:
    """Centre and surround of the filters, as they are and with the exact root, and the answer to a uniform patch."""
    lines = []
    for one in whitenings:
        own, around = centre(one.filters()), surround(one.filters())
        exact = one.filters(one.exact)
        answer = one.filters().sum(axis=(1, 2, 3)) / own
        opposite = int((around * own[:, None] < 0).sum())
        lines.append(
            f"- *{one.name}*: the middle weighs {_range(own)}, its surround in the same channel {_range(around)} "
            f"({opposite} of {around.size} weights with the opposite sign). A uniform grey patch is answered with "
            f"{span(100 * answer, _percent)} of what the middle alone would give. With the exact root the middle would "
            f"weigh {_range(centre(exact))} and the surround {_range(surround(exact))}."
        )
    return prose("\n".join(["The three output channels of each photograph:", "", *lines]))


def about_iteration(whitenings: Sequence[Whitening]) -> Prose:
    """Residual at the default, and how many iterations the root itself would take."""
    default = whitenings[0].n_iter
    names = [one.name for one in whitenings]
    at_default = each(names, [one.residuals[default] for one in whitenings], _two)
    return prose(
        f"After the default of {count(default, 'iteration')} the residual is {at_default}; it was "
        f"{each(names, [one.residuals[0] for one in whitenings], _two)} at the start. "
        f"To fall below {scientific(SOLVED)} it takes {listing(_solved(one) for one in whitenings)}."
    )


def _solved(one: Whitening) -> str:
    reached = np.flatnonzero(one.residuals <= SOLVED)
    needed = f"{reached[0]}" if len(reached) else f"more than {len(one.residuals) - 1}"
    return f"{needed} iterations (*{one.name}*)"


def about_gains(whitenings: Sequence[Whitening]) -> Prose:
    """How many directions are whitened, and what the others get."""
    n_iter = whitenings[0].n_iter
    names = [one.name for one in whitenings]
    caps = each(names, [largest_gain(one.norm, n_iter) for one in whitenings], _two)
    wanted = each(names, [one.eigenvalues[-1] ** -0.5 for one in whitenings], lambda value: f"{value:.0f}")
    close = each(names, [whitened_directions(one, n_iter) for one in whitenings], str)
    got = each(names, [100 * variances(one, n_iter)[-1] ** 0.5 for one in whitenings], _percent)
    return prose(
        f"With {count(n_iter, 'iteration')} no direction of these photographs can be amplified more than {caps} times, "
        f"while the weakest one would need {wanted}; it gets {got} of that. Of {len(whitenings[0].mean)} directions "
        f"{close} end with a variance within {_percent(100 * CLOSE)} of one. So the default whitens the few strong "
        "directions, and multiplies all weak ones, where fine detail and noise lie, by almost the same number: a "
        "*soft* whitening."
    )


def about_blocks(found: np.ndarray, block: int) -> Prose:
    """The layout that was found, against the usual description, for one layer."""
    usual = usual_description(len(found), block)
    near, pairs = neighbours_together(found)
    near_usual, _ = neighbours_together(usual)
    same, across = channels_together(found)
    same_usual, _ = channels_together(usual)
    spread = sum(len(set(row)) > 1 for row in found.tolist())
    return prose(
        f"In this layer {spread} of {count(len(found), 'channel')} are spread over several blocks. Of {pairs} pairs of "
        f"neighbouring pixels of one channel **{near} are in one block**; if blocks were groups of channels it would "
        f"be {near_usual}. Of {across} pairs of channels at one position {same} are in one block, against {same_usual}."
    )


def about_pooling(slots: np.ndarray) -> Prose:
    """What the rows of the one matrix of a layer are estimated from.

    Args:
        slots: row of every channel and kernel position, (c, k).
    """
    channels = [set(np.nonzero(slots == row)[0].tolist()) for row in np.unique(slots)]
    alone = sum(len(members) == 1 for members in channels)
    members = listing(f"channel {c}, position {p}" for c, p in np.argwhere(slots == 0))
    return prose(
        f"The one matrix of this layer has {len(channels)} rows for {slots.size} entries. {alone} rows are estimated "
        "from different positions of one channel, as if they were one quantity, and "
        f"{len(channels) - alone} from entries of different channels. The first row, for instance, pools {members}."
    )


def about_choices(changes: Sequence[Change]) -> Prose:
    """The choice that moves the whitening matrix most."""
    most = max(changes, key=lambda change: max(change.moved.values()))
    others = [100 * value for change in changes if change is not most for value in change.moved.values()]
    moved = each(list(most.moved), [100 * share for share in most.moved.values()], _percent)
    apart = each(list(most.apart_from_scale), [100 * share for share in most.apart_from_scale.values()], _percent)
    return prose(
        f"Of these choices *{most.what}* moves D most, by {moved} of its norm; each of the others by at most "
        f"{percent(max(others), 2)}. Most of it is a common factor, which the weights of the layer could make up for; "
        f"what no factor explains is {apart}."
    )


def about_running(running: Running) -> Prose:
    """What evaluation uses after some steps."""
    weights = listing(
        f"{percent(100 * weight, 1)} after {step}"
        for step, weight in zip(running.steps, running.start_weight, strict=True)
    )
    distances = listing(percent(100 * distance, 1) for distance in running.distance)
    return prose(
        f"With momentum {running.momentum:g} the identity, with which the running matrix starts, still has a weight of "
        f"{weights} training steps that show both photographs in turn; the running matrix is then {distances} of its "
        "norm away from the mean of the photographs' matrices. That mean in turn is "
        f"{percent(100 * running.roots_against_root, 1)} away from the matrix of their mean covariance: an average of "
        "roots is not the root of an average."
    )


def about_fold(fold: Fold) -> Prose:
    """How much two ways of computing one output differ."""
    plain = f"differs from it by {scientific(fold.plain)}" if fold.plain else "does not differ from it at all"
    return prose(
        "The largest difference between whitening every patch first and the layer's folded convolution, relative to "
        f"the largest output: {scientific(fold.double)} in double and {scientific(fold.single)} in single precision, "
        f"which is rounding. In evaluation, the plain convolution that `ndcore.fold` makes of the layer {plain}."
    )


def _two(number: float) -> str:
    return signed(number, 2)


def _percent(number: float) -> str:
    return percent(number, 0)


def _range(values: np.ndarray) -> str:
    return span(np.ravel(values), _two)
