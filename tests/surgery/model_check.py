"""What is asked of every model of the list: converted, trained a few steps, folded."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from model_list import Entry
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

import ndcore
from ndcore.errors import UserError

LEARNING_RATE, STEPS = 0.01, 3
BEFORE, FOLDED = 1e-4, 1e-5
"""Largest differences relative to the largest value: of outputs before training, and after the fold."""


@dataclass(frozen=True)
class Outcome:
    """What came of a model."""

    verdict: str
    """ "works", "refused", "wrong", "destroyed", or "destroyed too" where the model's own normalisation is as well."""
    detail: str = ""


def check(entry: Entry) -> Outcome:
    """Convert, evaluate, train, evaluate, fold, evaluate."""
    model, batch = entry.model().eval(), entry.batch()
    expected = outputs(model, batch)
    try:
        new, summary = ndcore.deconvolve(model, **entry.conversion, report=True)
    except UserError as error:
        return Outcome("refused", str(error))
    if not (error := difference(outputs(new, batch), expected)) <= BEFORE:
        return Outcome("wrong", f"before training the outputs differ by {error:.1e}")
    if trouble := train(new, batch):
        return Outcome("destroyed too" if train(copy.deepcopy(model), batch) else "destroyed", trouble)
    folded, folding = ndcore.fold(new, report=True)
    if not (error := difference(outputs(folded, batch), outputs(new, batch))) <= FOLDED:
        return Outcome("wrong", f"folded the outputs differ by {error:.1e}")
    return Outcome("works", "; ".join((summary.headline, *folding.notes)))


def train(model: nn.Module, batch: tuple) -> str:
    """Ordinary steps; what went wrong, or nothing."""
    torch.manual_seed(2)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    model.train()
    for step in range(STEPS):
        try:
            loss = loss_of(model(*batch))
        except ndcore.errors.NonFiniteError as error:
            return f"step {step}: {error}"
        if not loss.isfinite():
            return f"step {step}: loss {loss.item()}"
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    broken = any(not value.isfinite().all() for value in outputs(model, batch))
    return "evaluation is not finite" if broken else ""


def loss_of(result: object) -> Tensor:
    """The sum of what looks like losses; cross-entropy of what looks like logits; of others the distance from 1."""
    total = torch.zeros(())
    for value in tree_leaves(result):
        if isinstance(value, Tensor) and value.is_floating_point() and value.numel():
            if value.dim() == 2:
                total = total + F.cross_entropy(value, torch.arange(len(value)) % value.shape[1])
            else:
                total = total + (value if value.dim() == 0 else (value - 1).square().mean())
    return total


@torch.no_grad()
def outputs(model: nn.Module, batch: tuple) -> list[Tensor]:
    torch.manual_seed(3)
    result = tree_leaves(model.eval()(*batch))
    return [value for value in result if isinstance(value, Tensor) and value.is_floating_point()]


def difference(got: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    pairs = zip(got, expected, strict=True)
    return max(((a - b).abs().max() / b.abs().max().clamp_min(1e-30)).item() for a, b in pairs if b.numel())
