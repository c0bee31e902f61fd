"""Which derivatives the Functions of the layers give themselves, and which are left to PyTorch's own operations.

The layers' own `torch.autograd.Function`s give true derivatives of every order in reverse mode: their backward passes
are formulas in their inputs and outputs alone, which autograd differentiates again where a graph of them is asked for.
They know neither the transforms of `torch.func` nor forward-mode differentiation. There the plain functions, whose
values they have, take their place.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import forward_ad


def plain_only(*tensors: Tensor) -> bool:
    """Whether a transform of `torch.func` is under way, or one of the tensors carries a forward-mode tangent."""
    if torch._C._are_functorch_transforms_active():  # what `Function.apply` itself asks before it refuses
        return True
    return any(forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors)
