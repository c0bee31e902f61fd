"""What the source of a module class tells: whose weights it reads without calling the layer, and whom it calls."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from types import FunctionType

from torch import fx, nn

from ndcore.surgery.known import is_patched

METADATA = {"dtype", "device", "shape", "size", "requires_grad", "ndim", "numel", "dim"}
STATE = ("weight", "bias", "running_mean", "running_var")
"""What a layer or a normalisation multiplies and adds."""
PARAMETERS = {"parameters", "named_parameters", "state_dict"}


def read_directly(model: nn.Module) -> dict[int, str]:
    """Layers whose weight or bias is used around their forward, by `id`, and the class that does it.

    `nn.MultiheadAttention` multiplies with `self.out_proj.weight` and never calls `self.out_proj`; the fast path of
    `nn.TransformerEncoderLayer` and the attention of torchvision's Swin do alike. Another layer in that place would be
    passed over in silence. Found are attribute chains that start with `self`, in source that can be read, also in
    branches that a trace does not take, and the `get_attr` nodes of traced models.
    """
    found = {}
    for _, module in model.named_modules():
        for path in _reads(module):
            try:
                layer = module.get_submodule(path)
            except AttributeError:
                continue
            found[id(layer)] = type(module).__name__
    return found


def may_read(module: nn.Module) -> str | None:
    """An expression in the forward of a module that may read the weight of any layer inside it, or None.

    `self.layers[i].weight` and `for p in self.parameters()` do not tell which layer it is. Code of torch is known.
    """
    if type(module).__module__.partition(".")[0] == "torch":
        return None
    return next(iter(_attribute_reads(type(module))[1]), None)


def calls(module: nn.Module, child: str) -> bool:
    """Whether the forward pass of a module calls this child as a whole; False if it cannot be known.

    Lists and dictionaries of modules have no forward; what is in them is taken to be called.
    """
    if is_patched(module):
        return False
    lists = (nn.ModuleList, nn.ModuleDict)
    if type(module).forward is nn.Sequential.forward or isinstance(module, lists):
        return True
    return isinstance(module.get_submodule(child), lists) or child in _called(type(module))


def _reads(module: nn.Module) -> set[str]:
    if isinstance(module, fx.GraphModule):
        return {node.target.rpartition(".")[0] for node in module.graph.nodes if node.op == "get_attr"} - {""}
    return _attribute_reads(type(module))[0]


@cache
def _attribute_reads(kind: type) -> tuple[set[str], tuple[str, ...]]:
    """Layers that `self` has and whose weight is read, and expressions that read that of a layer that is not named."""
    reads: set[str] = set()
    unnamed: dict[str, None] = {}
    for method in _methods(kind):
        pending: list[ast.AST] = [method]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Attribute):
                if node.attr in METADATA:
                    continue
                path = _chain(node.value)
                if node.attr in STATE and path:
                    reads.add(path)
                elif node.attr in PARAMETERS or (node.attr in ("weight", "bias") and path is None):
                    unnamed[ast.unparse(node)] = None
            if isinstance(node, ast.Call) and _fetches_weight(node):
                unnamed[ast.unparse(node)] = None
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
                continue
            pending.extend(ast.iter_child_nodes(node))
    return reads, tuple(unnamed)


def _fetches_weight(call: ast.Call) -> bool:
    named = isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1
    return named and isinstance(call.args[1], ast.Constant) and call.args[1].value in ("weight", "bias")


@cache
def _called(kind: type) -> set[str]:
    nodes = (node for method in _methods(kind) for node in ast.walk(method))
    return {_chain(node.func) or "" for node in nodes if isinstance(node, ast.Call)}


@cache
def _methods(kind: type) -> list[ast.AST]:
    """Source of the forward and of every method and property that it mentions, and so on; of all base classes."""
    pending, seen, trees = ["forward", "__call__"], set(), []
    while pending:
        name = pending.pop()
        seen.add(name)
        for ancestor in kind.__mro__:
            member = vars(ancestor).get(name) if ancestor not in (nn.Module, object) else None
            function = member.fget if isinstance(member, property) else member
            if not isinstance(function, FunctionType):
                continue
            try:
                tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            except (OSError, TypeError, SyntaxError):  # typed into an interpreter, or made by a program
                continue
            trees.append(tree)
            mentioned = {_chain(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)} - {None}
            pending += mentioned - seen - set(pending)
    return trees


def _chain(node: ast.AST) -> str | None:
    """ "a.b" of `self.a.b`."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join(reversed(names)) if isinstance(node, ast.Name) and node.id == "self" else None
