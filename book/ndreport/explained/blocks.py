"""Which entries of a patch share a block, asked from a layer by experiment: nothing here repeats the layer's formula.

An entry is a channel and a position of the kernel. Letters of the shapes: c channels, k kernel positions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ndcore.layers import FastDeconv


def find_blocks(channels: int, block: int, kernel: int = 3, kind: type[FastDeconv] = FastDeconv) -> np.ndarray:
    """The block of every entry, (c, k): entries with the same number are whitened together.

    In evaluation, with a whitening matrix full of ones and one output for every entry, an output sees exactly the
    entries of its block. Blocks are numbered in the order of their first entries.

    Args:
        channels: c.
        block: channels per block, as the layer takes it.
        kernel: size of the square kernel.
        kind: class of the layer.
    """
    layer, impulses = _probe(channels, block, kernel, kind)
    layer.running_deconv.fill_(1)
    sees = layer.eval()(impulses).flatten(1) != 0  # (entry perturbed, output)
    first = sees.to(torch.uint8).argmax(1)  # the first entry of the block that an entry belongs to
    return torch.unique(first, return_inverse=True)[1].view(channels, -1).numpy()


def find_blocks_by_number(channels: int, numbers: Sequence[int]) -> dict[int, np.ndarray]:
    """`find_blocks` of layers that have so many blocks, by that number; every number divides the channels."""
    return {number: find_blocks(channels, channels // number) for number in numbers}


def find_slots(channels: int, block: int, kernel: int = 3, kind: type[FastDeconv] = FastDeconv) -> np.ndarray:
    """The slot of every entry, (c, k): entries with the same number share one row of the covariance.

    After a training step on two patches with the same single entry, the running mean, which all blocks share, is not
    zero at that entry's slot alone. Arguments as of `find_blocks`.
    """
    layer, impulses = _probe(channels, block, kernel, kind)
    slots = []
    for impulse in impulses:
        layer(impulse.expand(2, *impulse.shape))
        (slot,) = layer.running_mean.nonzero()
        slots.append(int(slot))
    return np.array(slots).reshape(channels, -1)


def _probe(channels: int, block: int, kernel: int, kind: type[FastDeconv]) -> tuple[FastDeconv, Tensor]:
    """A layer whose every output copies one entry, and the patches (c·k, c, …) with a single entry."""
    entries = channels * kernel**2
    layer = kind(channels, entries, kernel, block=block, momentum=1.0, bias=False, sampling_stride=1)
    layer = layer.double().requires_grad_(False)
    impulses = torch.eye(entries, dtype=torch.float64).view(entries, channels, kernel, kernel)
    layer.weight.copy_(impulses)
    return layer, impulses
