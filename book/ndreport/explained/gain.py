"""What Newton–Schulz does to one eigenvalue: the iteration as a polynomial; plain numpy.

All iterates are polynomials of Σ, so they share its eigenvectors. With f = ‖Σ‖_F, an eigenvalue λ of Σ and
s = √(λ/f)·z, the iteration of `ndcore.layers.newton_schulz` becomes z ← z·(3 − s²)/2 from z = 1, and the gain that D
gives to that direction is g = z/√f. Because s stays in (0, 1] and only grows, g exceeds neither λ^(−½) nor (3/2)ⁿ/√f.
"""

from __future__ import annotations

import numpy as np


def gains(eigenvalues: np.ndarray, norm: float, n_iter: int) -> np.ndarray:
    """Gain of the directions with these eigenvalues of Σ, in the shape of the eigenvalues.

    Args:
        eigenvalues: between 0 and `norm`.
        norm: ‖Σ‖_F.
        n_iter: iterations, 0 or more.
    """
    share = np.asarray(eigenvalues) / norm
    z = np.ones_like(share)
    for _ in range(n_iter):
        z = z * (3 - share * z**2) / 2
    return z / np.sqrt(norm)


def largest_gain(norm: float, n_iter: int) -> float:
    """No direction is amplified more than this: (3/2)ⁿ/√‖Σ‖_F."""
    return 1.5**n_iter / norm**0.5
