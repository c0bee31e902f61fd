"""`FastDeconv` in numpy from the index formulas alone: no unfold, no reshape, no code shared with ndcore.

Column j = channel·k² + position belongs to block j mod G, slot j div G (one group), or to group j div d, slot j mod d.
"""

from __future__ import annotations

import numpy as np


def block_and_slot(j: int, blocks: int) -> tuple[int, int]:
    return j % blocks, j // blocks


def isqrt(a: np.ndarray, n_iter: int) -> np.ndarray:
    norm = np.sqrt((a**2).sum())
    y, z, identity = a / norm, np.eye(len(a)), np.eye(len(a))
    for _ in range(n_iter):
        t = 0.5 * (3 * identity - z @ y)
        y, z = y @ t, t @ z
    return z / np.sqrt(norm)


def fast_deconv(x, weight, bias, *, stride, padding, groups, block, sampling, eps, n_iter):
    """Output (n, o, h', w'), means {group: (d)} and matrices {group: (d, d)} of one training step."""
    n, c, h, w = x.shape
    o, k = weight.shape[0], weight.shape[2]
    per_group = c // groups
    blocks = per_group // block if groups == 1 else 1
    d = k * k * (block if groups == 1 else per_group)
    sigma = sampling * stride

    def pixel(i, channel, row, column):
        inside = 0 <= row < h and 0 <= column < w
        return x[i, channel, row, column] if inside else 0.0

    def patch(i, group, top, left):
        return [
            pixel(i, group * per_group + channel, top + ky, left + kx)
            for channel in range(per_group)
            for ky in range(k)
            for kx in range(k)
        ]

    if k == 1:  # every sigma²-th pixel of the flattened index, no padding
        places = [(i, row, column) for i in range(n) for row in range(h) for column in range(w)][:: sigma**2]
    else:
        rows = range(-padding, h + padding - k + 1, sigma)
        columns = range(-padding, w + padding - k + 1, sigma)
        places = [(i, row, column) for i in range(n) for row in rows for column in columns]
    means, matrices, folded, shift = {}, {}, np.zeros_like(weight), np.zeros(o)
    for group in range(groups):
        samples = []
        for i, top, left in places:
            vectors = np.zeros((blocks, d))
            for j, value in enumerate(patch(i, group, top, left)):
                vectors[block_and_slot(j, blocks)] = value
            samples.extend(vectors)
        samples = np.array(samples)
        mean = means[group] = samples.sum(0) / len(samples)
        covariance = eps * np.eye(d)
        for vector in samples:
            covariance += np.outer(vector - mean, vector - mean) / len(samples)
        matrix = matrices[group] = isqrt(covariance, n_iter)
        for out in range(group * o // groups, (group + 1) * o // groups):
            flat = weight[out].ravel()
            vectors = np.zeros((blocks, d))
            for j, value in enumerate(flat):
                vectors[block_and_slot(j, blocks)] = value
            vectors = vectors @ matrix
            shift[out] = (vectors @ mean).sum()
            folded[out] = np.array([vectors[block_and_slot(j, blocks)] for j in range(len(flat))]).reshape(
                weight[out].shape
            )
    height, width = ((size + 2 * padding - k) // stride + 1 for size in (h, w))
    y = np.zeros((n, o, height, width))
    for i, out, row, column in np.ndindex(y.shape):
        seen = patch(i, out // (o // groups), row * stride - padding, column * stride - padding)
        y[i, out, row, column] = folded[out].ravel() @ seen + bias[out] - shift[out]
    return y, means, matrices
