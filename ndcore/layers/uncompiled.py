"""What `torch.compile` must not trace; a module of its own, because marking it loads the compiler: seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ndcore.layers.whitening_layer import WhiteningLayer


@torch.compiler.disable(reason="the counter of a layer that is not always live is no constant")
def counted_source(layer: WhiteningLayer, x: Tensor) -> str:
    """Where this training step has mean and matrix from; the step is counted."""
    source = layer._source(x)
    layer._count(x, source)
    return source
