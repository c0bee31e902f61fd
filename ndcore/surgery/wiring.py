"""What the flow of data shows, and names never do: which batch normalisation directly follows which layer, and which
layers' weights are used without calling the layer.

The model is traced with `torch.fx`, in training and in evaluation mode. "Directly follows" means: in every traced use
the output of the layer goes to that normalisation and nowhere else, and the normalisation takes nothing else.

Where the model as a whole cannot be traced, the parts of it that can be are, provided that the source around shows that
they are called as a whole. What remains is not known, and no normalisation is taken away there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import fx, nn

from ndcore.errors import first_line
from ndcore.surgery.known import is_norm
from ndcore.surgery.source import METADATA, STATE, calls
from ndcore.surgery.tracing import WATCHED, Trace, trace

KEEP = (nn.Linear, nn.Identity, nn.LayerNorm, nn.modules.dropout._DropoutNd)
"""Modules, functions and methods after which as many axes are left as there were."""
ACTIVATIONS = {k for k in vars(nn.modules.activation).values() if isinstance(k, type)} - {nn.MultiheadAttention, nn.GLU}
FUNCTIONS = {F.relu, F.gelu, F.silu, F.leaky_relu, F.elu, F.hardswish, F.dropout, torch.relu, torch.sigmoid, torch.tanh}
METHODS = {"relu", "sigmoid", "tanh", "float", "contiguous", "clone"}
Uses = dict[nn.Module, set[nn.Module | None]]


@dataclass
class Wiring:
    """What is known of a model."""

    norm_after: dict[nn.Module, nn.Module] = field(default_factory=dict)
    """Of every layer that a batch normalisation directly follows: that normalisation."""
    norm_before: dict[nn.Module, nn.Module] = field(default_factory=dict)
    """Of every layer that takes the output of a batch normalisation, which goes nowhere else: that normalisation."""
    two_axes: set[nn.Module] = field(default_factory=set)
    """Layers whose input is known to be (n, features) wherever they are called."""
    with_more: set[nn.Module] = field(default_factory=set)
    """Layers that are called with more than the input: transposed convolutions with `output_size`."""
    read: dict[nn.Module, str] = field(default_factory=dict)
    """Layers whose weight or bias is used around their forward, and in what."""
    called: set[nn.Module] = field(default_factory=set)
    """Layers and normalisations that a traced forward calls."""
    traced: list[str] = field(default_factory=list)
    """Qualified names of what was traced: "" alone if it is the whole model."""
    optional: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of traced modules, by qualified name: the arguments that had their default values."""
    untraced: dict[str, str] = field(default_factory=dict)
    """Qualified names of the modules that cannot be traced, and why."""

    def proven(self, name: str) -> bool:
        """Whether a module lies in a part that was traced."""
        return any(not part or name == part or name.startswith(f"{part}.") for part in self.traced)


def wiring(model: nn.Module) -> Wiring:
    """Trace a model, or the parts of it that can be traced; it stays as it is."""
    known = Wiring()
    after: Uses = defaultdict(set)
    before: Uses = defaultdict(set)
    flat: dict[nn.Module, list[bool]] = defaultdict(list)
    for name, traced in _trace_parts(model, "", known):
        part = model.get_submodule(name)
        known.with_more |= _follow(part, traced, after, before, flat)
        read = {*_read(traced.graph), *traced.read}
        known.read |= {part.get_submodule(owner): type(part).__name__ for owner in read}
    known.called = set(after)
    known.two_axes = {layer for layer, proofs in flat.items() if all(proofs)}
    for first, seconds in after.items():
        second = next(iter(seconds))
        if len(seconds) == 1 and before.get(second) == {first}:
            if is_norm(second) and not is_norm(first):
                known.norm_after[first] = second
            elif is_norm(first) and not is_norm(second):
                known.norm_before[second] = first
    return known


def _trace_parts(module: nn.Module, name: str, known: Wiring) -> Iterator[tuple[str, Trace]]:
    if not any(isinstance(inner, WATCHED) for inner in module.modules()) or isinstance(module, WATCHED):
        return
    try:
        traces = [trace(module, mode) for mode in (True, False)]
    except Exception as error:  # what cannot be copied, or what a user's forward raises when it is traced
        if type(module).forward is not nn.Module.forward:  # lists of modules have none
            known.untraced[name] = first_line(error)
        for child_name, child in module.named_children():
            if calls(module, child_name):
                yield from _trace_parts(child, f"{name}.{child_name}".lstrip("."), known)
    else:
        known.traced.append(name)
        known.optional |= {name: traces[0].optional} if traces[0].optional else {}
        yield from ((name, traced) for traced in traces)


def _follow(
    part: nn.Module, traced: Trace, after: Uses, before: Uses, flat: dict[nn.Module, list[bool]]
) -> set[nn.Module]:
    """Notes the uses of layers and normalisations; returns those that are called with more than the input."""
    called = {node: part.get_submodule(node.target) for node in traced.graph.nodes if node.op == "call_module"}
    for node, module in called.items():
        if is_norm(module) or isinstance(module, WATCHED):
            users = list(node.users)
            alone = len(users) == 1 and node not in traced.kept
            after[module].add(called.get(users[0]) if alone else None)
            before[module].add(called.get(node.args[0]) if len(node.args) == 1 and not node.kwargs else None)
            flat[module].append(len(node.args) == 1 and _has_two_axes(node.args[0], called))
    return {module for node, module in called.items() if len(node.args) + len(node.kwargs) > 1}


def _read(graph: fx.Graph) -> Iterator[str]:
    """Names of modules whose weight or bias a graph takes for more than its shape or type."""
    for node in graph.nodes:
        if node.op == "get_attr" and not all(_asks_only(user) for user in node.users):
            owner, _, name = node.target.rpartition(".")
            if name in STATE:
                yield owner


def _asks_only(node: fx.Node) -> bool:
    if node.op == "call_function" and node.target is getattr:
        return node.args[1] in METADATA
    return node.op == "call_method" and node.target in METADATA


def _has_two_axes(node: object, called: dict[fx.Node, nn.Module]) -> bool:
    """Whether a tensor has the shape (n, features): follows its node back to a flattening.

    Then a BatchNorm1d after a linear layer normalises features. On (n, l, features) it normalises the l, and the
    modules alone do not tell.

    Args:
        called: the modules of the nodes that call one.
    """
    if not isinstance(node, fx.Node) or not node.args:
        return False
    rest = node.args[1:]
    if node.op == "call_method" and node.target in ("view", "reshape"):
        sizes = rest[0] if len(rest) == 1 and isinstance(rest[0], (tuple, list)) else rest
        return len(sizes) == 2 and not node.kwargs
    if node.target in ("flatten", torch.flatten):
        return (rest == (1,) and not node.kwargs) or (not rest and node.kwargs == {"start_dim": 1})
    if module := called.get(node):
        if type(module) is nn.Flatten:
            return module.start_dim == 1 and module.end_dim == -1
        keeps = isinstance(module, KEEP) or type(module) in ACTIVATIONS or is_norm(module)
    else:
        keeps = node.target in (METHODS if node.op == "call_method" else FUNCTIONS)
    return keeps and _has_two_axes(node.args[0], called)
