"""What `torch.compile` must not trace; a module of its own, because marking it loads the compiler: seconds."""

from __future__ import annotations

import torch

from ndcore.layers.whitening_layer import WhiteningLayer

count_step = torch.compiler.disable(
    WhiteningLayer.count_step, reason="the counter of a layer that is not always live is no constant"
)
