"""The streams of a terminal: what its encoding lacks is replaced by something readable, and no output ends the program.

A terminal or log of Latin-1, cp1252 or ASCII has no "✓". Every program of ours calls `prepare` first; from then on
standard output and error write a stand-in for what they cannot encode. A file name that is not UTF-8 is written in the
same way, on any terminal.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from typing import Any

STAND_INS = {
    "✓": "+", "✗": "x", "▶": ">", "‖": "=", "·": ".", "…": "...", "↳": "->", "→": "->", "←": "<-", "×": "x",
    "±": "+-", "−": "-", "–": "-", "—": "-", "‑": "-", "≥": ">=", "≤": "<=", "≈": "~", "²": "^2", "½": "1/2",
    "¾": "3/4", "§": "section ", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " ", "\u2009": " ",
    "κ": "kappa", "μ": "mu", "µ": "u", "σ": "sigma", "Σ": "sum", "ε": "eps", "λ": "lambda", "τ": "tau", "ρ": "rho",
    "█": "#", "▉": "9", "▊": "7", "▋": "6", "▌": "5", "▍": "4", "▎": "3", "▏": "1",
}  # fmt: skip
"""ASCII for the signs of our own texts and of progress bars, as wide as the sign where it stands in a column; every
other character is written as its escape."""
HANDLER = "ndcore.stand_in"
CLOSED_PIPE = 141
"""Exit code of a command that did not finish because nobody reads its output: what a shell says for SIGPIPE."""


def stand_in(error: UnicodeError) -> tuple[str, int]:
    """An error handler of `codecs`: replaces one run of characters that the encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(STAND_INS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking), error.end


def prepare() -> None:
    """Let standard output and error replace what they cannot encode; one that was closed at the start goes nowhere."""
    codecs.register_error(HANDLER, stand_in)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - as long as the program
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):  # else it is a notebook's, and takes anything
            stream.reconfigure(errors=HANDLER)


def write_json(value: Any) -> None:
    """Write a value to standard output for other programs; a stand-in would be another value, an escape is the same."""
    utf8 = "utf" in (sys.stdout.encoding or "utf-8").lower()
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=not utf8) + "\n")


def drop_output() -> None:
    """Throw away what could not be written: Python would try again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
