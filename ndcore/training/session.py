"""Begins a session of a training: sets its threads, and says what is not as it was when the checkpoint was written."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from ndcore.errors import RunWarning
from ndcore.provenance import describe_conditions
from ndcore.sessions import Interval, remark, threads_to_take
from ndcore.training.speed import limit_threads

CALLER = 5
"""Frames from here to the cell of the notebook; there a warning arises for who reads it."""


def begin_session(
    earlier: Sequence[dict[str, Any]], epoch: int, step: int, device: torch.device, threads: str | int
) -> Interval:
    """The session that begins in this process; sets the process's threads, and warns of other conditions.

    Args:
        earlier: the sessions of the checkpoint; none at the start of a run.
        threads: as `ndcore.threads.parse_threads` returns them.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    limit_threads()
    usual = describe_conditions(device)
    before = Interval(**earlier[-1]).conditions if earlier else None
    number = threads_to_take(threads, usual, before)
    torch.set_num_threads(number)
    now = usual.model_copy(update={"threads": number})
    if earlier and (text := remark(threads, usual, before, now)):
        warnings.warn(text, RunWarning, stacklevel=CALLER)
    return Interval(epoch=epoch, step=step, started_utc=started, conditions=now)
