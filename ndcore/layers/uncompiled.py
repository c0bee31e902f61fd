"""What `torch.compile` must not trace; a module of its own, because marking it loads the compiler: seconds."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.compiler.disable(reason="the counter of a layer that is not always live is no constant")
def counted_source(layer: nn.Module, x: Tensor) -> str:
    """Where this training step of a `WhiteningLayer` has mean and matrix from; the step is counted."""
    source = layer._source(x)
    layer._count(x, source)
    return source
