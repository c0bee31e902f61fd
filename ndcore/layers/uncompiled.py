"""What `torch.compile` must not trace; a module of its own, because marking it loads the compiler: seconds."""

from __future__ import annotations

import torch

from ndcore.layers.fast_deconv import FastDeconv

count_step = torch.compiler.disable(FastDeconv.count_step, reason="the counter of a layer that freezes is no constant")
