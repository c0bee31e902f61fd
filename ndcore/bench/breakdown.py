"""Where the time of a deconvolution layer goes: each of its four phases on its own, forward and backward.

The phases of one step, with their inputs and outputs (letters as in `ndcore.layers.statistics`):

    covariance    x → mean (g, d), covariance (g, d, d)          sampling included
    root          covariance → whitening matrix (g, d, d)
    fold          weight, bias, mean, whitening matrix → weight and bias that act on the raw input
    convolution   x, those → y

Layers of a network that have the same geometry and input are measured once.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ndcore.bench.arithmetic import LayerWork, survey, synchronize
from ndcore.bench.rows import PHASES
from ndcore.layers import Delinear, FastDeconv

REPETITIONS = 5
"""Timed ones of every phase, after one that does not count."""
Phase = Callable[..., Sequence[Tensor]]


@dataclass(frozen=True)
class LayerTimes:
    """The phases of a layer."""

    work: LayerWork
    """Of the first layer of this kind."""
    count: int
    """Layers of this kind in the network."""
    forward: dict[str, float]
    """Seconds of each of `PHASES`."""
    forward_backward: dict[str, float]


def measure_layers(
    model: nn.Module, images: Tensor, show: Callable[[str, float], None] = lambda text, fraction: None
) -> list[LayerTimes]:
    """Time the phases of every distinct deconvolution layer of a network, on the inputs that it gets in training.

    Args:
        model: in training mode, on the device of the images; its running statistics move by one step.
        images: (n, c, h, w).
        show: told which layer is measured, and the fraction of layers done.
    """
    kinds: dict[tuple[object, ...], list[LayerWork]] = {}
    for work in survey(model, images):
        if work.statistics:
            kinds.setdefault(_kind(work), []).append(work)
    firsts = {works[0].name: works for works in kinds.values()}
    found: list[LayerTimes] = []

    def time_phases(layer: nn.Module, inputs: tuple[Tensor, ...], name: str) -> None:
        work, *others = firsts[name]
        show(name, len(found) / len(firsts))
        forward, both = _times(layer, inputs[0].detach(), work.at_image)
        found.append(LayerTimes(work, 1 + len(others), forward, both))

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(lambda m, args, name=name: time_phases(m, args, name))
        for name in firsts
    ]
    try:  # in the hooks, because all inputs together would need much memory
        with torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _kind(work: LayerWork) -> tuple[object, ...]:
    return (str(work.layer), work.input_shape, work.at_image)  # the text names every argument


def _times(layer: FastDeconv | Delinear, x: Tensor, at_image: bool) -> tuple[dict[str, float], dict[str, float]]:
    weights = [tensor for tensor in (layer.weight, layer.bias) if tensor is not None]
    mean, covariance = (tensor.detach() for tensor in layer.batch_statistics(x)[1:])
    deconv = layer.inverse_root(covariance).detach()
    folded = [tensor.detach() for tensor in layer.folded(mean, deconv)]
    phases: dict[str, tuple[Phase, list[Tensor], list[Tensor]]] = {
        # what runs, on which inputs that a gradient may flow to, and on parameters that always have one
        "covariance": (layer.batch_statistics, [x], []),
        "root": (lambda a: [layer.inverse_root(a)], [covariance], []),
        "fold": (lambda m, d, *_: layer.folded(m, d), [mean, deconv], weights),
        "convolution": (lambda a, w, b: [layer.transform(a, w, b)], [x], folded),
    }
    forward, both = {}, {}
    for phase in PHASES:
        run, inputs, parameters = phases[phase]
        forward[phase], both[phase] = _time(run, inputs, parameters, not at_image)
    return forward, both


@torch.enable_grad()
def _time(run: Phase, inputs: list[Tensor], parameters: list[Tensor], differentiate: bool) -> tuple[float, float]:
    """Median seconds of forward, and of forward and backward."""
    inputs = [tensor.detach().requires_grad_(differentiate) for tensor in inputs]
    parameters = [p if isinstance(p, nn.Parameter) else p.requires_grad_() for p in parameters]
    wanted = [tensor for tensor in (*inputs, *parameters) if tensor.requires_grad]
    forward, both = [], []
    for _ in range(1 + REPETITIONS):
        synchronize(inputs[0].device)
        started = time.perf_counter()
        outputs = [tensor for tensor in run(*inputs, *parameters) if tensor.requires_grad]
        synchronize(inputs[0].device)
        halfway = time.perf_counter()
        forward.append(halfway - started)
        both.append(forward[-1])
        if outputs and wanted:
            gradients = [torch.ones_like(output) for output in outputs]
            synchronize(inputs[0].device)
            halfway = time.perf_counter()
            torch.autograd.grad(outputs, wanted, gradients, allow_unused=True)
            synchronize(inputs[0].device)
            both[-1] += time.perf_counter() - halfway
    return statistics.median(forward[1:]), statistics.median(both[1:])
