"""Options that `deconvolve` chooses where it is not told; the networks of the study keep those of the layers.

- `averaging="weighted"`: running values start at the first batch and follow inputs that grow; see
  `ndcore.layers.averaging`.
- `sampling_stride="auto"`: as few positions as leave enough sample vectors, see `ndcore.layers.fast_deconv`.
- `block`: as the layer's own, but so that a matrix has at most `LARGEST_MATRIX` rows where the kernel is large.
- `synchronize=True` in a model with `nn.SyncBatchNorm`.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

from torch import nn
from torch.nn.modules.conv import _ConvNd

from ndcore.layers.statistics import block_size
from ndcore.layers.whitening_convolution import AUTO
from ndcore.surgery.kinds import COUNTERPARTS, plain_kind

LARGEST_MATRIX = 1024
"""Rows of a whitening matrix that `deconvolve` allows without being asked. An inverse square root costs O(d³)."""


def default_options(layer: nn.Module, synchronize: bool) -> dict[str, Any]:
    """Options of the counterpart (`ndcore.surgery.kinds`) that takes the place of a layer."""
    options: dict[str, Any] = {"averaging": "weighted"} | ({"synchronize": True} if synchronize else {})
    if isinstance(layer, nn.Conv2d):
        options["sampling_stride"] = AUTO
    if isinstance(layer, _ConvNd) and not layer.transposed and layer.groups == 1:
        options["block"] = _block(layer)
    return options


def _block(layer: _ConvNd) -> int:
    """The largest divisor of the counterpart's own block with which the matrix is not too large."""
    kind = COUNTERPARTS[plain_kind(layer)]
    usual = inspect.signature(kind).parameters["block"].default or kind.default_block
    own, positions = block_size(usual, layer.in_channels), math.prod(layer.kernel_size)
    return max([b for b in range(1, own + 1) if own % b == 0 and b * positions <= LARGEST_MATRIX], default=1)
