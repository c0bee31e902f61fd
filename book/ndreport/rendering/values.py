"""A value of a table together with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

NOT_RUN = "not run"
MISSING_FILE = "missing"
"""What stands where a file of published values could not be read."""
GLYPHS = {"good": "✓", "bad": "✗", "partial": "◐", "open": "?"}
"""What a judgement shows before its word, so that its colour is never alone."""


@dataclass(frozen=True)
class Value:
    """One cell of a table."""

    text: str
    """What stands in the cell, never empty."""
    note: str
    """Where it comes from, or why there is none, in words."""
    link: str = ""
    """Address of the record or the description of the source, relative to a page in `book/`."""
    number: float | int | None = None
    """The unrounded number, if it is one."""
    present: bool = True
    """False for "not run" and the like."""
    kind: str = ""
    """A judgement, shown as a glyph and a colour before the text: a key of `GLYPHS`, or "" for none."""
    command: str = ""
    """What would make this value, or makes it again, as a line for the shell; it can be copied."""

    def __post_init__(self) -> None:
        if self.kind and self.kind not in GLYPHS:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(GLYPHS)}")
        if not self.text:
            raise ValueError("a cell of a table is never blank")


def missing(text: str, note: str, link: str = "", command: str = "") -> Value:
    """A cell without a value: the text says why ("not run", "failed", "file damaged")."""
    return Value(text, note, link, present=False, command=command)


def decimal(number: float, note: str, link: str = "", digits: int = 2) -> Value:
    """A number shown with a fixed number of decimals."""
    return Value(f"{number:.{digits}f}", note, link, number)


def word(text: object, note: str = "", link: str = "") -> Value:
    """A cell of words or of an identifier."""
    return Value(str(text), note, link)


def judgement(kind: str, text: str, note: str, link: str = "") -> Value:
    """A verdict in words ("holds", "fails") behind the glyph of its kind ("good", "bad", "partial", "open")."""
    return Value(text, note, link, kind=kind)
