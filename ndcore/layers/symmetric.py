"""Products that are known to be symmetric, for less than the price of any product."""

from __future__ import annotations

import torch
from torch import Tensor

HALVED = 256
"""Size from which on a large matrix is put together from parts; smaller products are too cheap for that."""


def symmetric_product(left: Tensor, right: Tensor) -> Tensor:
    """left (g, d, r) · right (g, r, d) where the result (g, d, d) is symmetric; no gradient.

    On a CPU the upper right quarter of a single large matrix is not computed but taken from the lower left one.
    """
    g, d, _ = left.shape
    if g > 1 or d < HALVED or left.device.type != "cpu" or torch.compiler.is_compiling():
        return torch.bmm(left, right)
    half = d // 2
    product = left.new_empty(1, d, d)
    torch.mm(left[0], right[0, :, :half], out=product[0, :, :half])
    torch.mm(left[0, half:], right[0, :, half:], out=product[0, half:, half:])
    product[:, :half, half:] = product[:, half:, :half].mT
    return product
