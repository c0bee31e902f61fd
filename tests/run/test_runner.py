"""What the runner leaves when the file system fails it; the notebook is replaced by what it would do."""

from __future__ import annotations

import errno
import os

import pytest

from ndcore.errors import UserError
from ndcore.experiment import leases, runner
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import checkpoint_path, record_path, work_folder

CONFIG = RunConfig(arch="resnet18d", norm="bn", dataset="digits", epochs=1)


@pytest.fixture
def perform(tmp_path, monkeypatch):
    """Performs the run with a function in place of the notebook; there is a checkpoint when it begins."""

    def perform_with(notebook) -> runner.Outcome:
        def stand_in(config, runs, *_: object) -> None:
            checkpoint_path(config, runs).write_bytes(b"epochs of work")
            notebook(config, runs)

        monkeypatch.setattr(runner, "_perform", stand_in)
        return runner.run(CONFIG, runs=tmp_path, check_first=False)

    return perform_with


@pytest.mark.parametrize("text", ["", '{"schema": {"na', "{}"])
def test_a_torn_record_does_not_cost_the_checkpoint(perform, tmp_path, text):
    def tear(config, runs) -> None:
        record_path(config, runs).write_text(text)
        raise UserError("its record could not be written: the disk is full")

    with pytest.raises(UserError, match="the disk is full"):
        perform(tear)
    assert checkpoint_path(CONFIG, tmp_path).read_bytes() == b"epochs of work"


def read_only(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_a_folder_that_turns_read_only_does_not_hide_why_the_run_stopped(perform, tmp_path, monkeypatch):
    """What it left cannot be removed; the lease is given back."""

    def stop(config, runs) -> None:
        monkeypatch.setattr(runner, "clear_up", read_only)
        raise UserError("its checkpoint could not be saved: read-only file system")

    with pytest.raises(UserError, match="its checkpoint could not be saved"):
        perform(stop)
    assert leases.current(work_folder(CONFIG, tmp_path)) is None


@pytest.mark.parametrize(("module", "what"), [(leases, "_create"), (runner, "clear_up")])
def test_a_work_folder_that_cannot_be_written_is_said_in_one_line(perform, tmp_path, monkeypatch, module, what):
    monkeypatch.setattr(module, what, read_only)
    with pytest.raises(UserError) as refused:
        perform(lambda *_: pytest.fail("it was performed"))
    assert str(refused.value).startswith(f"cannot write to {work_folder(CONFIG, tmp_path)}: read-only file system; ")
    assert leases.current(work_folder(CONFIG, tmp_path)) is None
