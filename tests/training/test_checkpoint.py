"""A checkpoint that cannot be read this time is not one that is worth nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from ndcore.errors import UserError
from ndcore.training.checkpoint import Checkpoint, Position


@pytest.fixture
def parts() -> tuple:
    """Network, optimiser and schedule."""
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return model, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)


@pytest.fixture
def checkpoint(tmp_path, parts) -> Checkpoint:
    made = Checkpoint(tmp_path / "checkpoint.pt", "run", {})
    made.save(Position(epoch=7), *parts)
    return made


NO_ROOM = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"


@pytest.mark.parametrize(
    ("module", "what", "fault", "why"),
    [
        (Path, "read_bytes", OSError(errno.EIO, os.strerror(errno.EIO)), "input/output error"),
        (Path, "read_bytes", OSError(errno.ESTALE, os.strerror(errno.ESTALE)), "stale file handle"),
        (Path, "read_bytes", MemoryError(), "can't allocate memory"),
        (torch, "load", RuntimeError(NO_ROOM), "can't allocate memory"),
        (torch, "load", MemoryError(), "can't allocate memory"),
    ],
)
def test_what_cannot_be_read_this_time_stays_and_is_read_next_time(
    checkpoint, parts, monkeypatch, module, what, fault, why
):
    def fail(*_: object, **__: object) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(module, what, fail)
        with pytest.raises(UserError, match=f"could not be read: {why}; nothing was changed") as refused:
            checkpoint.load(*parts)
    assert "\n" not in str(refused.value)
    assert checkpoint.load(*parts).epoch == 7


def test_that_torch_says_so_when_there_is_no_memory():
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        torch.empty(10**15)


def test_no_file_is_the_start_of_the_run(checkpoint, parts):
    checkpoint.path.unlink()
    assert checkpoint.load(*parts) == Position()
