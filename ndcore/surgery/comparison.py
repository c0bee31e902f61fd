"""Whether two models compute the same for an example."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ndcore.errors import UserError, first_line
from ndcore.surgery.copying import copied, undisturbed

TOLERANCE = 1e-4
"""Largest difference of outputs, relative to the largest output, that an example may show: float32 has 1e-7."""


def as_inputs(example: Any) -> tuple:
    """The arguments of a call: a tuple is several of them."""
    return example if isinstance(example, tuple) else (example,)


def run(model: nn.Module, example: Any) -> list[Any]:
    """What a copy of a model returns for an example in evaluation mode, the same random numbers each time.

    Raises:
        UserError: it raises.
    """
    copy = copied(model).eval()
    with torch.no_grad(), undisturbed(model):
        torch.manual_seed(0)
        try:
            return tree_leaves(copy(*as_inputs(example)))
        except Exception as error:  # whatever a user's model raises
            raise UserError(
                f"example: the forward pass of {type(model).__name__} fails on it: {first_line(error)}"
            ) from error


def require_same(expected: list[Any], got: list[Any], what: str) -> None:
    """The outputs of the given model and those of what was made of it.

    Raises:
        UserError: they differ, or the given model's are NaN, so that there is nothing to compare.
    """
    for number, value in enumerate(expected):
        if isinstance(value, Tensor) and value.isnan().any():
            raise UserError(
                f"{what}: {int(value.isnan().sum())} of the {value.numel()} values of output {number} of the example "
                "are NaN in the given model already: look for NaN in its input, its weights and its running values"
            )
    if len(expected) != len(got):
        raise UserError(f"{what}: the example has {len(expected)} outputs before, and {len(got)} after")
    for a, b in zip(expected, got, strict=True):
        if isinstance(a, Tensor) and isinstance(b, Tensor) and not (error := _difference(a, b)) <= TOLERANCE:
            raise UserError(
                f"{what}: the outputs of the example differ by {error:.1e} of the largest: the forward of this "
                "model takes another way when it is traced, and branches on its input or on what it has kept"
            )


def _difference(a: Tensor, b: Tensor) -> float:
    """Largest difference relative to the largest finite value; infinite where it cannot be taken."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    if not (a.is_floating_point() or a.is_complex()):
        return 0.0 if torch.equal(a, b) else float("inf")
    finite = a.isfinite()
    if not torch.equal(a[~finite], b[~finite]):
        return float("inf")
    a, b = a[finite], b[finite]
    return ((a - b).abs().max() / a.abs().max().clamp_min(torch.finfo(a.dtype).tiny)).item() if a.numel() else 0.0
