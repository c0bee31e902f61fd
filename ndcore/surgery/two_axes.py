"""Whether a tensor of a traced graph has the shape (n, features).

Then a BatchNorm1d after a linear layer normalises features. On (n, l, features) it normalises the l, and the modules
alone do not tell.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import fx, nn

from ndcore.surgery.known import is_norm

KEEP = (nn.Linear, nn.Identity, nn.LayerNorm, nn.modules.dropout._DropoutNd)
ACTIVATIONS = {kind for kind in vars(nn.modules.activation).values() if isinstance(kind, type)} - {
    nn.MultiheadAttention,
    nn.GLU,
}
FUNCTIONS = {F.relu, F.gelu, F.silu, F.leaky_relu, F.elu, F.hardswish, F.dropout, torch.relu, torch.sigmoid, torch.tanh}
METHODS = {"relu", "sigmoid", "tanh", "float", "contiguous", "clone"}


def has_two_axes(node: object, called: dict[fx.Node, nn.Module]) -> bool:
    """Follows a node back to a flattening; False if it meets something else.

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
    return keeps and has_two_axes(node.args[0], called)
