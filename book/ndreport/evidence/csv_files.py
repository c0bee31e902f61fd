"""CSV files of published values: which columns they have, what a row may hold, and a reader that checks all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ndcore import foreign
from ndcore.errors import UserError
from ndcore.problems import Problem
from ndreport.evidence.sources import with_commits

Read = TypeVar("Read")
UNITS = {
    "percent": (0, 100, "a percentage"),
    "seconds": (1e-3, inf, "a time in seconds"),
    "parameters": (1, inf, "a number of parameters"),
    "count": (1, inf, "a count"),
    "million": (1e-3, inf, "a number of millions"),
    **dict.fromkeys(("papers", "contexts", "examples"), (0, inf, "a count")),
}
"""Lowest and highest value of each unit, and what a value is, for the complaint about one outside."""
PARSERS: Mapping[str, Callable[[str], object]] = {
    "string": str,
    "int64": foreign.whole_number,
    "Int64": lambda text: foreign.whole_number(text) if text else pd.NA,
    "float64": float,
}
"""How the text of a cell becomes a value of each pandas type."""


@dataclass(frozen=True)
class PublishedFile:
    """What one CSV file of published values may hold: one value per row, and which value it is."""

    name: str
    rows: int
    """How many values there are; a file with fewer was cut off, and sentences about it would be wrong."""
    columns: Mapping[str, str]
    """Names, in their order, and pandas types."""
    key: Sequence[str]
    """Together these name a value; no two rows agree in all of them."""
    allowed: Mapping[str, frozenset]
    """For columns that know a few values only: these; an attempt may be missing."""

    def empty(self) -> pd.DataFrame:
        """The table without rows."""
        return pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in self.columns.items()})


def read_cells(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Every cell as it is written; one that is empty is an empty string. Row `i` of the table is line `i + 2`.

    Raises:
        UserError: the file is missing, no CSV, has other columns, or a row of another length.
    """
    try:
        head, *rows = foreign.read_csv(path)
    except ValueError as error:
        raise UserError(f"{path} cannot be read as CSV: {error}") from None
    if head != list(columns):
        raise UserError(f"{path} has the columns {', '.join(head)}; expected are {', '.join(columns)}")
    for line, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise UserError(f"{path} line {line}: {len(row)} cells, but the head names {len(head)} columns")
    return pd.DataFrame(rows, columns=head, dtype="string")


def read(file: PublishedFile, folder: Path) -> pd.DataFrame:
    """Read a file of published values: one row per value.

    Text that is empty in the file is an empty string; a whole number that may be missing (`Int64`) is then missing.
    A source names the commit of each public file that it names.

    Raises:
        UserError: the file is missing, has other columns, a value of the wrong type or range, a source that is not
            known, a row twice, or another number of rows.
    """
    path = folder / file.name
    raw = read_cells(path, list(file.columns))
    frame = pd.DataFrame({column: _typed(path, raw[column], dtype) for column, dtype in file.columns.items()})
    for column, allowed in file.allowed.items():
        wrong = frame.loc[~(frame[column].isin(allowed) | frame[column].isna()), column]
        if len(wrong):
            known = ", ".join(map(repr, sorted(allowed)))
            raise UserError(f"{path} line {wrong.index[0] + 2}: {column} is {wrong.tolist()[0]!r}, not one of {known}")
    if "unit" in file.columns:
        _require_range(path, frame)
    twice = frame.index[frame.duplicated(list(file.key))]
    if len(twice):
        raise UserError(f"{path} line {twice[0] + 2}: this value is there twice")
    if len(frame) != file.rows:
        raise UserError(f"{path} holds {len(frame)} values; there are {file.rows}")
    return frame


def _typed(path: Path, cells: pd.Series, dtype: str) -> pd.Series:
    values, parse = [], with_commits if cells.name == "source" else PARSERS[dtype]
    for line, cell in enumerate(cells, start=2):
        try:
            values.append(parse(cell))
        except ValueError as error:
            raise UserError(f"{path} line {line}: {cells.name} is of the wrong type: {error}") from None
    return pd.Series(values, dtype=dtype)


def _require_range(path: Path, frame: pd.DataFrame) -> None:
    for unit, rows in frame.groupby("unit"):
        low, high, what = UNITS[unit]
        outside = rows.loc[~(rows["value"].between(low, high) & (rows["value"] < inf)), "value"]
        if len(outside):
            raise UserError(f"{path} line {outside.index[0] + 2}: {outside.iloc[0]} is not {what}")


def load(file: PublishedFile, folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """The published values; no rows, and the reason, if the file is missing or damaged. Never raises for that."""
    return or_problem(lambda folder: read(file, folder), folder, file.name, file.empty())


def or_problem(read: Callable[[Path], Read], folder: Path, name: str, otherwise: Read) -> tuple[Read, list[Problem]]:
    """What `read` returns for `runs/published/`; `otherwise`, and the reason, if it raises a UserError."""
    try:
        return read(folder), []
    except UserError as error:
        return otherwise, [Problem(f"published/{name}", str(error))]


def select(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows in which every named column has the given value."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame
