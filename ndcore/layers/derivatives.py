"""Which derivatives the Functions of the layers give themselves, and which are left to PyTorch's own operations.

Every `torch.autograd.Function` of the layers gives true derivatives of every order in reverse mode. Where a graph of
the gradient is asked for (`create_graph=True`), grad mode is on in its backward pass. The pass then computes the
gradient from the inputs and outputs of the Function alone, in operations that autograd differentiates again. Other kept
tensors would be constants to it, and the second derivative silently wrong.

The Functions know neither the transforms of `torch.func` nor forward-mode differentiation. There the plain functions,
whose values they have, take their place.
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
