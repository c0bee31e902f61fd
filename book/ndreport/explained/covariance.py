"""The covariance of the patches of a photograph, before and after whitening; plain numpy.

Letters of the shapes as in `ndcore.layers.statistics`; here g = b = 1 and d = 3 channels · k positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KERNEL = (3, 3)
EPS, N_ITER = 1e-5, 5
"""Defaults of `FastDeconv`, and of the study."""


@dataclass(frozen=True)
class Whitening:
    """The patches of one photograph before and after whitening."""

    name: str
    n_iter: int
    eps: float
    patches: int
    mean: np.ndarray
    """(d)"""
    covariance: np.ndarray
    """Biased covariance of the patches plus eps·I, (d, d)."""
    deconv: np.ndarray
    """The whitening matrix D, (d, d)."""
    whitened: np.ndarray
    """Covariance of the whitened patches, without eps, (d, d)."""
    residuals: np.ndarray
    """What is left to do after 0, 1, 2, … iterations: ‖D²Σ − I‖_F / √d."""

    @property
    def eigenvalues(self) -> np.ndarray:
        """Of the covariance, largest first (d)."""
        return np.linalg.eigvalsh(self.covariance)[::-1]

    @property
    def condition(self) -> float:
        """Largest over smallest eigenvalue."""
        return self.eigenvalues[0] / self.eigenvalues[-1]

    @property
    def norm(self) -> float:
        """‖Σ‖_F, by which the iteration divides first."""
        return float(np.linalg.norm(self.covariance))

    @property
    def exact(self) -> np.ndarray:
        """The exact inverse root (d, d), which the iteration approaches."""
        values, vectors = np.linalg.eigh(self.covariance)
        return vectors * values**-0.5 @ vectors.T

    def filters(self, matrix: np.ndarray | None = None) -> np.ndarray:
        """The three rows of D (or of another matrix) that make the channels of the middle pixel, (3, 3, k, k)."""
        rows = self.deconv if matrix is None else matrix
        size = KERNEL[0] * KERNEL[1]
        return rows[size // 2 :: size].reshape(3, 3, *KERNEL)


def correlation(covariance: np.ndarray) -> np.ndarray:
    """Pearson correlations (d, d) of a covariance."""
    deviation = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation, deviation)


def mean_correlation(covariance: np.ndarray) -> float:
    """Mean absolute correlation of two different entries, 0 to 1."""
    others = ~np.eye(len(covariance), dtype=bool)
    return float(np.abs(correlation(covariance)[others]).mean())


def relative_difference(matrix: np.ndarray, base: np.ndarray) -> float:
    """‖A − B‖_F / ‖B‖_F."""
    return float(np.linalg.norm(matrix - base) / np.linalg.norm(base))
