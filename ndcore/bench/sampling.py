"""Timing several variants in turn, so that a slow moment of the machine meets all of them.

A round takes one sample of each; who comes first changes from round to round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ndcore.bench.arithmetic import synchronize
from ndcore.bench.elsewhere import Elsewhere
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
    variants: Sequence[Variant | Elsewhere],
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
    def __init__(self, variants: Sequence[Variant | Elsewhere], show: Callable[[str, float], None]) -> None:
        self.variants, self.show = variants, show
        self.seconds: dict[str, list[float]] = {variant.name: [] for variant in variants}
        self.peaks: dict[str, int] = {}

    def warm_up(self) -> None:
        for variant in self.variants:
            self.show(f"{variant.name} warm-up", 0)
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
        for i in range(len(self.variants)):
            variant = self.variants[(i + number) % len(self.variants)]
            self.show(f"{variant.name} round {number + 1}", done)
            self.seconds[variant.name].append(self._time(variant))

    @staticmethod
    def _time(variant: Variant | Elsewhere) -> float:
        """Seconds of a step."""
        synchronize(variant.device)
        started = time.perf_counter()
        variant.sample()
        synchronize(variant.device)
        return (time.perf_counter() - started) / variant.steps_per_sample
