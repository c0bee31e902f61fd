"""What normalisation costs at inference, with and without folding, measured side by side in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ndcore.bench.tensor_memory import TensorMemory
from ndcore.layers import Delinear, FastDeconv
from ndcore.surgery.conversion import deconvolve
from ndcore.surgery.copying import copied
from ndcore.surgery.folding import fold
from ndcore.surgery.replacement import exchange, hand_over
from ndcore.surgery.tables import html_table, text_table

UNNORMALISED, BN, BN_FOLDED, ND, ND_FOLDED = "unnormalised", "bn", "bn, folded", "nd", "nd, folded"
HEAD = ("network", "median ms", "middle half, ms", "× unnormalised", "parameters and buffers, MB", "peak of maps, MB")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """What one forward pass in evaluation mode costs."""

    median: float
    """Seconds, the median over all repetitions; of CPU time on a CPU."""
    quartiles: tuple[float, float]
    """Seconds."""
    stored: int
    """Bytes of parameters and buffers."""
    peak: int
    """Most bytes of tensors alive at once during the pass, beside input, parameters and buffers."""


@dataclass(frozen=True)
class Comparison:
    """The costs of several networks for the same input. `print` it, or let a notebook show it."""

    costs: Mapping[str, Cost]
    """By name, in the order of measurement."""
    caption: str
    """Input, device and number of repetitions."""

    def ratio(self, name: str, to: str) -> float:
        """Median time of one network over that of another."""
        return self.costs[name].median / self.costs[to].median

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                name,
                f"{1e3 * cost.median:.3f}",
                f"{1e3 * cost.quartiles[0]:.3f} to {1e3 * cost.quartiles[1]:.3f}",
                f"{self.ratio(name, UNNORMALISED):.2f}" if UNNORMALISED in self.costs else "not measured",
                f"{cost.stored / MEGABYTE:.2f}",
                f"{cost.peak / MEGABYTE:.2f}",
            )
            for name, cost in self.costs.items()
        ]

    def __str__(self) -> str:
        return f"{self.caption}\n{text_table(HEAD, self._rows())}"

    def _repr_html_(self) -> str:
        return html_table(self.caption, HEAD, self._rows())


def variants(model: nn.Module, example: Tensor, nd: nn.Module | None = None) -> dict[str, nn.Module]:
    """Five networks of the same shape, in evaluation mode: unnormalised, BN and ND, the latter two also folded.

    The unnormalised one is the ND network with plain layers of the same weights and biases in place of its own, and
    without any batch normalisation. Running statistics are those of one training step on the example. The given models
    stay as they are.

    Args:
        model: a network with batch normalisation.
        example: images (n, c, h, w) for that step.
        nd: the network with deconvolution; None: `ndcore.deconvolve(model)`.
    """
    bn, nd = copied(model), deconvolve(model) if nd is None else copied(nd)
    with torch.no_grad():
        bn.train()(example)
        nd.train()(example)
    models = {UNNORMALISED: unnormalised(copied(nd)), BN: bn, BN_FOLDED: fold(bn), ND: nd, ND_FOLDED: fold(nd)}
    return {name: module.eval() for name, module in models.items()}


def unnormalised(nd: nn.Module) -> nn.Module:
    """Convolutions only: the parameters of the deconvolutions in plain layers, no normalisation. Changes the model."""
    new: dict[nn.Module, nn.Module] = {}
    for module in nd.modules():
        if isinstance(module, (FastDeconv, Delinear)):
            new[module] = hand_over(module, module.plain_with(module.weight, module.bias))
        elif isinstance(module, _BatchNorm):
            new[module] = nn.Identity()
    return exchange(nd, new)


def compare(models: Mapping[str, nn.Module], example: Tensor, repetitions: int = 30) -> Comparison:
    """Time forward passes of several networks in turn, so that a slow moment of the machine meets all of them.

    On a CPU it is the CPU time of a single thread, so that it does not count what else the machine does; on CUDA, the
    time until the device has finished.

    Args:
        models: in evaluation mode, on the device of the example.
        example: images (n, c, h, w).
        repetitions: passes of every network, after two that do not count; at least 2.

    Raises:
        ValueError: fewer than 2 repetitions, or a network in training mode.
    """
    if repetitions < 2:
        raise ValueError(f"compare needs at least 2 repetitions, got {repetitions}")
    for name, model in models.items():
        if model.training:
            raise ValueError(f"compare: {name!r} is in training mode")
    elapsed = _cuda_seconds if example.is_cuda else _cpu_seconds
    seconds: dict[str, list[float]] = {name: [] for name in models}
    with torch.inference_mode(), _single_thread():
        peaks = {name: _peak(model, example) for name, model in models.items()}
        names = list(models)
        for repetition in range(repetitions + 2):
            first = repetition % len(names)  # nobody is always the one after the slowest
            for name in names[first:] + names[:first]:
                seconds[name].append(elapsed(models[name], example))
    costs = {}
    for name, model in models.items():
        low, median, high = statistics.quantiles(seconds[name][2:], n=4, method="inclusive")
        costs[name] = Cost(median, (low, high), _stored(model), peaks[name])
    shape = "×".join(map(str, example.shape))
    clock = "cuda" if example.is_cuda else "one cpu thread"
    return Comparison(costs, f"Inputs {shape} on {clock}, {repetitions} repetitions in turn")


@contextmanager
def _single_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _cpu_seconds(model: nn.Module, example: Tensor) -> float:
    started = time.thread_time()
    model(example)
    return time.thread_time() - started


def _cuda_seconds(model: nn.Module, example: Tensor) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    model(example)
    torch.cuda.synchronize()
    return time.perf_counter() - started


def _stored(model: nn.Module) -> int:
    tensors = {id(tensor): tensor for tensor in chain(model.parameters(), model.buffers())}
    return sum(tensor.nbytes for tensor in tensors.values())


def _peak(model: nn.Module, example: Tensor) -> int:
    known = (example, *model.parameters(), *model.buffers())
    with TensorMemory(known) as memory:
        model(example)
    return memory.peak
