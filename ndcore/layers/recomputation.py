"""Forward passes that repeat earlier ones for a backward pass: activation checkpointing, reversible networks.

A repetition must compute what the forward that it repeats computed. Where that depends on how often the layer was
called, the layer keeps a note of its last training forwards; a repetition finds its own by a few values of the input.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

KEPT = 64
"""Training forwards that a layer remembers: so often may it be used between a forward and its backward pass."""
PER_AXIS = 4
"""Values per axis of the input by which a forward is known again."""
TOLERANCE = 1e-3
"""Relative to the largest of these values: a repetition on a GPU need not be equal in every bit."""


def recomputing() -> bool:
    """Whether this forward runs inside the autograd engine; PyTorch's own checkpointing asks the same."""
    return not torch.compiler.is_compiling() and torch._C._current_graph_task_id() != -1


@dataclass(eq=False)
class Forward:
    """A training forward that advanced the state."""

    shape: torch.Size
    values: Tensor
    """Some values of its input."""
    source: str
    """Where it had mean and matrix from."""
    version: int | None
    """Version of the buffers that it read; None if it read none."""
    repeated: bool = False

    def was_given(self, x: Tensor) -> bool:
        """Whether its input was this one."""
        if x.shape != self.shape or x.device != self.values.device:
            return False
        values = _some(x)
        return torch.allclose(values, self.values, rtol=0, atol=TOLERANCE * values.abs().max().item(), equal_nan=True)


def noted(past: tuple[Forward, ...], x: Tensor, source: str, buffer: Tensor | None) -> tuple[Forward, ...]:
    """The notes with one more: of a forward of input x that read this buffer."""
    return (*past[1 - KEPT :], Forward(x.shape, _some(x).clone(), source, version(buffer)))


def repeated(past: tuple[Forward, ...], x: Tensor) -> tuple[Forward, tuple[Forward, ...]]:
    """The forward that one with input x repeats, and the notes without those that no later one can mean.

    Raises:
        LookupError: none is known, or several that differ.
    """
    same = [forward for forward in past if forward.was_given(x)]
    # one and the same batch in every step: what was repeated belongs to earlier steps, unless it is all there is
    candidates = [forward for forward in same if not forward.repeated] or same
    if not candidates:
        raise LookupError(f"no forward with this input is among the last {KEPT}")
    *others, found = candidates
    if any((other.source, other.version) != (found.source, found.version) for other in others):
        raise LookupError("several forwards had this input, from different statistics")
    outdated = {id(forward) for forward in same if forward.repeated and forward is not found}
    found.repeated = True
    return found, tuple(forward for forward in past if id(forward) not in outdated)


def version(buffer: Tensor | None) -> int | None:
    """A number that grows with every change in place."""
    return None if buffer is None or buffer.is_inference() else buffer._version


def _some(x: Tensor) -> Tensor:
    return x.detach()[tuple(slice(None, None, -(-size // PER_AXIS) or 1) for size in x.shape)]
