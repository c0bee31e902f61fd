"""Tables of the page: what every number of iterations reaches, and what the choices of a layer change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ndreport.explained.covariance import Whitening
from ndreport.explained.gain import gains, largest_gain
from ndreport.pages.explained.numbers import COMPUTED, scientific
from ndreport.rendering.html import Html, table
from ndreport.rendering.values import Value, decimal

if TYPE_CHECKING:
    from ndreport.explained.practice import Change

ITERATIONS = (1, 3, 5, 10, 15, 20)
"""1, 3, 5, 10 and 15 are those of layers in the study."""
CLOSE = 0.1
"""A direction counts as whitened if its variance is within this of one."""


def variances(one: Whitening, n_iter: int) -> np.ndarray:
    """Variance of every direction after whitening, (d), the direction of largest variance first."""
    return gains(one.eigenvalues, one.norm, n_iter) ** 2 * one.eigenvalues


def whitened_directions(one: Whitening, n_iter: int) -> int:
    """Number of directions with a variance close to one."""
    return int((np.abs(variances(one, n_iter) - 1) <= CLOSE).sum())


def iterations_view(whitenings: Sequence[Whitening]) -> pd.DataFrame:
    """Cells of the table of iterations."""
    rows = {
        str(n_iter): {(one.name, what): cell for one in whitenings for what, cell in _reached(one, n_iter).items()}
        for n_iter in ITERATIONS
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _reached(one: Whitening, n_iter: int) -> dict[str, Value]:
    by_iteration, by_gain = (COMPUTED.format(name=one.name, module=module) for module in ("iteration", "gain"))
    directions = whitened_directions(one, n_iter)
    smallest = float(variances(one, n_iter).min())
    return {
        "residual": Value(scientific(one.residuals[n_iter]), by_iteration, number=float(one.residuals[n_iter])),
        "largest possible gain": decimal(largest_gain(one.norm, n_iter), by_gain),
        "directions whitened": Value(f"{directions} of {len(one.mean)}", by_gain, number=directions),
        "smallest variance": Value(scientific(smallest), by_gain, number=smallest),
    }


def iterations_table(whitenings: Sequence[Whitening]) -> Html:
    """What different numbers of iterations reach."""
    caption = (
        f"What Newton–Schulz reaches on the photographs. A direction counts as whitened if its variance is within "
        f"{100 * CLOSE:.0f} % of one."
    )
    return table(iterations_view(whitenings), caption, "iterations", "Iterations")


def changes_view(changes: Sequence[Change]) -> pd.DataFrame:
    """Cells of the table of choices, in percent."""
    rows = {
        change.what: {
            (kind, name): Value(
                scientific(100 * moved), COMPUTED.format(name=name, module="practice"), number=100 * moved
            )
            for kind, shares in (("as it is", change.moved), ("apart from a factor", change.apart_from_scale))
            for name, moved in shares.items()
        }
        for change in changes
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def changes_table(changes: Sequence[Change]) -> Html:
    """How far the whitening matrix moves if one choice is changed."""
    caption = (
        "How far the whitening matrix D moves, in percent of its norm, if one thing is done differently. The "
        "comparison is with all patches of the photograph, without padding, in double precision."
    )
    return table(changes_view(changes), caption, "choices", "Done differently")
