"""What a training step costs, as `ndcore bench` measured it: ratios between the variants of a network, and the floor.

Seconds never leave this module as results: they belong to one machine. Every ratio is taken between two variants that
were measured in turn, in one run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, isfinite, log, nan

from ndcore.study import NETWORKS

BN, ND, EVERY4, NONE = "bn", "nd", "nd-every4", "none"
ORIGINAL_BN, ORIGINAL_ND = "bn-original", "nd-original"
OURS, OURS_EVERY4, ORIGINAL = (ND, BN), (EVERY4, BN), (ORIGINAL_ND, ORIGINAL_BN)
OURS_OVER_ORIGINAL = (ND, ORIGINAL_BN)
"""The three ratios of the page: a variant, and the BN step of the same code that it is compared with."""
PHASES = ("convolution", "covariance", "root", "fold")
"""The parts of an ND step that have a floor: dense arithmetic. Everything else a step does is "rest"."""


@dataclass(frozen=True)
class Step:
    """One variant of a network."""

    seconds: float
    """Median of a training step."""
    low: float
    """First quartile, seconds."""
    high: float
    """Third quartile, seconds."""
    samples: int
    """Number of timed steps."""
    peak_bytes: float
    """Most memory during a step; NaN if it was not measured."""


@dataclass(frozen=True)
class Ratio:
    """One variant over another, of the same network in the same run."""

    value: float
    """Ratio of the medians."""
    low: float
    """First quartile of the one over the third of the other."""
    high: float
    """Third quartile of the one over the first of the other."""
    samples: int
    """Timed steps of the variant with fewer of them."""


@dataclass(frozen=True)
class NetworkCost:
    """Everything that was measured and counted for one network of `ndcore.models`."""

    name: str
    steps: Mapping[str, Step]
    """By variant; a variant that was not measured is not there."""
    flops: Mapping[str, float]
    """Floating-point operations of a whole ND step (forward and backward), by phase; empty if not counted."""
    floor_seconds: float
    """Least time of an ND step: all `flops` at the machine's measured rate of matrix products; NaN if not known."""
    phases: Mapping[str, float]
    """Seconds of an ND step, by phase, summed over layers that were timed by themselves; empty if not measured."""

    def ratio(self, variants: tuple[str, str]) -> Ratio | None:
        """A variant over another one; None if either was not measured."""
        over, under = (self.steps.get(variant) for variant in variants)
        if over is None or under is None:
            return None
        samples = min(over.samples, under.samples)
        return Ratio(over.seconds / under.seconds, over.low / under.high, over.high / under.low, samples)

    def memory_ratio(self) -> float:
        """Peak memory of our ND step over that of our BN step; NaN if not measured."""
        if ND not in self.steps or BN not in self.steps:
            return nan
        return _over(self.steps[ND].peak_bytes, self.steps[BN].peak_bytes)

    def times_floor(self) -> float:
        """Our ND step over its arithmetic floor; NaN if not known."""
        return _over(self.steps[ND].seconds, self.floor_seconds) if ND in self.steps else nan

    def least_ratio(self) -> float:
        """ND over BN if only its own arithmetic were at the floor; NaN if not known.

        That is the step without normalisation as it was measured, and the arithmetic of covariance, root and fold at
        the machine's rate of matrix products, over our BN step.
        """
        if not self.flops or NONE not in self.steps or BN not in self.steps:
            return nan
        extra = self.floor_seconds * (1 - self.floor_shares()["convolution"])
        return _over(self.steps[NONE].seconds + extra, self.steps[BN].seconds)

    def shares(self) -> dict[str, float]:
        """Parts of our ND step, as fractions that add up to 1: the phases, and the rest; empty if not measured.

        Layers that are timed by themselves can take longer than the step that contains them; then there is no rest.
        """
        if not self.phases or ND not in self.steps:
            return {}
        whole = max(self.steps[ND].seconds, fsum(self.phases.values()))
        parts = {phase: self.phases[phase] / whole for phase in PHASES}
        return parts | {"rest": max(0.0, 1 - fsum(parts.values()))}

    def floor_shares(self) -> dict[str, float]:
        """Parts of the arithmetic of our ND step, as fractions that add up to 1; empty if not counted."""
        total = fsum(self.flops.values())
        return {phase: self.flops[phase] / total for phase in PHASES} if self.flops else {}

    def root_over_convolution(self) -> float:
        """Arithmetic of the inverse roots over that of the convolutions; NaN if not counted."""
        return _over(self.flops["root"], self.flops["convolution"]) if self.flops else nan

    def arithmetic_over_convolution(self) -> float:
        """All arithmetic of an ND step over that of its convolutions; NaN if not counted."""
        return _over(fsum(self.flops.values()), self.flops["convolution"]) if self.flops else nan


def _over(one: float, other: float) -> float:
    return one / other if other else nan


def by_name(costs: Iterable[NetworkCost]) -> dict[str, NetworkCost]:
    """The networks by name."""
    return {cost.name: cost for cost in costs}


def of_the_study(costs: Sequence[NetworkCost]) -> list[NetworkCost]:
    """The networks that were measured among the study's ten, each label once.

    Where a label goes with two networks, it is the one that the original study's sizes belong to (the first).
    """
    known = by_name(costs)
    return [known[network.ours[0]] for network in NETWORKS if network.ours[0] in known]


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean of positive numbers; NaN of none, and if one of them is not known."""
    values = list(values)
    if not values or not all(isfinite(v) for v in values):
        return nan
    return exp(fsum(map(log, values)) / len(values))


def values(costs: Iterable[NetworkCost], variants: tuple[str, str]) -> dict[str, float]:
    """One ratio for every network that has it."""
    ratios = ((cost.name, cost.ratio(variants)) for cost in costs)
    return {name: ratio.value for name, ratio in ratios if ratio is not None}
