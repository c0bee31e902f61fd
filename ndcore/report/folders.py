"""Where the records and the published values lie."""

from __future__ import annotations

import os
from pathlib import Path


def runs_folder(start: Path | None = None) -> Path:
    """The folder `runs/`: `NDCORE_RUNS` if set, else the nearest one at or above `start`, else the package's own.

    `start` is the working directory unless given. The result may not exist; readers of the folder then say so.
    """
    if chosen := os.environ.get("NDCORE_RUNS"):
        return Path(chosen)
    package = Path(__file__).resolve().parents[2]
    start = start or Path.cwd()
    for folder in (start, *start.parents):
        if (folder / "runs" / "published").is_dir():
            return folder / "runs"
    return package / "runs"
