"""The threads that a grid's cells are asked to take, and what the cells say about them."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace

import pytest
from grid_helpers import cells

from ndcore import cli
from ndcore.grid import cell_process
from ndcore.grid.display import Display
from ndcore.grid.scheduler import Scheduler
from ndcore.grid.workers import LocalWorkers

SELECTION = ["--dataset", "digits", "--arch", "resnet18d", "--norm", "bn", "--epochs", "1", "--seeds", "0"]


def test_what_a_cell_warns_of_is_told_beside_it_and_not_what_a_library_warns_of(tmp_path, monkeypatch):
    text = "50%\r/tmp/cell.py:1: RunWarning: threads 2 → 1\n  train()\nx.py:1: UserWarning: of a library\nlast\n"
    program = f"import sys; sys.stderr.buffer.write({text.encode()!r})"
    monkeypatch.setattr(cell_process, "command", lambda *_: [sys.executable, "-c", program])
    (cell,) = cells(1)
    result = LocalWorkers(tmp_path).perform(cell, 0)
    assert result.warning == "threads 2 → 1"
    stream = io.StringIO()
    Display(Scheduler([cell], tmp_path, LocalWorkers(tmp_path)), 1, stream).report(replace(result, seconds=0.0))
    assert stream.getvalue() == f"✓ {cell.run_id} done; warning: threads 2 → 1\n"


def test_the_threads_that_are_asked_for_are_those_of_the_run(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("ndcore.experiment.runner.run", lambda *_, threads, **__: asked.append(threads))
    (cell,) = cells(1)
    wanted = json.loads(cell_process.command(cell.config, tmp_path, threads="keep")[-1])
    assert cell_process.perform(wanted) == 0
    del wanted["threads"]  # queued by an earlier version
    assert cell_process.perform(wanted) == 0
    assert asked == ["keep", "auto"]


@pytest.mark.parametrize(("asked", "expected"), [("keep", "keep"), ("3", 3), ("auto", "auto")])
def test_a_local_grid_hands_the_threads_on(tmp_path, monkeypatch, asked, expected):
    commands = []

    def command(*arguments) -> list[str]:
        commands.append(arguments)
        return [sys.executable, "-c", ""]

    monkeypatch.setattr(cell_process, "command", command)
    monkeypatch.setattr("ndcore.grid.local.separate_impossible", lambda cells, workers: (cells, []))
    cli.main(["grid", "run", *SELECTION, "--runs", str(tmp_path), "--threads", asked])
    assert [arguments[-1] for arguments in commands] == [expected]


def test_a_script_hands_the_threads_on(tmp_path, capsys):
    submit = ["grid", "submit", *SELECTION, "--runs", str(tmp_path), "--script", "-"]
    assert cli.main([*submit, "--threads", "keep"]) == 0
    assert capsys.readouterr().out.count(" --threads keep'\n") == 1
    assert cli.main(submit) == 0
    assert "--threads" not in capsys.readouterr().out
    assert cli.main([*submit, "--threads", "none"]) == 2
    assert capsys.readouterr().err == ("ndcore grid: threads='none': expected auto, keep, or a number from 1 to 1024\n")
