"""What the runner leaves when the file system fails it; the notebook is replaced by what it would do."""

from __future__ import annotations

import pytest

from ndcore import runner
from ndcore.config import RunConfig
from ndcore.errors import UserError
from ndcore.folders import checkpoint_path, record_path

CONFIG = RunConfig(arch="resnet18d", norm="bn", dataset="digits", epochs=1)


@pytest.fixture
def perform(tmp_path, monkeypatch):
    """Performs the run with a function in place of the notebook; there is a checkpoint when it begins."""

    def perform_with(notebook) -> runner.Outcome:
        def stand_in(config, runs, *_: object) -> None:
            checkpoint_path(config, runs).write_bytes(b"epochs of work")
            notebook(config, runs)

        monkeypatch.setattr(runner, "_perform", stand_in)
        return runner.run(CONFIG, runs=tmp_path, look_first=False)

    return perform_with


@pytest.mark.parametrize("text", ["", '{"schema": {"na', "{}"])
def test_a_torn_record_does_not_cost_the_checkpoint(perform, tmp_path, text):
    def tear(config, runs) -> None:
        record_path(config, runs).write_text(text)
        raise UserError("its record could not be written: the disk is full")

    with pytest.raises(UserError, match="the disk is full"):
        perform(tear)
    assert checkpoint_path(CONFIG, tmp_path).read_bytes() == b"epochs of work"
