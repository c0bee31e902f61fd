"""Copies of a model on which its code may run: whatever that code changes, the given model does not see it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ndcore.errors import UserError, first_line

CONTAINERS = (list, dict, set)
HOOKS = tuple(name for name in vars(nn.Module()) if "hook" in name)
WHOLE = (type, ModuleType, nn.Module, Tensor)
"""What is not looked into: it is shared by everybody, or looked at itself."""
DEPTH = 3
"""Containers, functions and objects inside of each other that are looked into."""


def copied(model: nn.Module) -> nn.Module:
    """A deep copy. Tensors in it that were computed (features kept by a forward pass, a pruned weight) are constants.

    Raises:
        UserError: the model has something that cannot be copied, or a function whose copy would still use the model.
    """
    _require_no_closures(model)
    try:
        with _ComputedTensorsToo():
            return copy.deepcopy(model)
    except Exception as error:  # whatever a user's module holds
        raise UserError(f"{type(model).__name__} cannot be copied: {first_line(error)}") from error


def _require_no_closures(model: nn.Module) -> None:
    """A deep copy of a function is the function itself: what its closure holds is not copied."""
    own = {id(part) for part in (*model.modules(), *model.parameters())}
    for name, module in model.named_modules():
        for attribute, held in _in_closures(module):
            inside = (held, *held.modules()) if isinstance(held, nn.Module) else (held,)
            if any(id(part) in own for part in inside):
                raise UserError(
                    f"{name or 'the model'}: the function in its attribute {attribute!r} holds a {type(held).__name__} "
                    "of the model, and in a copy it would go on using that one: make it a method, or deconvolve the "
                    "model itself (inplace=True, without an example)"
                )


def _in_closures(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """What the functions in the attributes of a module hold, by the attribute."""
    for attribute, value in plain_attributes(module):
        functions = (part for part in parts_of(value) if isinstance(part, FunctionType))
        yield from ((attribute, part) for f in functions for inner in _closure(f) for part in parts_of(inner))


def plain_attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """What a module has beside its modules, parameters, buffers and hooks."""
    passed = {"_modules", "_parameters", "_buffers", *HOOKS}
    return ((name, value) for name, value in vars(module).items() if name not in passed)


def parts_of(value: Any, depth: int = DEPTH) -> Iterator[Any]:
    """A value, and what is in it where it is a container, any function, or an object with attributes of its own."""
    yield value
    inside: Iterable[Any] = ()
    if isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        inside = value
    elif isinstance(value, partial):
        inside = (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, MethodType):
        inside = (value.__self__, value.__func__)
    elif isinstance(value, FunctionType):
        inside = _closure(value)
    elif not isinstance(value, WHOLE):
        inside = getattr(value, "__dict__", {}).values()
    for item in inside if depth else ():
        yield from parts_of(item, depth - 1)


def _closure(function: FunctionType) -> Iterator[Any]:
    """Values that a function brings along: variables of the functions around it, and defaults of its arguments."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # nothing in it yet
            yield cell.cell_contents
    yield from (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())


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
