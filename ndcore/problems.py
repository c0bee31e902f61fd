"""What is wrong with a file in `runs/`, in a line that every terminal and every page can show."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 500
"""Characters of a reason."""


@dataclass(frozen=True)
class Problem:
    """A file in `runs/` that is not shown as a result, and why."""

    file: str
    """Its path within `runs/`, printable."""
    reason: str
    """Continues a sentence that begins with the file. The file's full path is taken out: a page does not show it."""

    def __post_init__(self) -> None:
        name = re.escape(self.file)
        reason = re.sub(rf"^(/|[A-Za-z]:).*?{name}[:,]? ?|:? '[^']*{name}'", "", self.reason)
        object.__setattr__(self, "file", printable(self.file))
        object.__setattr__(self, "reason", one_line(reason))


def printable(text: str) -> str:
    """Text that every terminal and every page can show: other characters, and bytes that no character stands for in a
    file's name, as backslash escapes."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python holds a byte of a name that it cannot decode
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def one_line(text: str) -> str:
    """Text on one line, printable, not too long."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
