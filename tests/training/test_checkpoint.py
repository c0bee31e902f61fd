"""A checkpoint that cannot be read this time is not one that is worth nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import warnings
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


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"\x80\x02" + b"(" * 100_000,
        b"\x80\x02]q\x00.",
        b"\x80\x02K\x01.",
        b"\x80\x02U",
        b"\0" * 100,
    ],
)
def test_bytes_that_are_no_checkpoint_are_kept_aside(checkpoint, parts, content):
    checkpoint.path.write_bytes(content)
    with pytest.warns(UserWarning, match="checkpoint cannot be used, starting over"):
        assert checkpoint.load(*parts) == Position()
    assert checkpoint.path.with_suffix(".unusable").read_bytes() == content


@pytest.mark.parametrize("seed", range(20))
def test_turned_over_bytes_never_end_in_a_traceback(checkpoint, parts, seed):
    chance = random.Random(seed)
    content = bytearray(checkpoint.path.read_bytes())
    for _ in range(4):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    checkpoint.path.write_bytes(content)
    with warnings.catch_warnings(), contextlib.suppress(UserError):
        warnings.simplefilter("ignore")
        assert checkpoint.load(*parts).epoch in (1, 7)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.mkdir()])
def test_what_is_no_file_is_named_and_does_not_block(checkpoint, parts, make):
    checkpoint.path.unlink()
    make(checkpoint.path)
    with pytest.raises(UserError, match="could not be read: it is no file"):
        checkpoint.load(*parts)


def test_a_checkpoint_of_another_network_is_one_line_and_stays(checkpoint, parts):
    _, optimizer, scheduler = parts
    with pytest.raises(UserError, match=r"does not fit this run: RuntimeError: .*move it away") as refused:
        checkpoint.load(nn.Linear(3, 3), optimizer, scheduler)
    assert "\n" not in str(refused.value)
    assert checkpoint.path.exists()
