"""Training steps of single layers, fast over reference: the ratios in `ratios.json`, which CI compares with.

    python tests/bench/measure_ratios.py            measures and prints
    python tests/bench/measure_ratios.py --write    measures and replaces ratios.json

CPU time of one thread, so that it does not count what else the machine does; both layers in turn, medians.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ndcore.experiment.folders import PROJECT
from ndcore.experiment.provenance import git_state
from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.reference import ReferenceDelinear, ReferenceFastDeconv
from ndcore.machine import cpu_name
from ndcore.training import speed

PATH = Path(__file__).with_name("ratios.json")
REFERENCE = {FastDeconv: ReferenceFastDeconv, Delinear: ReferenceDelinear}
TOLERANCE = 1.25
"""A ratio may be that many times the committed one, on a processor of the name that it was measured on."""
ELSEWHERE = 1.1
"""The ratio that any other processor may have: there too the fast layer is about as fast as the reference or faster."""
ATTEMPTS = 4
"""A busy machine spoils some measurements; it does not spoil each."""
SECONDS, SECONDS_TO_WRITE = 0.6, 4.0
"""CPU time for all repetitions of a case."""
FEWEST = 3
"""Repetitions of both layers, however slow they are."""


@dataclass(frozen=True)
class Case:
    build: Callable[[], FastDeconv | Delinear]
    shape: tuple[int, ...]
    """Of the input."""


CASES = {
    "3x3, 64 to 64 channels": Case(lambda: FastDeconv(64, 64, 3, padding=1), (32, 64, 16, 16)),
    "3x3, 128 channels in two blocks": Case(lambda: FastDeconv(128, 128, 3, padding=1), (32, 128, 8, 8)),
    "1x1, 256 to 64 channels": Case(lambda: FastDeconv(256, 64, 1), (32, 256, 16, 16)),
    "3x3, 8 groups of 16 channels": Case(lambda: FastDeconv(128, 128, 3, padding=1, groups=8), (32, 128, 16, 16)),
    "7x7, depthwise": Case(lambda: FastDeconv(44, 44, 7, padding=3, groups=44), (32, 44, 16, 16)),
    "linear, 512 features": Case(lambda: Delinear(512, 10), (128, 512)),
}


def measure(case: Case, seconds: float = SECONDS) -> float:
    """CPU seconds of the fast layer over those of the reference, each as its training would use it.

    The median over pairs of steps: what slows the machine for a while slows both of a pair.
    """
    torch.manual_seed(0)
    cpu = torch.device("cpu")
    fast, reference = case.build(), case.build()
    reference.__class__ = REFERENCE[type(reference)]
    x = torch.randn(case.shape)
    own = speed.prepare_images(x, cpu) if x.dim() == 4 else x.clone()
    sides = ((speed.prepare_model(fast, cpu), own.requires_grad_()), (reference, x.requires_grad_()))
    ratios: list[float] = []
    with _quiet_process():
        for side in sides:
            _step(*side)
        spent = 0.0
        while spent < seconds or len(ratios) < FEWEST:
            order = (0, 1) if len(ratios) % 2 else (1, 0)
            took = {side: _step(*sides[side]) for side in order}
            ratios.append(took[0] / took[1])
            spent += took[0] + took[1]
    return statistics.median(ratios)


def _step(layer: nn.Module, x: Tensor) -> float:
    started = time.thread_time()
    y = layer(x)
    y.backward(torch.ones_like(y))
    elapsed = time.thread_time() - started
    layer.zero_grad()
    x.grad = None
    return elapsed


@contextmanager
def _quiet_process() -> Iterator[None]:
    """One thread, and no time lost with memory that comes anew from the system, from now on."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    speed.keep_freed_memory()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def committed() -> dict[str, float]:
    """The ratio of every case when `ratios.json` was written."""
    return json.loads(PATH.read_text())["fast_over_reference"]


def limits() -> dict[str, float]:
    """The largest ratio of every case that this machine may have."""
    known = json.loads(PATH.read_text())["cpu"] == cpu_name()
    return {
        name: TOLERANCE * ratio if known else max(TOLERANCE * ratio, ELSEWHERE) for name, ratio in committed().items()
    }


def slower_than(case: Case, limit: float) -> str | None:
    """What is wrong if the fast layer takes more than `limit` times the reference in every attempt; else None."""
    measured = []
    for _ in range(ATTEMPTS):
        measured.append(measure(case))
        if measured[-1] <= limit:
            return None
    times = ", ".join(f"{value:.3f}" for value in measured)
    return (
        f"fast over reference is {times}, and {limit:.3f} is allowed here; "
        "if the change is wanted: python tests/bench/measure_ratios.py --write"
    )


def main(arguments: list[str]) -> None:
    ratios = {}
    for name, case in CASES.items():
        ratios[name] = round(measure(case, SECONDS_TO_WRITE), 3)
        print(f"{name:34} {ratios[name]:.3f}")
    if arguments == ["--write"]:
        commit, dirty = git_state(PROJECT)
        content = {
            "what": "CPU seconds of a training step of one layer on one thread, fast over reference",
            "command": "python tests/bench/measure_ratios.py --write",
            "cpu": cpu_name(),
            "torch": str(torch.__version__),
            "git_commit": commit,
            "git_dirty": dirty,
            "fast_over_reference": ratios,
        }
        PATH.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
