"""Reading and writing what `ndcore bench` measured. Imports no torch.

A file holds whole networks: measuring one again replaces its lines and keeps those of all others.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TypeVar, get_args, get_type_hints

from ndcore import foreign
from ndcore.bench.rows import Conditions, LayerRow, StepRow
from ndcore.errors import UserError, unknown_name
from ndcore.files import replace

Row = TypeVar("Row", StepRow, LayerRow)
NAME = re.compile(r"(?P<kind>steps|layers)-.+-(?P<date>\d{8})\.csv")
RANGE = (1e-12, 1e18)
"""No time, rate or ratio of any machine is outside; within, every quotient is a number."""
BOOLEANS = {"true": True, "false": False}


def columns(row: type[StepRow] | type[LayerRow]) -> list[str]:
    """Names of the columns in the order of the file: what was measured, then under what conditions."""
    conditions = [field.name for field in fields(Conditions)]
    return [field.name for field in fields(row) if field.name not in conditions] + conditions


def file_name(kind: str, conditions: Conditions) -> str:
    """A name that states the conditions, like steps-cpu-2threads-batch128-torch2.14.1-20261124.csv."""
    device = conditions.device if conditions.device == "cpu" else _word(conditions.device_name)
    release = conditions.torch.partition("+")[0]
    date = conditions.measured_utc[:10].replace("-", "")
    threads = f"{conditions.threads}thread{'s' if conditions.threads > 1 else ''}"
    return f"{kind}-{device}-{threads}-batch{conditions.batch_size}-torch{release}-{date}.csv"


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def latest(folder: Path, kind: str = "steps") -> Path | None:
    """The newest file of this kind by the date in its name, of several the last in alphabetical order; None: no file.

    Args:
        kind: "steps" or "layers".
    """
    paths, _ = foreign.files(folder, ".csv")
    found = [(match["date"], path) for path in paths if (match := NAME.fullmatch(path.name))]
    return max((entry for entry in found if entry[1].name.startswith(kind)), default=(None, None))[1]


def read_rows(path: Path, row: type[Row]) -> list[Row]:
    """The lines of a file, of steps or of layers.

    Raises:
        UserError: no such file, or one that is damaged: names file, line and what is wrong.
    """
    try:
        head, *lines = foreign.read_csv(path)
    except ValueError as error:
        raise UserError(f"{path}: cannot be read as a table of `ndcore bench`: {error}") from None
    expected = columns(row)
    for name in head:
        if name not in expected:
            raise UserError(f"{path}, line 1: {unknown_name('column', name, expected)}")
    if missing := [name for name in expected if name not in head]:
        raise UserError(f"{path}, line 1: column {', '.join(missing)} is missing")
    if len(head) != len(expected):
        raise UserError(f"{path}, line 1: a column is there twice")
    parsers = {name: _parser(kind) for name, kind in get_type_hints(row).items()}
    rows = []
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(head):
            raise UserError(f"{path}, line {number}: {len(cells)} cells, but the head names {len(head)} columns")
        values = {}
        for name, cell in zip(head, cells, strict=True):
            try:
                values[name] = parsers[name](cell)
            except ValueError as error:
                raise UserError(f"{path}, line {number}, column {name}: {error}") from None
        rows.append(row(**values))
    return rows


def _parser(kind: object) -> Callable[[str], object]:
    """How a cell of a column of this type is read; it raises a ValueError that says what was expected."""
    optional = type(None) in get_args(kind)
    [base] = [inner for inner in get_args(kind) if inner is not type(None)] if optional else [kind]

    def parse(cell: str) -> object:
        if not cell and optional:
            return None
        if base is str and cell:
            return cell
        if base is bool and cell in BOOLEANS:
            return BOOLEANS[cell]
        if base is int and cell.isdigit():
            return foreign.whole_number(cell)
        if base is float:
            return _positive(cell)
        wanted = {str: "text", bool: "true or false", int: "a whole number"}[base]
        raise ValueError(f"expected {wanted}, got {cell!r}")

    return parse


def _positive(cell: str) -> float:
    """All that is measured is positive, and within `RANGE`."""
    with contextlib.suppress(ValueError):
        if RANGE[0] <= (value := float(cell)) <= RANGE[1]:
            return value
    raise ValueError(f"expected a positive number ({RANGE[0]:g} to {RANGE[1]:g}), got {cell!r}")


def replace_networks(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows into a file, atomically, in the place of all that it holds about their networks.

    Args:
        rows: at least one; all rows of a network together.

    Raises:
        UserError: the file is there and damaged, or cannot be written.
    """
    measured = {row.arch for row in rows}
    kept = [row for row in read_rows(path, type(rows[0])) if row.arch not in measured] if path.exists() else []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return replace(path, lambda file: file.write(_text([*kept, *rows]).encode()))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def _text(rows: Iterable[Row]) -> str:
    rows = sorted(rows, key=lambda row: row.arch)  # the lines of a network keep their order
    buffer = io.StringIO()
    names = columns(type(rows[0]))
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return buffer.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
