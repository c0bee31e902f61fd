"""Removes what a run leaves in its work folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ndcore.errors import RunBusy
from ndcore.experiment import leases
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import checkpoint_path, record_path, work_folder
from ndcore.files import remove_temporaries
from ndcore.training.progress import PROGRESS_FILE


def clear_up(config: RunConfig, runs: Path, *, finished: bool = False) -> None:
    """Remove what killed processes of this run left half written; with `finished`, also what led to the record.

    A progress file is removed unless its checkpoint is there. The caller holds the run's lease.
    """
    work = work_folder(config, runs)
    checkpoint, progress = checkpoint_path(config, runs), work / PROGRESS_FILE
    for target in (checkpoint, progress, record_path(config, runs), notebook_path(config.run_id, runs)):
        remove_temporaries(target)
    if finished:
        checkpoint.unlink(missing_ok=True)
    if not checkpoint.exists():
        progress.unlink(missing_ok=True)


def clear_up_after_the_dead(config: RunConfig, runs: Path) -> None:
    """Remove what a run has left that was killed between its record and its end. Nothing happens if somebody alive
    holds its lease, or if nothing can be removed."""
    work = work_folder(config, runs)
    if not work.exists():
        return
    with contextlib.suppress(RunBusy, OSError):
        lease = leases.claim(work)
        try:
            clear_up(config, runs, finished=True)
        finally:
            lease.release()
            remove_if_empty(work)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def notebook_path(name: str, runs: Path) -> Path:
    """Where an executed notebook lies; `name` is that of its record without ending."""
    return runs / "notebooks" / f"{name}.ipynb"
