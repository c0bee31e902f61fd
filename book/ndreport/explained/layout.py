"""Counts over a layout of blocks: an array (c, k) with the block of every channel and kernel position; plain numpy."""

from __future__ import annotations

import numpy as np


def usual_description(channels: int, block: int, kernel: int = 3) -> np.ndarray:
    """The block of every entry if blocks were groups of successive channels, as they are usually described, (c, k)."""
    return np.repeat(np.arange(channels) // block, kernel**2).reshape(channels, kernel**2)


def neighbours_together(blocks: np.ndarray) -> tuple[int, int]:
    """Pairs of directly neighbouring pixels of one channel: how many are in one block, and how many there are.

    Args:
        blocks: (c, k) of a square kernel.
    """
    size = round(blocks.shape[1] ** 0.5)
    grid = blocks.reshape(-1, size, size)  # (c, row, column)
    pairs = [grid[:, 1:] == grid[:, :-1], grid[:, :, 1:] == grid[:, :, :-1]]
    return sum(int(p.sum()) for p in pairs), sum(p.size for p in pairs)


def channels_together(blocks: np.ndarray) -> tuple[int, int]:
    """Pairs of different channels at one position: how many are in one block, and how many there are."""
    first, second = np.triu_indices(len(blocks), k=1)
    return int((blocks[first] == blocks[second]).sum()), len(first) * blocks.shape[1]
