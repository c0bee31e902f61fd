"""Whether the traces of two calls of a copy, one after the other, compute the same.

What the first call kept may be used by the second: a table that depends on no input, which many models cache, is no
difference; a value that depends on the first input is one.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Any

import torch
from torch import fx, nn

from ndcore.surgery.tracing import Trace

Key = tuple[str, str, str]


def same_graph(first: Trace, second: Trace) -> bool:
    """Whether every node of the second graph has a counterpart in the first, its constants and its output too."""
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
