"""Tables by declaration: what each column shows, where it comes from, and what stands there if there is no value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ndreport.rendering.values import MISSING_FILE, Value, missing

Of = str | Callable[[Any], str]
"""A text with fields of the row in braces, or a function of the row."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    The row is what `DataFrame.itertuples` gives, or any object with attributes.
    """

    header: str | tuple[str, str]
    key: str | Callable[[Any], object]
    """Name of the row's attribute, or a function of the row: a number, a text, or a whole `Value`, taken as it is."""
    digits: int | None = None
    """Decimals of a number; None: words, or a number as `show` writes it."""
    note: Of = ""
    """Where the value comes from: "of {runs} runs"."""
    link: Of = ""
    show: Callable[[Any], str] | None = None
    """Writes a number: `points`, `probability`."""
    absent: Of = MISSING_FILE
    """What stands where the value is None, NaN or empty."""
    why: Of = "the file of published values is damaged or lacks this value"
    """The note of an absent value."""

    def cell(self, row: Any) -> Value:
        """The cell of one row."""
        value = self.key(row) if callable(self.key) else getattr(row, self.key)
        if isinstance(value, Value):
            return value
        link = _of(self.link, row)
        if value == "" or pd.isna(value):
            return missing(_of(self.absent, row), _of(self.why, row), link)
        if self.show is None and self.digits is None:
            return Value(str(value), _of(self.note, row), link, value if isinstance(value, int | float) else None)
        text = self.show(value) if self.show else f"{value:.{self.digits}f}"
        return Value(text, _of(self.note, row), link, value)


def _of(text: Of, row: Any) -> str:
    return text(row) if callable(text) else text.format_map(_Fields(row)) if "{" in text else text


@dataclass(frozen=True)
class _Fields:
    """The attributes of a row by their names."""

    row: Any

    def __getitem__(self, name: str) -> Any:
        return getattr(self.row, name)


def view(rows: pd.DataFrame | Iterable[Any], columns: Sequence[Column], name: Of) -> pd.DataFrame:
    """The cells of a table, ready for `ndreport.rendering.html.table`.

    Args:
        rows: a frame, or objects with attributes.
        columns: what to show, from left to right.
        name: header of each row.
    """
    found = list(rows.itertuples()) if isinstance(rows, pd.DataFrame) else list(rows)
    headers = [column.header for column in columns]
    cells = pd.DataFrame([[column.cell(row) for column in columns] for row in found], dtype="object")
    cells.index = pd.Index([_of(name, row) for row in found], dtype="object")
    if found:
        cells.columns = pd.MultiIndex.from_tuples(headers) if isinstance(headers[0], tuple) else headers
    return cells
