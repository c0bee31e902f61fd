"""The table of what every number of iterations reaches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ndreport.explained.covariance import Whitening
from ndreport.explained.gain import gains, largest_gain
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import scientific
from ndreport.rendering.values import Value

COMPUTED = (
    "Computed while this page was built, from the photograph {name}.jpg of scikit-learn, by ndreport.explained.{module}"
)
"""Source of a value."""
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
    return view(ITERATIONS, [column for one in whitenings for column in _columns(one)], str)


def _columns(one: Whitening) -> list[Column]:
    by_iteration, by_gain = (COMPUTED.format(name=one.name, module=module) for module in ("iteration", "gain"))

    def whitened(n_iter: int) -> Value:
        directions = whitened_directions(one, n_iter)
        return Value(f"{directions} of {len(one.mean)}", by_gain, number=directions)

    return [
        Column((one.name, "residual"), lambda n: float(one.residuals[n]), note=by_iteration, show=scientific),
        Column((one.name, "largest possible gain"), lambda n: largest_gain(one.norm, n), 2, by_gain),
        Column((one.name, "directions whitened"), whitened),
        Column(
            (one.name, "smallest variance"), lambda n: float(variances(one, n).min()), note=by_gain, show=scientific
        ),
    ]


def iterations_table(whitenings: Sequence[Whitening]) -> Html:
    """What different numbers of iterations reach."""
    caption = (
        f"What Newton–Schulz reaches on the photographs. A direction counts as whitened if its variance is within "
        f"{100 * CLOSE:.0f} % of one."
    )
    return table(iterations_view(whitenings), caption, "iterations", "Iterations")
