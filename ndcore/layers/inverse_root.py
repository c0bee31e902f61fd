"""The inverse square root of a covariance: the value of `newton_schulz_isqrt`, with a cheaper exact gradient.

The gradient is the forward derivative of the iteration: 4 products per iteration instead of 6 (at n = 5: 16 instead of
24), no graph of small operations, and fewer matrices kept.

Shapes: g matrices, d their size.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from ndcore.layers.derivatives import plain_only
from ndcore.layers.newton_schulz import iterates, newton_schulz_isqrt

PLAIN_ABOVE = 5
"""Iterations above which the plain way is taken: then the gradient of an ill-conditioned covariance is mostly rounding
error in float32, and only the same sequence of operations gives the published numbers. It costs nothing in the networks
of the study, whose only such layers are the first ones: no gradient flows to the image."""

HALVED = 256
"""Size from which on a large matrix is put together from parts; smaller products are too cheap for that."""


def inverse_root(covariance: Tensor, n_iter: int) -> Tensor:
    """Approximate inverse square root of a covariance (g, d, d), the cheapest way with the published numbers."""
    isqrt = newton_schulz_isqrt if n_iter > PLAIN_ABOVE else covariance_isqrt
    return isqrt(covariance, n_iter)


def covariance_isqrt(matrix: Tensor, n_iter: int) -> Tensor:
    """`newton_schulz_isqrt` (g, d, d) for a matrix that is symmetric whatever its inputs are, as every covariance is.

    The gradient that it returns is the symmetric part of the one of `newton_schulz_isqrt`; whatever lies behind a
    symmetric matrix cannot tell the two apart.
    """
    return (newton_schulz_isqrt if plain_only(matrix) else _CovarianceIsqrt.apply)(matrix, n_iter)


class _CovarianceIsqrt(torch.autograd.Function):
    """Every iterate is a polynomial in the symmetric A, so its derivative at A is its own adjoint.

    The gradient with respect to A is therefore the *forward* derivative of the iteration in the direction of the
    (symmetrised) incoming gradient. With E = dY, F = dZ, Q = Y F and R = E Z, all of Y, Z, E, F symmetric:

        dY' = d ½(3Y − Y Z Y) = N + Nᵀ,   N = ¾E − ½(R + ½Q) Y,
        dZ' = d ½(3Z − Z Y Z) = N + Nᵀ,   N = ¾F − ½(Q + ½R)ᵀ Z,

    four products per iteration; the sums around them ride along in `baddbmm`.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, matrix: Tensor, n_iter: int) -> Tensor:
        norm = torch.linalg.matrix_norm(matrix, keepdim=True)  # (…, 1, 1)
        *pairs, (_, z) = iterates(matrix / norm, n_iter, symmetric_product)
        root = z / norm.sqrt()
        ctx.save_for_backward(matrix, norm, root, *(m for pair in pairs for m in pair))
        ctx.n_iter = n_iter
        return root

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        matrix, norm, root, *flat = ctx.saved_tensors
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        if torch.is_grad_enabled():  # the kept iterates are constants; a further derivative goes through them
            norm = torch.linalg.matrix_norm(matrix, keepdim=True)
            pairs = iterates(matrix / norm, ctx.n_iter)[:-1]
        a = matrix / norm
        grad = 0.5 * (grad + grad.mT)
        y, f = a, -0.5 * grad
        e = _next_direction(grad, grad, y) if pairs else None
        for i, (y, z) in enumerate(pairs, start=1):
            q, r = torch.bmm(y, f), torch.bmm(e, z)
            if i < len(pairs):  # the last Y is not needed
                e = _next_direction(e, torch.add(r, q, alpha=0.5), y)
            f = _next_direction(f, torch.add(q, r, alpha=0.5).mT, z)
        # Z(A/f)/√f with f = ‖A‖_F: the norm's own share points along A
        along = 0.5 * norm.sqrt() * _inner(grad, root) + _inner(f, a)  # (g, 1, 1)
        return (f - along * a) / norm**1.5, None


def _next_direction(direction: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """N + Nᵀ with N = ¾·direction − ½·left·right."""
    n = torch.baddbmm(direction, left, right, beta=0.75, alpha=-0.5)
    return n + n.mT


def _inner(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=(-2, -1), keepdim=True)


def symmetric_product(left: Tensor, right: Tensor) -> Tensor:
    """left (g, d, r) · right (g, r, d) where the result (g, d, d) is symmetric; no gradient.

    On a CPU the upper right quarter of a single large matrix is not computed but taken from the lower left one.
    """
    g, d, _ = left.shape
    if g > 1 or d < HALVED or left.device.type != "cpu" or torch.compiler.is_compiling():
        return torch.bmm(left, right)
    half = d // 2
    product = left.new_empty(1, d, d)
    torch.mm(left[0], right[0, :, :half], out=product[0, :, :half])
    torch.mm(left[0, half:], right[0, :, half:], out=product[0, half:, half:])
    product[:, :half, half:] = product[:, half:, :half].mT
    return product
