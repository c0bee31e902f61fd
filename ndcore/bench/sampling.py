"""Timing several variants in turn, so that a slow moment of the machine meets all of them.

A round takes one sample of each; who comes first changes from round to round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ndcore.bench.arithmetic import synchronize
from ndcore.bench.other_process import SeparateVariant
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
    variants: Sequence[Variant | SeparateVariant],
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
    seconds: dict[str, list[float]] = {variant.name: [] for variant in variants}
    peaks: dict[str, int] = {}
    for variant in variants:
        show(f"{variant.name} warm-up", 0)
        variant.step()
        peaks[variant.name] = variant.peak_bytes()
    number, done = 0, 0.0
    while done < 1:
        for i in range(len(variants)):
            variant = variants[(i + number) % len(variants)]
            show(f"{variant.name} round {number + 1}", done)
            seconds[variant.name].append(_seconds_of_a_step(variant))
        number += 1
        shortest = min(variant.steps_per_sample * sum(seconds[variant.name]) for variant in variants)
        done = min(number / FEWEST, max(number / least_samples, shortest / least_seconds))
    return {name: Samples(taken, peaks[name]) for name, taken in seconds.items()}


def _seconds_of_a_step(variant: Variant | SeparateVariant) -> float:
    synchronize(variant.device)
    started = time.perf_counter()
    variant.sample()
    synchronize(variant.device)
    return (time.perf_counter() - started) / variant.steps_per_sample
