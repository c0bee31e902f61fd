"""Under what a benchmark runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import torch

from ndcore.bench.rows import Conditions
from ndcore.experiment.folders import PROJECT
from ndcore.experiment.provenance import git_state
from ndcore.machine import cpu_name
from ndcore.training.device import device_name


def present_conditions(device: torch.device, batch_size: int) -> Conditions:
    """The conditions of a measurement that begins now."""
    commit, dirty = git_state(PROJECT)
    return Conditions(
        batch_size=batch_size,
        threads=torch.get_num_threads(),
        device=device.type,
        device_name=device_name(device),
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        torch=str(torch.__version__),
        git_commit=commit,
        git_dirty=dirty,
        measured_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )
