"""How many threads of the CPU a run asks for. They are no part of its identity, but of what decides its bits."""

from __future__ import annotations

from ndcore.errors import UserError, shown

AUTO, KEEP = "auto", "keep"
MOST = 1024
"""More than PyTorch has a use for on any machine: a slip."""
THREADS = (
    "threads of the CPU; keep: as many as the checkpoint was made with (default: the same, if this process may use as "
    "many, on the same processor with the same versions and switches; else as many as it may use)"
)
"""Help of the option `--threads`."""


def parse_threads(value: object) -> str | int:
    """What is asked for: "auto", "keep", or a number, which may come as a text.

    Raises:
        UserError: it is something else.
    """
    text = str(value)
    if text in (AUTO, KEEP):
        return text
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST:
        return int(text)
    raise UserError(f"threads={shown(value)}: expected auto, keep, or a number from 1 to {MOST}")
