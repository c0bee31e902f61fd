"""What a run leaves in its work folder, and who removes it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ndcore.config import RunConfig
from ndcore.files import remove_temporaries
from ndcore.folders import checkpoint_path, record_path, work_folder
from ndcore.grid.progress import PROGRESS_FILE

LOG_FILE = "output.txt"
"""What a cell of the grid wrote to its standard streams."""


def clear_up(config: RunConfig, runs: Path, *, finished: bool = False) -> None:
    """Remove what killed processes of this run left half written; with `finished`, also what led to the record.

    Only for the holder of the run's lease.
    """
    work = work_folder(config, runs)
    targets = (checkpoint_path(config, runs), work / PROGRESS_FILE, work / LOG_FILE)
    for target in (*targets, record_path(config, runs), notebook_path(config.run_id, runs)):
        remove_temporaries(target)
    for target in targets if finished else ():
        target.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def notebook_path(name: str, runs: Path) -> Path:
    """Where an executed notebook lies; `name` is that of its record without ending."""
    return runs / "notebooks" / f"{name}.ipynb"
