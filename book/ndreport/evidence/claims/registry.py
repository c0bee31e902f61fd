"""The predicates by name. A predicate takes the evidence and the parameters of a claim, and returns a verdict."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ndreport.evidence.claims import predicates
from ndreport.evidence.claims.bases import KINDS, OWN
from ndreport.evidence.claims.evidence import DATA, Evidence
from ndreport.evidence.claims.verdict import Verdict

_found: dict[str, Predicate] = {}


@dataclass(frozen=True)
class Predicate:
    """A named function that decides claims."""

    function: Callable[..., Verdict]
    reads: frozenset[str]
    """What it looks at: names of `DATA`. It sees nothing else."""
    about: str
    """A key of `KINDS`, which says on which bases it can be asked."""

    def __call__(self, evidence: Evidence, parameters: Mapping[str, Any], basis: str = OWN) -> Verdict:
        return self.function(evidence.only(self.reads, basis), **parameters)

    def complaint(self, parameters: Mapping[str, Any]) -> str:
        """Why it cannot take these parameters; "" if it can."""
        try:
            inspect.signature(self.function).bind(None, **parameters)
        except TypeError as error:
            return str(error)
        return ""


def predicate(*reads: str, about: str) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Register a function as a predicate under its own name; it stays callable with an `Evidence` of any content."""
    unknown = set(reads) - set(DATA)
    if unknown:
        raise ValueError(f"unknown data {', '.join(sorted(unknown))}")
    if about not in KINDS:
        raise ValueError(f"{about!r} is none of {', '.join(KINDS)}")

    def register(function: Callable[..., Verdict]) -> Callable[..., Verdict]:
        if function.__name__ in _found:
            raise ValueError(f"there are two predicates {function.__name__}")
        _found[function.__name__] = Predicate(function, frozenset(reads), about)
        return function

    return register


@cache
def known() -> Mapping[str, Predicate]:
    """Every predicate by name, in alphabetical order."""
    for module in pkgutil.iter_modules(predicates.__path__):
        importlib.import_module(f"{predicates.__name__}.{module.name}")
    return dict(sorted(_found.items()))
