"""The fold of the whitening into the weights, with a gradient of its own: less memory and fewer passes.

Kept for the backward pass are the weights, before and after, which are kept anyway; autograd would keep a reordered
copy of both. The gradient is a formula in inputs and outputs, so that it can be differentiated again.

Letters of the shapes as in `ndcore.layers.statistics`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from ndcore.layers.derivatives import plain_only


def fold(weight: Tensor, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
    """W·D in the shape of the weight (o, c/g, …) and W·D·μ (o), for mean (g, d) and matrix (g, d, d)."""
    return (_folded if plain_only(weight, mean, deconv) else _Fold.apply)(weight, mean, deconv)


def fold_into_weight(weight: Tensor, bias: Tensor | None, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and bias that act on the raw input as the given ones act on the whitened input.

    W·D(x − μ) = (W·D)·x − (W·D)·μ, so the input itself is never touched (Ye et al. 2020, §3.4).

    Args:
        weight: (o, c/g, …), the kernel of a convolution, or (o, features) of a linear layer whose blocks interleave.
        bias: (o) or None.
        mean: (g, d), of any type.
        deconv: (g, d, d).

    Returns:
        weight of the same shape, and bias (o).
    """
    weight, shift = fold(weight, mean.to(weight.dtype), deconv.to(weight.dtype))
    return weight, minus(bias, shift)


def minus(bias: Tensor | None, shift: Tensor) -> Tensor:
    """The bias of a layer, if it has one, less a shift (o)."""
    return -shift if bias is None else bias - shift


class _Fold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, weight: Tensor, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        folded, shift = _folded(weight, mean, deconv)
        ctx.save_for_backward(weight, mean, deconv, folded)
        return folded, shift

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, grad_shift: Tensor) -> tuple[Tensor | None, ...]:
        weight, mean, deconv, folded = ctx.saved_tensors
        grad = _rows(grad, mean)  # (g, o/g·b, d)
        per_row = grad_shift.repeat_interleave(grad.shape[0] * grad.shape[1] // len(weight))
        per_row = per_row.view(len(mean), -1, 1)  # (g, o/g·b, 1), the same for every block of a row
        grad = torch.baddbmm(grad, per_row, mean.unsqueeze(1))
        grad_mean = grad_deconv = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_weight = _weight(torch.bmm(grad, deconv.mT), weight)
        if ctx.needs_input_grad[1]:
            grad_mean = torch.bmm(per_row.mT, _rows(folded, mean)).squeeze(1)  # (g, d)
        if ctx.needs_input_grad[2]:
            grad_deconv = torch.bmm(_rows(weight, mean).mT, grad)  # (g, d, d)
        return grad_weight, grad_mean, grad_deconv


def _folded(weight: Tensor, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
    rows = torch.bmm(_rows(weight, mean), deconv)  # (g, o/g·b, d)
    shift = torch.bmm(rows, mean.unsqueeze(-1)).view(len(weight), -1).sum(-1)  # (o)
    return _weight(rows, weight), shift


def _rows(weight: Tensor, mean: Tensor) -> Tensor:
    """(o, c/g, …) → (g, o/g·b, d): column j of a filter is slot j div b of block j mod b."""
    groups, d = mean.shape
    return weight.reshape(groups, len(weight) // groups, d, -1).mT.reshape(groups, -1, d)


def _weight(rows: Tensor, like: Tensor) -> Tensor:
    """The inverse of `_rows`, contiguous."""
    groups, _, d = rows.shape
    return rows.view(groups, len(like) // groups, -1, d).mT.reshape(-1).view(like.shape)
