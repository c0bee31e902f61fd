"""Patches of a photograph, whitened with the functions of the layers, at once and iteration by iteration.

Letters of the shapes as in `ndreport.explained.covariance`; n iterations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ndcore.layers import newton_schulz_isqrt
from ndcore.layers.newton_schulz import iterates
from ndcore.layers.statistics import mean_and_covariance, sample_patches
from ndreport.explained.covariance import EPS, KERNEL, N_ITER, Whitening
from ndreport.explained.photographs import Photograph, as_input

SHOWN = 20
"""Iterations up to which the residual is followed."""


def patches(x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Patches (1, r, d) of images (n, 3, h, w), columns channel by channel, within a channel row by row."""
    d = x.shape[1] * KERNEL[0] * KERNEL[1]
    return sample_patches(x, KERNEL, (stride, stride), (padding, padding), (1, 1), 1, d)


def whiten(photograph: Photograph, n_iter: int = N_ITER, eps: float = EPS) -> Whitening:
    """Whiten all patches of a photograph with the matrix that a layer would compute from them."""
    samples = patches(as_input(photograph.pixels))  # (1, r, d)
    mean, covariance = mean_and_covariance(samples, eps)  # (1, d), (1, d, d)
    deconv = newton_schulz_isqrt(covariance, n_iter)
    _, whitened = mean_and_covariance((samples - mean.unsqueeze(1)) @ deconv, 0)
    arrays = [part.squeeze(0).numpy() for part in (mean, covariance, deconv, whitened)]
    return Whitening(photograph.name, n_iter, eps, samples.shape[1], *arrays, residuals(arrays[1]))


def whiten_all(photographs: Sequence[Photograph]) -> list[Whitening]:
    """`whiten` with the defaults, for every photograph."""
    return [whiten(photograph) for photograph in photographs]


def roots(covariance: np.ndarray, n_iter: int = SHOWN) -> np.ndarray:
    """D after 0, 1, … n iterations, (n + 1, d, d)."""
    matrix = torch.as_tensor(covariance, dtype=torch.float64)
    norm = torch.linalg.matrix_norm(matrix)
    start = torch.eye(len(matrix), dtype=torch.float64)
    steps = [start, *(z for _, z in iterates(matrix / norm, n_iter)[:n_iter])]
    return (torch.stack(steps) / norm.sqrt()).numpy()


def residuals(covariance: np.ndarray, n_iter: int = SHOWN) -> np.ndarray:
    """‖D²Σ − I‖_F / √d after 0, 1, … n iterations (n + 1): the root mean square of what each variance lacks to 1."""
    steps = roots(covariance, n_iter)
    error = steps @ steps @ covariance - np.eye(len(covariance))
    return np.linalg.norm(error, axis=(1, 2)) / np.sqrt(len(covariance))
