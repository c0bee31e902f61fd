"""Numbers for the sentences of a page: its Markdown names them as `{glue:text}` roles, one of its cells gives them.

A sentence about published values stands in the page, where it can be read and edited; only its numbers are computed.
That they still support what it says is asserted by a test of the page. Glued values are outputs of the cell, so they
are in the cache of executed pages like any table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import nan
from pathlib import Path

from ndreport.rendering.values import MISSING_FILE

BOOK = Path(__file__).resolve().parents[2]
UNKNOWN = re.compile(r"\bnan\b|^0?$")
"""What a number that is not known looks like: "nan", "nan×", or a count of nothing."""
ROLE = re.compile(r"\{glue:text\}`([^`:]+)(?::[^`]*)?`")


def wanted(page: str) -> set[str]:
    """The names that the Markdown of a page asks for."""
    return set(ROLE.findall((BOOK / f"{page}.ipynb").read_text(encoding="utf-8")))


def glue_numbers(page: str, values: Mapping[str, object]) -> None:
    """Give a page the numbers of its sentences.

    Args:
        page: its name, `claim` for `book/claim.ipynb`.
        values: shown as `str` shows them, by their names.

    Raises:
        ValueError: the page asks for a name that is not among them.
    """
    from myst_nb import glue  # noqa: PLC0415 - in the kernel of a page only

    asked = wanted(page)
    if unknown := sorted(asked - values.keys()):
        raise ValueError(f"book/{page}.ipynb asks for {', '.join(unknown)}, which its module does not compute")
    for name in sorted(values):  # also what no sentence names yet: it is in the cache once one does
        glue(name, str(values[name]), display=False)


def glue_computed(page: str, numbers: Callable[[], Mapping[str, object]], *, damaged: bool) -> None:
    """Give a page what `numbers` computes; where a file is damaged, the numbers that need it are "missing".

    So is a count of nothing then: most likely what it counts could not be read.

    Args:
        page: its name, `claim` for `book/claim.ipynb`.
        numbers: the numbers by their names; only damaged files may make it raise.
        damaged: whether there is such a file.
    """
    values: Mapping[str, object] = {}
    try:
        values = numbers()
    except Exception:
        if not damaged:
            raise
    if damaged:
        values = {name: values.get(name, nan) for name in wanted(page) | values.keys()}
        values = {name: MISSING_FILE if UNKNOWN.search(str(value)) else value for name, value in values.items()}
    glue_numbers(page, values)


def prefixed(prefix: str, **values: object) -> dict[str, object]:
    """Numbers of one thing among several, by names that begin with it: `cifar10_shift`."""
    return {f"{prefix.replace(' ', '_')}_{name}": value for name, value in values.items()}
