"""Timing several variants in turn, so that a slow moment of the machine meets all of them.

A round takes one sample of each. Variants that treat freed memory alike stay together, and the two groups alternate in
who comes first, as the variants of a group do. When the allocator is set to keep freed memory again, as much as the
largest step needs is touched once, which is the state in which a long training would find the process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ndcore.bench.arithmetic import synchronize
from ndcore.bench.variants import Variant

FEWEST = 3
"""Samples of a variant, however slow it is."""


@dataclass(frozen=True)
class Samples:
    """What was measured of one variant."""

    seconds: list[float]
    """Of a step, one entry per sample."""
    peak_bytes: int

    def quartiles(self) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile, seconds per step."""
        low, median, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return low, median, high


def measure(
    variants: Sequence[Variant],
    least_samples: int,
    least_seconds: float,
    show: Callable[[str, float], None] = lambda text, fraction: None,
) -> dict[str, Samples]:
    """Time training steps of all variants of a network.

    Rounds go on until every variant has enough: `least_samples` samples or `least_seconds` of them, whichever comes
    first, and at least three. All variants then have the same number of samples.

    Args:
        show: told what happens, and the fraction of the work that is done.

    Returns:
        By name of the variant, in the given order.
    """
    rounds = _Rounds(variants, show)
    rounds.warm_up()
    number = 0
    while (done := rounds.fraction(least_samples, least_seconds)) < 1:
        rounds.take(number, done)
        number += 1
    return {v.name: Samples(rounds.seconds[v.name], rounds.peaks[v.name]) for v in variants}


class _Rounds:
    def __init__(self, variants: Sequence[Variant], show: Callable[[str, float], None]) -> None:
        self.variants, self.show = variants, show
        self.seconds: dict[str, list[float]] = {variant.name: [] for variant in variants}
        self.peaks: dict[str, int] = {}
        self.state: bool | None = None
        """Whether the allocator is set as the original has it; None at first."""

    def warm_up(self) -> None:
        for variant in self.variants:
            self.show(f"{variant.name} warm-up", 0)
            variant.set_allocator()
            variant.step()
            self.peaks[variant.name] = variant.peak_bytes()

    def fraction(self, least_samples: int, least_seconds: float) -> float:
        """How much of the work is done: that of the variant that needs most rounds."""
        return min(
            min(len(taken) / FEWEST, max(len(taken) / least_samples, sum(taken) / least_seconds))
            for taken in self._timed().values()
        )

    def _timed(self) -> dict[str, list[float]]:
        """Seconds of whole samples, that is of all their steps."""
        return {v.name: [v.steps_per_sample * second for second in self.seconds[v.name]] for v in self.variants}

    def take(self, number: int, done: float) -> None:
        """One sample of every variant."""
        groups = [[v for v in self.variants if v.original is original] for original in (False, True)]
        for group in groups if number % 2 == 0 else reversed(groups):
            for i in range(len(group)):
                variant = group[(i + number) % len(group)]
                self.show(f"{variant.name} round {number + 1}", done)
                self._enter(variant, group)
                self.seconds[variant.name].append(self._time(variant))

    def _enter(self, variant: Variant, group: Sequence[Variant]) -> None:
        if self.state is variant.original:
            return
        variant.set_allocator()
        self.state = variant.original
        if variant.images.device.type == "cpu" and not variant.original:
            torch.empty(max(self.peaks[member.name] for member in group), dtype=torch.uint8).fill_(0)

    @staticmethod
    def _time(variant: Variant) -> float:
        """Seconds of a step."""
        device = variant.images.device
        synchronize(device)
        started = time.perf_counter()
        variant.sample()
        synchronize(device)
        return (time.perf_counter() - started) / variant.steps_per_sample
