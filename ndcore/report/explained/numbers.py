"""How this page writes numbers, and what it says of where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10

from ndcore.report.prose import listing

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CHANNELS = ("red", "green", "blue")
COMPUTED = "Computed while this page was built, from the photograph {name}.jpg of scikit-learn, by ndcore.explain.{module}"
"""Source of a value."""


def scientific(number: float) -> str:
    """ "3.1 × 10⁻¹⁵"; "0" for nothing."""
    if number == 0:
        return "0"
    power = floor(log10(abs(number)))
    digits = f"{number / 10**power:.1f}"
    if digits.removeprefix("-") == "10.0":
        return scientific((10 ** (power + 1)) * (1 if number > 0 else -1))
    return f"{digits} × 10{str(power).translate(SUPERSCRIPT)}".replace("-", "−")


def signed(number: float, digits: int = 2) -> str:
    """ "1.41" or "−0.07"."""
    return f"{number:.{digits}f}".replace("-", "−")


def each(names: Sequence[str], numbers: Sequence[float], show: Callable[[float], str]) -> str:
    """ "0.91 (*china*) and 0.73 (*flower*)"."""
    return listing(f"{show(number)} (*{name}*)" for name, number in zip(names, numbers, strict=True))
