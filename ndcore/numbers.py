"""Numbers that a user writes: read strictly, kept within limits that are said, and shown in few characters."""

from __future__ import annotations

import argparse
import re

from ndcore.errors import UserError, shown

MILLION = 1_000_000
"""The limit of what is counted (epochs, repeats, steps, cells …): more than anybody can wait for, and short enough for
the name of a file."""
MOST_DIGITS = 18
"""Of a whole number: it then fits wherever a number goes."""


def whole(text: str) -> int:
    """A whole number from a command line: plain digits and a sign, where `int` also takes "1_0" and "１".

    Raises:
        argparse.ArgumentTypeError: it is something else, or has too many digits.
    """
    if not re.fullmatch(r"[+-]?[0-9]+", text.strip()):
        raise argparse.ArgumentTypeError(f"expected a whole number like 20, not {shown(text)}")
    if len(text.strip()) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"expected a whole number of at most {MOST_DIGITS} digits, not {shown(text)}")
    return int(text)


def decimal(text: str) -> float:
    """A number from a command line, in the plain digits of `whole`; infinity and NaN pass, and fail at every limit.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    try:
        if text.isascii() and "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected a number like 0.5, not {shown(text)}")


def require_within(what: str, value: float | None, least: float, most: float) -> None:
    """Make sure that a number is from `least` to `most`; None is no number and passes.

    Raises:
        UserError: it is not.
    """
    if value is not None and not value >= least:
        raise UserError(f"{what} {shown(value)}: at least {least:,} is needed")
    if value is not None and value > most:
        raise UserError(f"{what} {shown(value)}: at most {most:,} is possible")


def require_whole(name: str, value: object, least: int, most: int) -> None:
    """Make sure that the parameter of a notebook is a whole number from `least` to `most`; `True` is none.

    Raises:
        UserError: it is not.
    """
    if type(value) is not int or not least <= value <= most:
        raise UserError(f"{name}={shown(value)}: expected a whole number from {least:,} to {most:,}")
