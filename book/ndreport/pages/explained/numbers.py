"""How this page writes numbers, and what it says of where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ndreport.rendering.prose import listing

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CHANNELS = ("red", "green", "blue")
COMPUTED = (
    "Computed while this page was built, from the photograph {name}.jpg of scikit-learn, by ndreport.explained.{module}"
)
"""Source of a value."""


def scientific(number: float) -> str:
    """ "3.1 × 10⁻¹⁵" for a number of at least 0; "0.86" if it is between 0.01 and 100, "0" if it is nothing."""
    if number == 0 or 0.01 <= number < 100:
        return f"{number:.2f}" if number else "0"
    digits, power = f"{number:.1e}".split("e")
    return f"{digits.removesuffix('.0')} × 10{str(int(power)).translate(SUPERSCRIPT)}"


def signed(number: float, digits: int = 2) -> str:
    """ "1.41" or "−0.07"."""
    return f"{number:.{digits}f}".replace("-", "−")


def each(names: Sequence[str], numbers: Sequence[float], show: Callable[[float], str]) -> str:
    """ "0.91 (*china*) and 0.73 (*flower*)"."""
    return listing(f"{show(number)} (*{name}*)" for name, number in zip(names, numbers, strict=True))
