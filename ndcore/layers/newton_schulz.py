"""Coupled Newton–Schulz iteration for the inverse square root of a covariance matrix (Ye et al. 2020, §3.2, Alg. 1).

With f = ‖A‖_F, Y₀ = A/f and Z₀ = I, each iteration computes

    T = ½ (3I − Z Y),   Y ← Y T,   Z ← T Z,

and Zₙ/√f approaches A^(−½). The number of iterations is fixed, so small eigenvalues are only partly whitened: the gain
along any direction is at most 1.5ⁿ/√f.

Shapes: … any batch dimensions, d matrix size.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def newton_schulz_isqrt(matrix: Tensor, n_iter: int = 5) -> Tensor:
    """Approximate inverse square root of symmetric positive definite matrices, differentiable through every step.

    Args:
        matrix: (…, d, d), symmetric positive definite.
        n_iter: iterations, at least 1.

    Returns:
        (…, d, d).

    Raises:
        ValueError: not square matrices, or n_iter < 1.
    """
    if matrix.dim() < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"newton_schulz_isqrt needs square matrices (…, d, d), got shape {tuple(matrix.shape)}")
    if n_iter < 1:
        raise ValueError(f"newton_schulz_isqrt needs n_iter ≥ 1, got {n_iter}")
    norm = torch.linalg.matrix_norm(matrix, keepdim=True)  # (…, 1, 1)
    *_, (_, z) = iterates(matrix / norm, n_iter)
    return z / norm.sqrt()


def iterates(
    a: Tensor, n_iter: int, product: Callable[[Tensor, Tensor], Tensor] = torch.matmul
) -> list[tuple[Tensor | None, Tensor]]:
    """(Yₜ, Zₜ) for t = 1…n; the last Y is never needed and is None. 3n − 3 products: Z₀ = I saves the first ones."""
    three_halves = 1.5 * torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    t = torch.add(three_halves, a, alpha=-0.5)
    y, z = (product(a, t) if n_iter > 1 else None), t
    pairs = [(y, z)]
    for i in range(2, n_iter + 1):
        t = torch.add(three_halves, product(z, y), alpha=-0.5)
        y, z = (product(y, t) if i < n_iter else None), product(t, z)
        pairs.append((y, z))
    return pairs
