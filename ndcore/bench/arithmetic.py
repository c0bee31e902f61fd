"""The arithmetic of a training step, and the rate at which a machine multiplies matrices: together, the floor.

Counted are the matrix products that the mathematics asks for. Elementwise work, copies, pooling and batch normalisation
are not: their arithmetic is small, their time is not, and that is what the distance from the floor shows.

Letters: o outputs, c inputs, g groups, k kernel positions, d size of a covariance matrix, r sample vectors behind it,
n Newton–Schulz iterations. FLOP are floating-point operations, two for a multiplication with its addition.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from ndcore.bench.rows import PHASES
from ndcore.layers import Delinear, FastDeconv

SIDES = {"cpu": (512, 1024, 2048), "cuda": (1024, 2048, 4096, 8192), "mps": (1024, 2048, 4096)}
"""Sizes of the square products that the rate is measured with."""
REPETITIONS = 4


@dataclass(frozen=True)
class Statistics:
    """The problem that a deconvolution layer solves at every step."""

    matrices: int
    """g: covariance matrices."""
    size: int
    """d: they are d×d."""
    vectors: int
    """r: sample vectors behind each."""


@dataclass(frozen=True)
class LayerWork:
    """The arithmetic of one layer for one batch."""

    name: str
    """Qualified name in the network."""
    layer: nn.Module
    """On the meta device."""
    input_shape: tuple[int, ...]
    at_image: bool
    """Whether the input needs no gradient, so that it, the covariance and the root have no backward pass."""
    statistics: Statistics | None
    """None for a layer without deconvolution."""
    forward: dict[str, int]
    """FLOP of each of `PHASES`."""
    backward: dict[str, int]


def survey(model: nn.Module, images: Tensor) -> list[LayerWork]:
    """The work of every convolution and linear layer of a network, in the order in which they are applied.

    Args:
        model: stays as it is; a copy without data runs.
        images: (n, c, h, w), of which only the shape matters.
    """
    twin = copy.deepcopy(model).to("meta").eval()  # what a layer works on follows from shapes
    names = {module: name for name, module in twin.named_modules()}
    found: list[LayerWork] = []

    def see(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found.append(_work(names[layer], layer, inputs[0], output))

    for module in names:
        if isinstance(module, (_ConvNd, nn.Linear)):
            module.register_forward_hook(see)
    with torch.enable_grad():  # tells which input a gradient flows to
        twin(torch.empty(images.shape, device="meta"))
    return found


def _work(name: str, layer: nn.Module, x: Tensor, y: Tensor) -> LayerWork:
    at_image = not x.requires_grad
    product = 2 * y.numel() * layer.weight[0].numel()
    forward = dict.fromkeys(PHASES, 0) | {"convolution": product}
    backward = dict.fromkeys(PHASES, 0) | {"convolution": product * (1 if at_image else 2)}
    statistics = _statistics(layer, x) if isinstance(layer, (FastDeconv, Delinear)) else None
    if statistics is not None:
        g, d, r = statistics.matrices, statistics.size, statistics.vectors
        covariance, fold, one_product = 2 * g * r * d**2, 2 * layer.weight.numel() * d, 2 * g * d**3
        forward |= {"covariance": covariance, "root": (3 * layer.n_iter - 3) * one_product, "fold": fold}
        backward |= {
            "covariance": 0 if at_image else covariance,
            "root": 0 if at_image else 4 * (layer.n_iter - 1) * one_product,
            "fold": fold * (1 if at_image else 2),
        }
    return LayerWork(name, layer, tuple(x.shape), at_image, statistics, forward, backward)


def _statistics(layer: FastDeconv | Delinear, x: Tensor) -> Statistics:
    if isinstance(layer, Delinear):
        return Statistics(1, layer.block, x.numel() // layer.block)
    steps = [layer.sampling_stride * stride for stride in layer.stride]
    images, _, *sides = x.shape
    if layer.kernel_size == (1, 1):
        positions = math.ceil(images * math.prod(sides) / math.prod(steps))  # pixels of the flattened (n, h, w) index
    else:
        reaches = [dilation * (k - 1) + 1 for dilation, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        positions = images * math.prod(
            (side + 2 * padding - reach) // step + 1
            for side, padding, reach, step in zip(sides, layer.padding, reaches, steps, strict=True)
        )
    blocks = layer.in_channels // (layer.groups * layer.block)
    return Statistics(layer.groups, layer.num_features, positions * blocks)


def step_flop(works: Iterable[LayerWork], update_every: int = 1) -> dict[str, int]:
    """FLOP of a training step by phase, the mean over a cycle of `update_every` steps.

    Between two updates the whitening matrix of a convolution is a constant: no covariance, no root, no gradient of the
    matrix. The classifier is updated at every step.
    """
    total = dict.fromkeys(PHASES, 0)
    for work in works:
        every = update_every if isinstance(work.layer, FastDeconv) else 1
        total["convolution"] += work.forward["convolution"] + work.backward["convolution"]
        for phase in ("covariance", "root"):
            total[phase] += (work.forward[phase] + work.backward[phase]) // every
        of_matrix = 0 if work.at_image else work.forward["fold"]
        total["fold"] += work.forward["fold"] + work.backward["fold"] - of_matrix + of_matrix // every
    return total


def gemm_flop_per_second(device: torch.device) -> float:
    """The best rate of a square float32 matrix product, with the threads and the precision that are set."""
    best = 0.0
    for side in SIDES[device.type]:
        a, b = torch.rand(side, side, device=device), torch.rand(side, side, device=device)
        out = torch.empty_like(a)
        for _ in range(REPETITIONS):
            synchronize(device)
            started = time.perf_counter()
            torch.mm(a, b, out=out)
            synchronize(device)
            best = max(best, 2 * side**3 / (time.perf_counter() - started))
    return best


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
