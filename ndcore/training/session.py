"""Begins a session of a training: sets its threads, and says what is not as it was when the checkpoint was written."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from ndcore.errors import RunWarning
from ndcore.machine import cpu_extensions, cpu_name
from ndcore.source import source_digest
from ndcore.training.conditions import Conditions, Session, remark, threads_to_take
from ndcore.training.device import device_name
from ndcore.training.speed import limit_threads

CALLER = 5
"""Frames from here to the cell of the notebook; there a warning arises for who reads it."""

SWITCHES = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NVIDIA_TF32_OVERRIDE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
)
"""Environment variables that choose other kernels or another precision."""


def begin_session(
    earlier: Sequence[dict[str, Any]], epoch: int, step: int, device: torch.device, threads: str | int
) -> Session:
    """The session that begins in this process; sets the process's threads, and warns of other conditions.

    Args:
        earlier: the sessions of the checkpoint; none at the start of a run.
        threads: as `ndcore.training.threads.parse_threads` returns them.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    limit_threads()
    usual = describe_conditions(device)
    before = Session(**earlier[-1]).conditions if earlier else None
    number = threads_to_take(threads, usual, before)
    torch.set_num_threads(number)
    now = usual.model_copy(update={"threads": number})
    if earlier and (text := remark(threads, usual, before, now)):
        warnings.warn(text, RunWarning, stacklevel=CALLER)
    return Session(epoch=epoch, step=step, started_utc=started, conditions=now)


def describe_conditions(device: torch.device) -> Conditions:
    """What decides the bits that this process computes on that device."""
    packages = {"torch": torch.__version__, "numpy": np.__version__}
    if device.type == "cuda":
        packages |= {"cuda": str(torch.version.cuda), "cudnn": str(torch.backends.cudnn.version())}
    switches = {
        "mkldnn": "" if torch.backends.mkldnn.enabled else "off",
        "deterministic_algorithms": "on" if torch.are_deterministic_algorithms_enabled() else "",
        "cudnn_deterministic": "on" if torch.backends.cudnn.deterministic else "",
    }
    settings = {name: os.environ.get(name, "") for name in SWITCHES} | switches
    return Conditions(
        device=device.type,
        device_name=device_name(device),
        cpu=cpu_name(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        cpu_extensions=cpu_extensions(),
        threads=torch.get_num_threads(),
        packages=packages,
        settings={name: value for name, value in settings.items() if value},
        source_sha256=source_digest(),
    )
