"""Sentences with computed numbers: a number in the prose of a page is never typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Prose(str):
    """Markdown that a notebook shows as text."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def prose(text: str) -> Prose:
    """Show `text` as Markdown. Numbers enter through the braces of an f-string only; a test sees to that."""
    return Prose(text)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """ "1 record", "4 records", "no records", "1,797 images"."""
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{number:,} {word}" if number else f"no {word}"


def percent(number: float, digits: int = 2) -> str:
    """ "46.56 %" with a no-break space."""
    return f"{number:.{digits}f} %"


def points(number: float, digits: int = 2) -> str:
    """A difference in percentage points, with its sign: "+12.13" or "−3.40"."""
    return f"{number:+.{digits}f}".replace("-", "−")


def times_as(number: float) -> str:
    """A ratio: "3.18×"."""
    return f"{number:.2f}×"


def of_our_runs(number: int) -> str:
    """ "None of our own runs is", "One of our own runs is", "3 of our own runs are"."""
    return f"{('None', 'One')[number] if number < 2 else number} of our own runs {'is' if number < 2 else 'are'}"


def in_cases(part: int, whole: int, noun: str = "case") -> str:
    """ "in no case", "in the one case", "in both cases", "in none of the 3 cases", "in 2 of 3 cases"; "in all 3"."""
    if whole == 1:
        return f"in the one {noun}" if part else f"in no {noun}"
    if part == whole == 2:
        return f"in both {count(whole, noun).removeprefix('2 ')}"
    word = {0: "none of the", whole: "all"}.get(part, f"{part} of")
    return f"in {word} {count(whole, noun)}" if whole else f"in no {noun}"


def listing(items: Iterable[object]) -> str:
    """ "a, b and c"; "none" for nothing."""
    items = [str(item) for item in items]
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items) or "none"


def span(numbers: Iterable[float], show=points) -> str:
    """ "+1.20 to +9.70", or the one value if all are equal as shown."""
    shown = [show(n) for n in sorted(numbers)]
    return shown[0] if shown[0] == shown[-1] else f"{shown[0]} to {shown[-1]}"


def ratio_span(ratios: Iterable[float]) -> str:
    """ "1.02× to 9.31×", or the one ratio if all are equal as shown; "not known" for none."""
    ratios = list(ratios)
    return span(ratios, times_as) if ratios else "not known"


def signed(number: float, digits: int = 2) -> str:
    """ "1.41" or "−0.07"."""
    return f"{number:.{digits}f}".replace("-", "−")


def each(names: Iterable[str], numbers: Iterable[float], show: Callable[[float], str]) -> str:
    """ "0.91 (china) and 0.73 (flower)"."""
    return listing(f"{show(number)} ({name})" for name, number in zip(names, numbers, strict=True))


def probability(p: float) -> str:
    """ "0.55", "0.0020", "1.2 × 10⁻⁴²": two significant digits."""
    if p >= 1e-4 or p == 0:
        return f"{p:#.2g}" if p < 0.995 else "1"
    return _power(f"{p:.1e}")


def scientific(number: float) -> str:
    """ "3.1 × 10⁻¹⁵" for a number of at least 0; "0.86" if it is between 0.01 and 100, "0" if it is nothing."""
    if number == 0 or 0.01 <= number < 100:
        return f"{number:.2f}" if number else "0"
    return _power(f"{number:.1e}".replace(".0e", "e"))


def _power(text: str) -> str:
    digits, power = text.split("e")
    return f"{digits} × 10{str(int(power)).translate(_SUPERSCRIPT)}"


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
