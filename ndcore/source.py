"""The code that makes numbers, as one digest: a record says with it which code it comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
MAKES_NUMBERS = ("layers", "models", "data", "training", "experiment")
"""Packages that have a part in a record. Commands, grid, benchmarks and surgery have none."""
DISPLAY = ("training/progress_bar.py",)
"""Files in them that only show something."""


def source_digest() -> str:
    """SHA-256 over the paths and contents of the Python files that make numbers."""
    digest = hashlib.sha256()
    for path in sorted(path for package in MAKES_NUMBERS for path in (PACKAGE / package).rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name not in DISPLAY:
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
