"""The forward pass of a model as a graph, traced with `torch.fx` on a copy, and what a graph does not show.

A user's forward may count its calls, keep features in attributes or feed lists through hooks. All that happens in the
copy; what it did there is part of the answer.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from ndcore.surgery.copying import copied, undisturbed
from ndcore.surgery.known import is_patched
from ndcore.surgery.reads import ReadWeights

WATCHED = (_ConvNd, nn.Linear, _BatchNorm)
OWN = frozenset(vars(nn.Module()))
"""Attributes that every module has."""
FORWARD_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


@dataclass(frozen=True)
class Trace:
    """A traced forward pass."""

    root: nn.Module
    """The copy that was traced. It has the constants that the graph names."""
    graph: fx.Graph
    kept: frozenset[fx.Node]
    """Nodes whose values leave the graph: kept in an attribute, or shown to a hook of a module that was traced into."""
    written: tuple[str, ...]
    """Qualified names of attributes and buffers that the forward pass changes."""
    optional: tuple[str, ...]
    """Arguments with a default value: they have it in the graph, and are no inputs of it."""
    hooked: tuple[str, ...]
    """Modules that were traced into and have forward hooks, which no graph runs."""
    read: frozenset[str]
    """Layers whose weight or bias the forward pass used, as a tensor, without calling them."""


def trace(model: nn.Module, training: bool, *, deep: bool = False) -> Trace:
    """The forward pass of a copy of the model.

    Args:
        training: the mode.
        deep: look into every module but those of torch, and not only into those with layers inside.

    Raises:
        Exception: whatever a user's forward raises when it is traced.
    """
    root = copied(model).train(training)
    return trace_again(root, take_hooks(root), deep)


def trace_again(root: nn.Module, hooks: dict[nn.Module, tuple[bool, bool]], deep: bool) -> Trace:
    """The next forward pass of a copy that was made for this; `hooks` says which modules had some."""
    _forward_to_class(root)
    tracer = Tracer(hooks, deep)
    parameters = inspect.signature(root.forward).parameters.values()
    optional = {p.name: p.default for p in parameters if p.default is not p.empty}
    inputs = {p.name for p in parameters if p.default is p.empty}
    before = dict(_state(root))
    reads = ReadWeights(root)
    with warnings.catch_warnings(), undisturbed(root), patch.object(nn.Module, "__setattr__", _set_attribute), reads:
        warnings.simplefilter("ignore")
        graph = tracer.trace(root, optional or None)
    for node in list(graph.nodes):  # tracing leaves checks that the optional arguments are the same again
        if node.op == "placeholder":
            name = node.target.lstrip("*")
            if name not in inputs:
                _erase(graph, node)
            inputs.discard(name)  # the tracer may give an optional argument the name of one that is not
    after = dict(_state(root))
    made = {node.target for node in graph.nodes if node.op == "get_attr"} - before.keys()  # constants of the graph
    written = sorted(key for key in before.keys() | after.keys() - made if before.get(key) != after.get(key))
    kept = {node for value in _kept_values(root) for node in _nodes(value)} | tracer.shown
    return Trace(
        root,
        graph,
        frozenset(kept),
        tuple(written),
        tuple(optional),
        tuple(sorted(tracer.hooked)),
        frozenset(reads.found),
    )


def _forward_to_class(root: nn.Module) -> None:
    """A tracer asks the class of the root for its forward; one that was set on the instance goes there, in a copy.

    Raises:
        TypeError: it is no method of the copy, or the class has a call of its own, which no tracer sees.
    """
    if is_patched(root) and "forward" not in vars(root):
        raise TypeError("its class has a call of its own around forward")
    forward = vars(root).get("forward")
    if forward is None:
        return
    if getattr(forward, "__self__", None) is not root:
        raise TypeError("its forward was replaced by something that is no method of it")
    del root.forward
    kind = type(root)
    root.__class__ = type(kind.__name__, (kind,), {"forward": forward.__func__, "__module__": kind.__module__})


class Tracer(fx.Tracer):
    """A tracer that takes as a whole what it need not or cannot look into.

    What a model consists of besides its layers, stochastic depth for example, often branches in a way that cannot be
    traced. A module without a layer inside is a node of its own then.
    """

    def __init__(self, hooks: dict[nn.Module, tuple[bool, bool]], deep: bool) -> None:
        super().__init__()
        self.hooks, self.deep = hooks, deep
        self.shown: set[fx.Node] = set()
        self.hooked: set[str] = set()

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(m, module_qualified_name) or not (self.deep or _has_layers(m))

    def call_module(self, m: nn.Module, forward: Any, args: tuple, kwargs: dict) -> Any:
        name = self.path_of_module(m)
        if self.is_leaf_module(m, name):
            return super().call_module(m, forward, args, kwargs)
        before, after = self.hooks.get(m, (False, False))
        if before or after:
            self.hooked.add(name)
        if before:
            self.shown.update(_nodes((args, kwargs)))
        result = self._into(m, name, forward, args, kwargs)
        if after:
            self.shown.update(_nodes(result))
        return result

    def _into(self, m: nn.Module, name: str, forward: Any, args: tuple, kwargs: dict) -> Any:
        known, stack = set(self.graph.nodes), list(self.module_stack.items())
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:  # a user's forward may raise anything when it is traced
            if _has_layers(m):
                raise
            for node in reversed([node for node in self.graph.nodes if node not in known]):
                if node.op != "get_attr" and not node.users:  # the tracer uses nodes of parameters again
                    self.graph.erase_node(node)
            self.module_stack.clear()
            self.module_stack.update(stack)
            return self.create_proxy("call_module", name, args, kwargs)


def _has_layers(module: nn.Module) -> bool:
    return any(isinstance(inner, WATCHED) for inner in module.modules() if inner is not module)


def take_hooks(root: nn.Module) -> dict[nn.Module, tuple[bool, bool]]:
    """Take away all forward hooks of a copy; returns which modules had some before and after their forward."""
    had = {}
    for module in root.modules():
        after, before = (bool(getattr(module, name)) for name in FORWARD_HOOKS)
        if before or after:
            had[module] = before, after
            for name in FORWARD_HOOKS:
                setattr(module, name, type(getattr(module, name))())
    return had


def _set_attribute(module: nn.Module, name: str, value: Any, original: Any = nn.Module.__setattr__) -> None:
    """Lets a traced forward write a buffer, which otherwise takes tensors only."""
    if isinstance(value, fx.Proxy) and (name in module._buffers or name in module._parameters):
        module._buffers.pop(name, None)
        module._parameters.pop(name, None)
        object.__setattr__(module, name, value)
    else:
        original(module, name, value)


def _erase(graph: fx.Graph, node: fx.Node) -> None:
    for user in list(node.users):
        _erase(graph, user)
    graph.erase_node(node)


def _state(root: nn.Module) -> Iterator[tuple[str, Any]]:
    """Names of attributes, buffers and parameters, and something that changes when they do."""
    for prefix, module in root.named_modules():
        values = {key: value for key, value in vars(module).items() if key not in OWN}
        for key, value in (values | module._buffers | module._parameters).items():
            yield f"{prefix}.{key}".lstrip("."), _fingerprint(value, 3)


def _fingerprint(value: Any, depth: int) -> Any:
    if isinstance(value, (bool, int, float, str)):
        return value
    if depth and isinstance(value, (list, tuple, set, dict)):
        items = value.items() if isinstance(value, dict) else value
        return [_fingerprint(item, depth - 1) for item in items]
    return _Same(value, value._version if isinstance(value, Tensor) else 0)


@dataclass(frozen=True, eq=False)
class _Same:
    """Equal to itself only; it keeps the value, so that its place in memory is not used again."""

    value: Any
    version: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value and self.version == other.version

    __hash__ = None


def _kept_values(root: nn.Module) -> Iterator[Any]:
    for module in root.modules():
        yield from (value for key, value in vars(module).items() if key not in OWN)


def _nodes(value: Any, depth: int = 4) -> Iterator[fx.Node]:
    """Nodes whose proxies are in a value, in containers in it, or in attributes of objects in it."""
    if isinstance(value, fx.Proxy):
        yield value.node
    elif depth and not isinstance(value, (nn.Module, Tensor, type, str)):
        items = value.values() if isinstance(value, dict) else value
        if not isinstance(value, (dict, list, tuple, set)):
            items = vars(value).values() if hasattr(value, "__dict__") and not callable(value) else ()
        for item in items:
            yield from _nodes(item, depth - 1)
