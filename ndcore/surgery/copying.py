"""Copies of a model on which its code may run: whatever that code changes, the given model does not see it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ndcore.errors import UserError

CONTAINERS = (list, dict, set)


def copied(model: nn.Module) -> nn.Module:
    """A deep copy. Tensors in it that were computed (features kept by a forward pass, a pruned weight) are constants.

    Raises:
        UserError: the model has something that cannot be copied.
    """
    try:
        with _ComputedTensorsToo():
            return copy.deepcopy(model)
    except Exception as error:  # whatever a user's module holds
        raise UserError(f"{type(model).__name__} cannot be copied: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class _ComputedTensorsToo(TorchFunctionMode):
    """`copy.deepcopy` refuses tensors with a history; here their values are copied without it."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is Tensor.__deepcopy__ and not args[0].is_leaf:
            tensor, memo = args
            memo[id(tensor)] = tensor.detach().clone()
            return memo[id(tensor)]
        return func(*args, **(kwargs or {}))


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Run code of a copy of the model: class attributes and the state of random numbers are as before afterwards.

    A deep copy has its own instance attributes, but shares those of its classes.
    """
    devices = {p.device for p in model.parameters() if p.device.type == "cuda"}
    kinds = {kind for module in model.modules() for kind in type(module).__mro__ if not _is_torch(kind)}
    before = {kind: {key: (value, _content(value)) for key, value in vars(kind).items()} for kind in kinds}
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        for kind, values in before.items():
            for key in set(vars(kind)) - set(values):
                delattr(kind, key)
            for key, (value, content) in values.items():
                if vars(kind).get(key) is not value and not key.startswith("__"):
                    setattr(kind, key, value)
                if content is not None and _identities(content) != _identities(value):
                    _refill(value, content)


def _is_torch(kind: type) -> bool:
    return kind is object or kind.__module__.partition(".")[0] == "torch"


def _content(value: Any) -> Any:
    return copy.copy(value) if type(value) in CONTAINERS else None


def _identities(value: Any) -> list[int]:
    return [id(item) for item in (chain(value.keys(), value.values()) if isinstance(value, dict) else value)]


def _refill(value: Any, content: Any) -> None:
    value.clear()
    (value.extend if isinstance(value, list) else value.update)(content)
