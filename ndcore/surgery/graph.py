"""A folded model as a graph of plain modules, where that computes the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import torch
from torch import fx, nn

from ndcore.errors import first_line
from ndcore.surgery.copying import copied, undisturbed
from ndcore.surgery.tracing import FORWARD_HOOKS, Trace, take_hooks, trace_again

AT_HOME = {"torch", "builtins", "_operator", "operator", "math"}
"""Packages that need not be installed for a model of torch."""
Key = tuple[str, str, str]


def as_graph(model: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """The traced forward pass of a model in evaluation mode, or the model itself; and notes what was lost, or why."""
    kind = type(model).__name__
    root = copied(model).eval()
    hooks = take_hooks(root)
    try:
        traced = trace_again(root, hooks, deep=True)
        with undisturbed(root):
            torch.rand(1)  # else both would draw the same random numbers
            again = trace_again(root, hooks, deep=True)
    except Exception as error:  # a user's forward may raise anything when it is traced
        return model, (_exchanged(f"the forward of {kind} cannot be traced ({first_line(error)})"),)
    if traced.hooked:
        return model, (_exchanged(f"no graph runs the hooks of {_names(traced.hooked)}"),)
    if not _same_graph(traced, again):
        changed = f", it changes {_names(traced.written)}" if traced.written else ""
        return model, (_exchanged(f"the forward of {kind} is not the same at every call{changed}"),)
    result = _graph_module(model, traced)
    return result, tuple(_lost(model, traced)) + tuple(_needed(result))


def _exchanged(reason: str) -> str:
    return f"{reason}: its layers were exchanged in a copy that needs its own classes"


def _names(names: Iterable[str], most: int = 5) -> str:
    names = [name or "the model" for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _graph_module(model: nn.Module, traced: Trace) -> fx.GraphModule:
    graph = traced.graph
    graph._tracer_cls = None  # else a saved model would ask for this package
    for node in graph.nodes:
        if node.op == "get_attr" and "." not in node.target and not hasattr(model, node.target):
            setattr(model, node.target, getattr(traced.root, node.target))  # a constant that tracing found
    result = fx.GraphModule(model, graph)
    for change in (_inlined, _without_identities):
        result = change(result)
    return result.eval()


def _lost(model: nn.Module, traced: Trace) -> Iterable[str]:
    """Notes on what the model does and the graph does not."""
    if traced.optional:
        yield f"the optional arguments {_names(traced.optional)} have their default values and are no inputs any more"
    if traced.written:
        yield f"the forward pass does not write {_names(traced.written)} any more"
    hooks = [hook for name in FORWARD_HOOKS for hook in getattr(model, name).values()]
    if any(_package(getattr(hook, "func", hook)) != "ndcore" for hook in hooks):  # ours only look at image sizes
        yield "the hooks of the whole model are not in it"


def _needed(model: fx.GraphModule) -> Iterable[str]:
    """A note on what must be installed where the model is loaded."""
    found: dict[str, dict[str, None]] = {}
    for node in model.graph.nodes:
        if node.op == "call_function" and not _at_home(node.target):
            found.setdefault(_package(node.target), {})[node.target.__name__] = None
    for module in model.modules():
        if not _at_home(type(module)) and module is not model:
            found.setdefault(_package(type(module)), {})[type(module).__name__] = None
        for hook in (hook for name in FORWARD_HOOKS for hook in getattr(module, name).values()):
            if not _at_home(hook):
                name = getattr(hook, "__name__", type(hook).__name__)
                found.setdefault(_package(hook), {})[f"the hook {name}"] = None
    for package, names in found.items():
        yield f"to load it, {package} must be there: {_names(names)} cannot be traced into"


def _package(thing: Any) -> str:
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return module.partition(".")[0]


def _at_home(thing: Any) -> bool:
    return _package(thing) in AT_HOME


class _Inliner(fx.Transformer):
    """Traces into functions of other packages, which asked to be nodes of their own."""

    def call_function(self, target: Callable, args: tuple, kwargs: dict) -> Any:
        if not _at_home(target):
            known = set(self.new_graph.nodes)
            try:
                return target(*args, **kwargs)
            except Exception:  # it may do what cannot be traced
                for node in reversed([node for node in self.new_graph.nodes if node not in known]):
                    self.new_graph.erase_node(node)
        return super().call_function(target, args, kwargs)


def _inlined(model: fx.GraphModule) -> fx.GraphModule:
    if all(node.op != "call_function" or _at_home(node.target) for node in model.graph.nodes):
        return model
    result = _Inliner(model).transform()
    result.graph._tracer_cls = None
    return result


def _without_identities(model: fx.GraphModule) -> fx.GraphModule:
    for node in list(model.graph.nodes):
        unused = node.op == "get_attr" and not node.users
        if node.op == "call_module" and type(module := model.get_submodule(node.target)) is nn.Identity:
            if module._forward_hooks or module._forward_pre_hooks:
                continue
            node.replace_all_uses_with(node.args[0])
            unused = True
        if unused:
            model.graph.erase_node(node)
    model.delete_all_unused_submodules()
    model.recompile()
    return model


def _same_graph(first: Trace, second: Trace) -> bool:
    """Whether the traces of two calls of a copy, one after the other, compute the same.

    Every node of the second graph has a counterpart in the first, its constants and its output too. What the first call
    kept may be used by the second: a table that depends on no input, which many models cache, is no difference; a value
    that depends on the first input is one.
    """
    fixed = _independent_of_inputs(first.graph)
    place = {node: number for number, node in enumerate(first.graph.nodes)}
    waiting: dict[Key, list[fx.Node]] = defaultdict(list)
    for node in reversed(first.graph.nodes):
        waiting[_key(node, place)].append(node)
    known = {node: place[node] for node in fixed}  # nodes of both graphs: the place of the counterpart in the first
    for node in second.graph.nodes:
        if node.op == "get_attr":
            counterpart = _constant(node, second.root, first)
        else:
            counterparts = waiting[_key(node, known)]
            counterpart = counterparts.pop() if counterparts else None
        if counterpart is None:
            return False
        known[node] = place[counterpart]
    return True


def _key(node: fx.Node, place: dict[fx.Node, int]) -> Key:
    arguments = fx.map_arg((node.args, node.kwargs), lambda n: place.get(n, f"unknown {n.name}"))
    return node.op, str(node.target), repr(arguments)


def _independent_of_inputs(graph: fx.Graph) -> list[fx.Node]:
    depends: set[fx.Node] = set()
    for node in graph.nodes:
        if node.op == "placeholder" or not depends.isdisjoint(node.all_input_nodes):
            depends.add(node)
    return [node for node in graph.nodes if node not in depends]


def _constant(node: fx.Node, root: nn.Module, first: Trace) -> fx.Node | None:
    value = _attribute(root, node.target)
    others = {other: _attribute(first.root, other.target) for other in first.graph.nodes if other.op == "get_attr"}
    same = (other for other, known in others.items() if known is value)
    equal = (other for other, known in others.items() if _equal(known, value))
    return next(chain(same, equal), None)


def _attribute(root: nn.Module, name: str) -> Any:
    owner, _, last = name.rpartition(".")
    return getattr(root.get_submodule(owner), last)


def _equal(a: Any, b: Any) -> bool:
    """Whether two constants that are no parameters are equal."""
    constants = all(isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter) for value in (a, b))
    return constants and a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
