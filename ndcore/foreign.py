"""Files that anybody may have put into a folder: which of them can be read, and what is wrong with the others.

Everything in `runs/` is read through this module. Each reader returns a value or raises a `ValueError` with one
printable line; nothing else escapes, nothing blocks, and nothing larger than `LIMIT` is taken into memory.
"""

from __future__ import annotations

import csv
import errno
import functools
import io
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError

from ndcore.files import reason
from ndcore.problems import Problem, one_line

LIMIT = 64 * 2**20
"""Bytes. The largest file of our own is a page of citations, with a few million."""
LARGEST_WHOLE, LARGEST = 2**63 - 1, 1e100
"""Numbers beyond mean nothing here, and overflow in the calculations that follow."""
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISBLK(mode) or stat.S_ISCHR(mode), "a device"),
)
UNREADABLE = "cannot be read: "
SAID = (
    (RecursionError, "it is nested too deeply"),
    (MemoryError, "it needs more memory than there is"),
    (UnicodeDecodeError, "it is not UTF-8"),
    (UnicodeEncodeError, "it holds half of a surrogate pair, which is no character"),
)
"""What an error means whose own words do not say it."""
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Model = TypeVar("Model", bound=BaseModel)


def refusing(read: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A reader whose every error is a ValueError with one printable line.

    Parsers and validators fail in ways of their own about contents that nobody thought of: RecursionError,
    OverflowError, AttributeError and others.
    """

    @functools.wraps(read)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return read(*args, **kwargs)
        except Exception as error:
            raise ValueError(one_line(_message(error))) from None

    return guarded


def _message(error: Exception) -> str:
    if said := next((said for kind, said in SAID if isinstance(error, kind)), ""):
        return said
    if isinstance(error, OSError):
        return reason(error)
    spoken = isinstance(error, (ValueError, csv.Error))
    return str(error) if spoken else f"{type(error).__name__}: {error}"


def files(folder: Path, ending: str, within: str = "") -> tuple[list[Path], list[Problem]]:
    """The regular files of a folder whose names have that ending, by name; and everything else with such a
    name, and what it is. A folder that is not there holds nothing.

    Args:
        within: what the names of problems begin with, like "bench".
    """
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(ending))
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Problem(within or folder.name, f"{UNREADABLE}{reason(error)}")]
    found, problems = [], []
    for name in names:
        fault = _fault(folder / name) if name.isprintable() else "has a name that is not printable UTF-8"
        if fault:
            problems.append(Problem(f"{within}/{name}" if within else name, fault))
        else:
            found.append(folder / name)
    return found, problems


def _fault(path: Path) -> str:
    """Why a path is no regular file; "" if it is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        nowhere = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP) and path.is_symlink()
        return "is a link to nothing" if nowhere else f"{UNREADABLE}{reason(error)}"
    if stat.S_ISREG(mode):
        return ""
    return f"is {next((kind for is_kind, kind in KINDS if is_kind(mode)), 'something')}, not a file"


@refusing
def read_bytes(path: Path, limit: int = LIMIT) -> bytes:
    """The content of a regular file.

    Raises:
        ValueError: it is no regular file, cannot be read, or has more bytes than `limit`.
    """
    if fault := _fault(path):  # opening a pipe would wait for somebody who writes into it
        raise ValueError(fault.removeprefix(UNREADABLE))  # callers begin so, and name the format
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise ValueError(f"it is larger than {limit / 2**20:.0f} MiB")
        return file.read()


@refusing
def read_text(path: Path, limit: int = LIMIT) -> str:
    """The content of a regular file in UTF-8, with or without a byte order mark.

    Raises:
        ValueError: as `read_bytes`; or it is not UTF-8, or holds a NUL.
    """
    text = read_bytes(path, limit).decode("utf-8-sig")
    if "\0" in text:
        raise ValueError("it holds a NUL, which no text does")
    return text


@refusing
def read_json(path: Path) -> Any:
    """The value in a JSON file. As Python writes it, NaN and Infinity are numbers.

    Raises:
        ValueError: as `read_text`; or it is not JSON, holds a key twice, a number of an absurd size, or text that
            cannot be written again.
    """
    text = read_text(path)
    value = json.loads(text, object_pairs_hook=_once, parse_int=_whole, parse_float=_ordinary)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()  # fails on half of a surrogate pair
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} is there twice")
    return found


def whole_number(text: str) -> int:
    """A whole number of 64 bits, from decimal digits.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError(f"expected a whole number, got {_shortened(text)}")
    return _whole(text)


def _whole(text: str) -> int:
    if len(text) <= 20 and abs(number := int(text)) <= LARGEST_WHOLE:
        return number
    raise ValueError(f"expected a whole number of at most 64 bits, got {_shortened(text)}")


def _ordinary(text: str) -> float:
    if abs(number := float(text)) <= LARGEST:
        return number
    raise ValueError(f"expected a number below {LARGEST:g}, got {_shortened(text)}")


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


@refusing
def read_csv(path: Path) -> list[list[str]]:
    """The rows of a CSV file, the head first, every cell as it is written.

    Raises:
        ValueError: as `read_text`; or it is no CSV, or empty.
    """
    rows = list(csv.reader(io.StringIO(read_text(path).rstrip("\r\n"), newline=""), strict=True))
    if not rows:
        raise ValueError("it is empty")
    return rows


@refusing
def validated(model: type[Model], document: Any) -> Model:
    """What a document says, as a model of pydantic.

    Raises:
        ValueError: it does not fit; the first complaint in one line, with the field that it is about.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "value_error" and not first["loc"]:
            raise ValueError(str(first["ctx"]["error"])) from None
        raise ValueError(f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}") from None


def between(low: float, high: float) -> Callable[[Result], Result]:
    """A validator of numbers; unlike the limits of a `Field` it leaves the published JSON schema as it is."""

    def check(value: Result) -> Result:
        if not low <= value <= high:
            raise ValueError(f"{value:g} is not a number from {low:g} to {high:g}")
        return value

    return check
