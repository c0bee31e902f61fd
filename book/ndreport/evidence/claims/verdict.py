"""What a predicate answers: an outcome, the numbers it rests on, and every case that speaks against the statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

Number = int | float


class Outcome(StrEnum):
    HOLDS = "holds"
    IN_PART = "holds in part"
    """It holds for some of the things that it is about, or in one of two readings."""
    FAILS = "fails"
    OPEN = "cannot be decided"
    """What would decide it is not among the published values."""


@dataclass(frozen=True)
class Case:
    """One place that speaks against a statement."""

    place: str
    """Data set, network, setting."""
    values: Mapping[str, Number | str] = field(default_factory=dict)
    """What stands there."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _plain(self.values))


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    numbers: Mapping[str, Number]
    """What the outcome rests on; the name says what is counted, with the unit."""
    counterexamples: Sequence[Case] = ()
    """Every one of them."""
    missing: str = ""
    """What would decide a statement that cannot be decided."""

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.OPEN) != bool(self.missing):
            raise ValueError("a verdict says what is missing if, and only if, nothing can be decided")
        object.__setattr__(self, "numbers", _plain(self.numbers))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of numpy as those of Python."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def every(numbers: Mapping[str, Number], counterexamples: Sequence[Case], missing: str = "") -> Verdict:
    """The verdict on "every ...": one counter-example refutes it, a gap leaves it open, otherwise it holds.

    Args:
        missing: what was not there to be examined; "" if everything was.
    """
    if counterexamples:
        return Verdict(Outcome.FAILS, numbers, counterexamples)
    return Verdict(Outcome.OPEN, numbers, missing=missing) if missing else Verdict(Outcome.HOLDS, numbers)


def parts(
    held: Mapping[str, bool], numbers: Mapping[str, Number], counterexamples: Sequence[Case] = (), missing: str = ""
) -> Verdict:
    """The verdict on a statement about several things, or with several readings: all, some or none of them hold."""
    if missing or not held:
        return Verdict(Outcome.OPEN, numbers, missing=missing or "everything that the statement is about")
    if all(held.values()):
        return Verdict(Outcome.HOLDS, numbers, counterexamples)
    return Verdict(Outcome.IN_PART if any(held.values()) else Outcome.FAILS, numbers, counterexamples)
