"""Weights of the published code in the networks here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from ndcore.errors import UserError
from ndcore.models._original_names import published_names

SHOWN = 5
"""Keys that an error names of each kind."""


def load(
    name: str, norm: str, checkpoint: Mapping[str, Any], num_classes: int | None, create: Callable[[int], nn.Module]
) -> nn.Module:
    """See `ndcore.models.load_original`; `create` makes the network with so many classes."""
    names = published_names(name, norm)
    given = _tensors(name, checkpoint)
    with torch.device("meta"):  # without spending time or random numbers on weights that are replaced
        model = create(_classes(given) if num_classes is None else num_classes)
    expected = {names.key(own): (own, tensor) for own, tensor in model.state_dict().items()}
    for key, (_, tensor) in expected.items():
        if key.endswith(".num_batches_tracked"):  # which PyTorch did not always have
            given.setdefault(key, torch.zeros_like(tensor, device="cpu"))
    _require_same(f"{name} ({norm})", {key: tensor.shape for key, (_, tensor) in expected.items()}, given)
    dtype = reduce(torch.promote_types, {t.dtype for t in given.values() if t.is_floating_point()}, torch.float32)
    model = model.to(dtype).to_empty(device="cpu")
    model.load_state_dict({own: given[key] for key, (own, _) in expected.items()})
    return model


def _tensors(name: str, checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state dict of a checkpoint, without the name under which `DataParallel` holds what it wraps."""
    state: Any = checkpoint
    for wrapping in ("state_dict", "net"):
        if isinstance(state, Mapping) and wrapping in state:
            state = state[wrapping]
    if isinstance(state, nn.Module):  # checkpoints may hold the whole network
        state = state.state_dict()
    if not isinstance(state, Mapping):
        raise UserError(f"{name}: a state dict is a mapping of names to tensors, got {type(state).__name__}")
    tensors = {}
    for key, value in state.items():
        own = ".".join(part for part in str(key).split(".") if part != "module")
        try:
            tensors[own] = value if isinstance(value, Tensor) else torch.tensor(value)
        except (TypeError, ValueError, RuntimeError):
            raise UserError(
                f"{name}: {key!r} in the state dict is no tensor but {type(value).__name__}; pass the state dict "
                "itself, or a checkpoint that has it as 'state_dict' or 'net'"
            ) from None
    return tensors


def _classes(state: Mapping[str, Tensor]) -> int:
    """Outputs of the classifier: rows of the last weight that is a matrix."""
    matrices = [key for key, tensor in state.items() if key.endswith(".weight") and tensor.dim() == 2]
    return len(state[max(matrices)]) if matrices else 10


def _require_same(what: str, expected: Mapping[str, torch.Size], given: Mapping[str, Tensor]) -> None:
    wrong = [
        f"{key} {tuple(given[key].shape)} instead of {tuple(shape)}"
        for key, shape in expected.items()
        if key in given and given[key].shape != shape
    ]
    faults = (
        ("missing", [key for key in expected if key not in given]),
        ("unexpected", [key for key in given if key not in expected]),
        ("of another shape", wrong),
    )
    if any(keys for _, keys in faults):
        listed = "; ".join(f"{kind}: {_listed(keys)}" for kind, keys in faults if keys)
        raise UserError(f"not a state dict of the published {what}, nothing was loaded; {listed}")


def _listed(keys: Iterable[str]) -> str:
    keys = list(keys)
    return ", ".join(keys[:SHOWN]) + (f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")
