"""What a record says of a run that failed, in its training or outside of it."""

from __future__ import annotations

import os
import re
import resource
import sys
from pathlib import Path

from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import NOTEBOOK, PROJECT, work_folder
from ndcore.experiment.provenance import describe_run
from ndcore.experiment.records import Failure
from ndcore.machine import RESIDENT, peak_resident_bytes
from ndcore.training.progress import Progress

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FAILED = re.compile(r"(?P<run_id>.+)\.failed-(?P<number>\d+)\.json")
"""Name of the record of a failed attempt."""


def write(config: RunConfig, runs: Path, device: str, kind: str, message: str, trace: str) -> Path:
    """Write the record of a run whose notebook could not write one itself (an exception outside the training, a kernel
    that died); returns its path.

    Args:
        device: as it was asked for.
        kind: the class of the error.
        trace: its traceback.
    """
    from ndcore.training.device import prepare_device  # noqa: PLC0415 - torch, only when something failed

    try:
        device_type = prepare_device(device, config.precision).type
    except UserError:
        device_type = "cpu"
    reached = Progress.read(work_folder(config, runs))
    record = describe_run(
        config,
        device_type,
        NOTEBOOK,
        status="failed",
        peak_memory_bytes=peak_resident_bytes(resource.RUSAGE_CHILDREN),
        peak_memory_of=RESIDENT,
        failure=describe_failure(kind, message, trace, reached and reached.epoch, reached and reached.step),
    )
    return record.write(runs)


def describe_failure(kind: str, message: str, trace: str, epoch: int | None, step: int | None) -> Failure:
    """What failed, and where; the traceback without colours and without the folders of this machine."""
    text = ANSI.sub("", trace)
    for folder in sorted({str(PROJECT), os.path.expanduser("~"), *filter(None, sys.path)}, key=len, reverse=True):
        if len(folder) > 1:
            text = text.replace(folder + os.sep, "")
    return Failure(kind=kind, message=message, traceback=text, epoch=epoch, step=step)


def last_failure(runs: Path, run_id: str) -> Path:
    """The record of the last failed attempt of a run that has one."""
    named = (FAILED.fullmatch(path.name) for path in runs.iterdir())
    return runs / max((m for m in named if m and m["run_id"] == run_id), key=lambda match: int(match["number"]))[0]
