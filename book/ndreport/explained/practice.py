"""What a layer does besides the formula: fewer samples, padding, eps, running averages, the fold into the weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ndcore
from ndcore.layers import FastDeconv, newton_schulz_isqrt
from ndcore.layers.statistics import mean_and_covariance
from ndreport.explained.covariance import EPS, KERNEL, N_ITER, relative_difference
from ndreport.explained.patches import patches
from ndreport.explained.photographs import Photograph, as_input

SAMPLING_STRIDE = 3
"""Default of `FastDeconv`, and of the study."""
OUTPUTS = 8
"""Output channels of the layers that are tried out here."""


@dataclass(frozen=True)
class Change:
    """One choice changed, and how far the whitening matrix moves: ‖D′ − D‖_F / ‖D‖_F by photograph."""

    what: str
    moved: dict[str, float]
    apart_from_scale: dict[str, float]
    """The same for the multiple of D′ that is nearest to D."""


def changes(photographs: Sequence[Photograph]) -> list[Change]:
    """How much D depends on sampling, padding, eps, precision and iterations; against all patches and the defaults."""
    every = {p.name: as_input(p.pixels) for p in photographs}
    samples = {name: patches(x) for name, x in every.items()}
    strided = {name: patches(x, stride=SAMPLING_STRIDE) for name, x in every.items()}
    padded = {name: patches(x, padding=1) for name, x in every.items()}
    covariances = {name: mean_and_covariance(s, 0)[1] for name, s in samples.items()}
    single = {name: mean_and_covariance(s.float(), EPS)[1] for name, s in samples.items()}

    def with_eps(eps: float, n_iter: int = N_ITER) -> dict[str, Tensor]:
        identity = torch.eye(KERNEL[0] * KERNEL[1] * 3, dtype=torch.float64)
        return {name: newton_schulz_isqrt(c + eps * identity, n_iter) for name, c in covariances.items()}

    def of(sampled: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: newton_schulz_isqrt(mean_and_covariance(s, EPS)[1], N_ITER) for name, s in sampled.items()}

    base = with_eps(EPS)
    tried = {
        f"sampling stride {SAMPLING_STRIDE}, the default": of(strided),
        "zero padding of one pixel": of(padded),
        "no ε": with_eps(0),
        "a hundred times the default ε": with_eps(100 * EPS),
        "single precision": {name: newton_schulz_isqrt(c, N_ITER) for name, c in single.items()},
        "one iteration more": with_eps(EPS, N_ITER + 1),
    }
    return [
        Change(what, _distances(matrices, base), _distances(_scaled(matrices, base), base))
        for what, matrices in tried.items()
    ]


def _distances(matrices: dict[str, Tensor], base: dict[str, Tensor]) -> dict[str, float]:
    return {name: relative_difference(matrix.numpy(), base[name].numpy()) for name, matrix in matrices.items()}


def _scaled(matrices: dict[str, Tensor], base: dict[str, Tensor]) -> dict[str, Tensor]:
    doubles = {name: matrix.double() for name, matrix in matrices.items()}
    return {name: matrix * (matrix * base[name]).sum() / matrix.square().sum() for name, matrix in doubles.items()}


@dataclass(frozen=True)
class Running:
    """What evaluation would whiten with after some training steps that alternate between the photographs."""

    momentum: float
    steps: tuple[int, ...]
    start_weight: tuple[float, ...]
    """Weight of the identity, with which the running matrix starts, at those steps."""
    distance: tuple[float, ...]
    """‖running − mean of the roots‖_F / ‖mean of the roots‖_F at those steps."""
    roots_against_root: float
    """How far the mean of the photographs' roots is from the root of their mean covariance, relatively."""


def running_averages(photographs: Sequence[Photograph], steps: Sequence[int] = (10, 20, 40)) -> Running:
    """Train a layer's statistics (not its weights) on the photographs in turn, and look at its buffers."""
    inputs = [as_input(p.pixels).float() for p in photographs]
    layer = FastDeconv(3, 1, KERNEL, padding=1, bias=False)
    covariances = [mean_and_covariance(layer.sample(x), layer.eps)[1] for x in inputs]
    roots = torch.stack([newton_schulz_isqrt(c, layer.n_iter) for c in covariances]).mean(0)
    distance = {}
    with torch.no_grad():
        for step in range(1, max(steps) + 1):
            layer(inputs[step % len(inputs)])
            distance[step] = relative_difference(layer.running_deconv.numpy(), roots[0].numpy())
    root = newton_schulz_isqrt(torch.stack(covariances).mean(0), layer.n_iter)
    return Running(
        layer.momentum,
        tuple(steps),
        tuple((1 - layer.momentum) ** step for step in steps),
        tuple(distance[step] for step in steps),
        relative_difference(roots.numpy(), root.numpy()),
    )


@dataclass(frozen=True)
class Fold:
    """Largest difference between two ways to the same output, relative to the largest output."""

    double: float
    """Whitening every patch and multiplying with the weights, against the layer's folded convolution; float64."""
    single: float
    """The same in float32."""
    plain: float
    """The layer in evaluation against the plain convolution that `ndcore.fold` makes of it; float32."""


def fold_check(photograph: Photograph) -> Fold:
    """The output of a layer with random weights, computed both ways."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        layer = FastDeconv(3, OUTPUTS, KERNEL, padding=1)
        x = as_input(photograph.pixels)  # (1, 3, h, w)
        double = _both_ways(copy.deepcopy(layer).double(), x)
        single = _both_ways(layer, x.float())
        plain = ndcore.fold(nn.Sequential(layer).eval())
        return Fold(double, single, _gap(plain(x.float()), layer.eval()(x.float())))


def _both_ways(layer: FastDeconv, x: Tensor) -> float:
    """A training step of the layer against whitening all its patches first, those with zeros of the padding too."""
    _, mean, deconv, _ = layer.batch_transform(x)  # (1, d), (1, d, d)
    white = (patches(x, padding=1)[0] - mean[0]) @ deconv[0]  # (h·w, d)
    slow = white @ layer.weight.flatten(1).T + layer.bias  # (h·w, o)
    return _gap(layer(x), slow.T.view(1, len(layer.weight), *x.shape[2:]))


def _gap(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())
