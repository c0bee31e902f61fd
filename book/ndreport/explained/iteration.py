"""Newton–Schulz on a covariance, iteration by iteration.

Shapes: d size of the matrix, n iterations.
"""

from __future__ import annotations

import numpy as np
import torch

from ndcore.layers.newton_schulz import iterates

SHOWN = 20
"""Iterations up to which the residual is followed."""


def roots(covariance: np.ndarray, n_iter: int = SHOWN) -> np.ndarray:
    """D after 0, 1, … n iterations, (n + 1, d, d)."""
    matrix = torch.as_tensor(covariance, dtype=torch.float64)
    norm = torch.linalg.matrix_norm(matrix)
    start = torch.eye(len(matrix), dtype=torch.float64)
    steps = [start, *(z for _, z in iterates(matrix / norm, n_iter)[:n_iter])]
    return (torch.stack(steps) / norm.sqrt()).numpy()


def residuals(covariance: np.ndarray, n_iter: int = SHOWN) -> np.ndarray:
    """‖D²Σ − I‖_F / √d after 0, 1, … n iterations (n + 1): the root mean square of what each variance lacks to 1."""
    steps = roots(covariance, n_iter)
    error = steps @ steps @ covariance - np.eye(len(covariance))
    return np.linalg.norm(error, axis=(1, 2)) / np.sqrt(len(covariance))
