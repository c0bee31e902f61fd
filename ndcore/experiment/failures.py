"""Failure records of what goes wrong outside the training: an exception in the notebook, a kernel that died."""

from __future__ import annotations

import os
import re
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import NOTEBOOK, PROJECT, work_folder
from ndcore.experiment.provenance import describe_code, describe_environment
from ndcore.experiment.records import Failure, RunRecord
from ndcore.training.progress import Progress

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FAILED = re.compile(r"(?P<run_id>.+)\.failed-(?P<number>\d+)\.json")
"""Name of the record of a failed attempt."""


def write(config: RunConfig, runs: Path, device: str, kind: str, message: str, trace: str) -> Path:
    """Write the record of a run that failed where its notebook could not write one itself; returns its path.

    Args:
        device: as it was asked for.
        kind: the class of the error.
        trace: its traceback.
    """
    from ndcore.training import prepare_device  # noqa: PLC0415 - torch, only when something failed

    try:
        device_type = prepare_device(device, config.precision).type
    except UserError:
        device_type = "cpu"
    reached = Progress.read(work_folder(config, runs))
    record = RunRecord(
        run_id=config.run_id,
        status="failed",
        config=config,
        finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        epochs=(),
        final_epoch=None,
        best_epoch=None,
        test_correct=None,
        model=None,
        data=None,
        peak_memory_bytes=_peak_of_children(),
        peak_memory_of="process (resident)",
        sessions=(),
        environment=describe_environment(device_type, config.precision),
        code=describe_code(config, NOTEBOOK),
        failure=Failure(
            kind=kind,
            message=message,
            traceback=without_folders(ANSI.sub("", trace)),
            epoch=reached and reached.epoch,
            step=reached and reached.step,
        ),
    )
    return record.write(runs)


def last_failure(runs: Path, run_id: str) -> Path:
    """The record of the last failed attempt of a run that has one."""
    named = (FAILED.fullmatch(path.name) for path in runs.iterdir())
    last = max(
        (match for match in named if match and match["run_id"] == run_id), key=lambda match: int(match["number"])
    )
    return runs / last[0]


def without_folders(text: str) -> str:
    """A traceback without the folders of this machine."""
    for folder in sorted({str(PROJECT), os.path.expanduser("~"), *filter(None, sys.path)}, key=len, reverse=True):
        if len(folder) > 1:
            text = text.replace(folder + os.sep, "")
    return text


def _peak_of_children() -> int:
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
