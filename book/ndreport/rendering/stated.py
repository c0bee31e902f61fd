"""What a page shows where the file behind a table, a figure or a sentence could not be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ndreport.rendering.html import Html
from ndreport.rendering.prose import Prose, prose

P = ParamSpec("P")
Shown = TypeVar("Shown", Html, Prose)
NOTHING = prose("The file behind this could not be read (named at the head of the page), so nothing is shown here.")


def otherwise(said: Prose) -> Callable[[Callable[P, Shown]], Callable[P, Shown | Prose]]:
    """Make a page's function say something else if its first argument is empty or None."""

    def decorate(function: Callable[P, Shown]) -> Callable[P, Shown | Prose]:
        @wraps(function)
        def stated(*arguments: P.args, **options: P.kwargs) -> Shown | Prose:
            first = arguments[0] if arguments else next(iter(options.values()))
            return said if is_nothing(first) else function(*arguments, **options)

        return stated

    return decorate


unless_missing = otherwise(NOTHING)
"""Say that the evidence is missing if the first argument of a page's function is empty or None."""


def is_nothing(evidence: object) -> bool:
    """Whether the file behind it could not be read: None, or something empty."""
    return evidence is None or (len(evidence) == 0 if hasattr(evidence, "__len__") else False)
