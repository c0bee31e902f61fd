"""Which batch normalisation directly follows which convolution, from the flow of data and never from names.

The model is traced with `torch.fx`, in training and in evaluation mode. "Directly follows" means: in every traced use
the output of the convolution goes to that normalisation and nowhere else, and the normalisation takes nothing else.

Where the model as a whole cannot be traced, the parts of it that can be are, provided that the source around shows that
they are called as a whole. What remains is not known, and no normalisation is taken away there.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

import torch
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from ndcore.surgery.source import calls

WATCHED = (_ConvNd, nn.Linear, _BatchNorm)


class Tracer(fx.Tracer):
    """Looks into a module only if there is a convolution, a linear layer or a normalisation inside.

    What else a model consists of, stochastic depth for example, often branches in a way that cannot be traced.
    """

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        inside = any(isinstance(child, WATCHED) for child in m.modules() if child is not m)
        return not inside or super().is_leaf_module(m, module_qualified_name)


def trace(model: nn.Module, tracer: fx.Tracer) -> fx.Graph:
    """The graph of a model called with the default values of its optional arguments, which are no inputs any more."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    optional = {p.name: p.default for p in parameters if p.default is not p.empty}
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        graph = tracer.trace(model, optional or None)
    for node in list(graph.nodes):  # tracing leaves checks that the optional arguments are the same again
        if node.op == "placeholder" and node.target.rpartition("_")[0] in optional:
            _erase(graph, node)
    return graph


def _erase(graph: fx.Graph, node: fx.Node) -> None:
    for user in list(node.users):
        _erase(graph, user)
    graph.erase_node(node)


def norms_after(model: nn.Module) -> dict[nn.Module, nn.Module]:
    """Of every convolution or linear layer that a batch normalisation directly follows: that normalisation."""
    if not any(isinstance(module, _BatchNorm) for module in model.modules()):
        return {}
    after: dict[nn.Module, set[nn.Module | None]] = defaultdict(set)
    before: dict[nn.Module, set[nn.Module | None]] = defaultdict(set)
    for prefix, graph in _graphs(model):
        part = model.get_submodule(prefix)
        called = {node: part.get_submodule(node.target) for node in graph.nodes if node.op == "call_module"}
        for node, module in called.items():
            if isinstance(module, _BatchNorm):
                before[module].add(called.get(node.args[0]) if len(node.args) == 1 and not node.kwargs else None)
            elif isinstance(module, WATCHED):
                users = list(node.users)
                after[module].add(called.get(users[0]) if len(users) == 1 else None)
    return {
        module: next(iter(norms))
        for module, norms in after.items()
        if len(norms) == 1 and isinstance(norm := next(iter(norms)), _BatchNorm) and before[norm] == {module}
    }


def _graphs(model: nn.Module) -> Iterator[tuple[str, fx.Graph]]:
    """Graphs of the model, or of its parts with their qualified names; taken from a copy that shares the tensors."""
    tensors = chain(model.parameters(), model.buffers())
    try:
        skeleton = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    except Exception:  # whatever a user's module holds that cannot be copied
        return
    yield from _trace_parts(skeleton, "")


def _trace_parts(module: nn.Module, name: str) -> Iterator[tuple[str, fx.Graph]]:
    if not any(isinstance(inner, _BatchNorm) for inner in module.modules()) or isinstance(module, WATCHED):
        return
    try:
        graphs = [trace(module.train(mode), Tracer()) for mode in (True, False)]
    except Exception:  # a user's forward may raise anything when it is traced
        for child_name, child in module.named_children():
            if calls(module, child_name):
                yield from _trace_parts(child, f"{name}.{child_name}".lstrip("."))
    else:
        yield from ((name, graph) for graph in graphs)
