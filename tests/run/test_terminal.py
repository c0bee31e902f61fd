"""Terminals that are not UTF-8, output that nobody reads, and disks that are full: no command ends in a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from tqdm import tqdm

from ndcore import cli, terminal
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import PROJECT
from ndcore.grid import cell_process

COMMANDS = (["--help"], ["run", "--help"], ["grid", "submit", "--help"], ["status"], ["grid", "plan"], ["schema"])
ENCODINGS = ("ascii", "latin-1", "cp1252", "iso-8859-7", "utf-8")


@pytest.fixture
def streams(monkeypatch, request):
    """Standard output and error with an encoding; what was written, decoded."""

    def replace(encoding: str):
        made = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
        for name, stream in made.items():
            monkeypatch.setattr(sys, name, stream)

        def written(name: str) -> str:
            made[name].flush()
            return made[name].buffer.getvalue().decode(encoding)

        return written

    return replace


def performed(arguments: list[str]) -> int:
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return end.code


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_writes_to_a_terminal_of_any_encoding(arguments, encoding, streams, monkeypatch):
    monkeypatch.chdir(PROJECT)
    written = streams(encoding)
    assert performed(arguments) == 0
    assert len(written("stdout")) > 100


def test_signs_that_the_terminal_lacks_become_readable(streams, monkeypatch):
    monkeypatch.chdir(PROJECT)
    written = streams("ascii")
    assert performed(["status"]) == 0
    assert "+ done   > running   x failed   = interrupted" in written("stdout")
    assert "\\" not in written("stdout")


def test_columns_stay_as_wide():
    """A sign of one column in `status` has a stand-in of one column."""
    from ndcore.grid.status import GLYPHS  # noqa: PLC0415

    assert all(len(terminal.STAND_INS.get(sign, sign)) == 1 for sign in (*GLYPHS.values(), "·", "×"))


def test_every_stand_in_is_ascii():
    assert "".join(terminal.STAND_INS.values()).isascii()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_complaints_and_bars_are_written_too(encoding, streams):
    written = streams(encoding)
    assert performed(["run", "--arch", "vgg…→\udcff漢", "--norm", "bn", "--dataset", "digits", "--epochs", "1"]) == 2
    with tqdm(total=3, desc="é✓", file=sys.stderr, ncols=60, ascii=False) as bar:
        bar.update()
    assert "unknown architecture" in written("stderr")
    assert "\\udcff" in written("stderr")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_says_the_same_in_every_encoding(encoding, streams):
    written = streams(encoding)
    assert performed(["schema"]) == 0
    committed = (PROJECT / "runs" / "schema" / "run-record-v1.json").read_text(encoding="utf-8")
    assert json.loads(written("stdout")) == json.loads(committed)


def shell(line: str, **environment: str) -> subprocess.CompletedProcess:
    line = line.replace("ndcore ", f"'{sys.executable}' -m ndcore ")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONIO"))} | environment
    return subprocess.run(
        ["bash", "-c", line], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_plain_locale_of_c_is_enough():
    done = shell("ndcore status", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def into_closed_pipe(command: str, *streams: str) -> tuple[int, str]:
    """Exit code of a command whose streams nobody reads, and what it wrote to standard error if somebody does."""
    reader, writer = os.pipe()
    os.close(reader)
    pipes = {"stderr": subprocess.PIPE} | dict.fromkeys(streams, writer)
    done = subprocess.run([sys.executable, "-m", "ndcore", *command.split()], cwd=PROJECT, check=False, **pipes)
    os.close(writer)
    return done.returncode, (done.stderr or b"").decode()


@pytest.mark.parametrize("command", ["status", "grid plan --all", "schema", "run --help"])
def test_a_pipe_that_is_closed_ends_a_reading_command_quietly(command):
    assert into_closed_pipe(command, "stdout") == (0, "")


def test_what_was_performed_keeps_its_exit_code_and_what_was_not_has_that_of_a_closed_pipe():
    """`run` refuses with code 2; `grid run` cannot even say so."""
    code, complaint = into_closed_pipe("run --arch no --norm bn --dataset digits --epochs 1", "stdout")
    assert (code, complaint.count("\n")) == (2, 1)
    assert into_closed_pipe("grid run --table 4 --gpus none", "stdout", "stderr") == (terminal.CLOSED_PIPE, "")


@pytest.mark.parametrize("command", ["status", "grid plan --all", "schema"])
def test_a_full_disk_is_one_line(command):
    done = shell(f"ndcore {command} > /dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("ndcore: cannot write, the disk is full")
    assert done.stderr.count("\n") == 1


def test_a_command_without_output_or_error_stream_works():
    assert shell("ndcore status >&- 2>&-").returncode == 0


def test_a_script_names_folders_byte_for_byte(tmp_path, streams):
    """Also on a terminal that has other signs, since a shell reads it."""
    runs = tmp_path / "rés…"
    runs.mkdir()
    written = streams("latin-1")
    plan = ["grid", "submit", "--arch", "vgg16", "--norm", "bn", "--dataset", "digits", "--epochs", "1"]
    assert performed([*plan, "--runs", str(runs), "--script", "-"]) == 0
    assert os.fsencode(str(runs)) in written("stdout").encode("latin-1")
    assert performed([*plan, "--runs", str(runs), "--script", str(tmp_path / "script.sh")]) == 0
    assert os.fsencode(str(runs)) in (tmp_path / "script.sh").read_bytes()


def test_why_a_cell_of_the_grid_was_refused_reaches_whoever_started_it(tmp_path, monkeypatch):
    """What it writes is a log, which is read as UTF-8."""
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    config = RunConfig(arch="resnet18d", norm="bn", dataset="cifar10", epochs=1)
    command = cell_process.command(config, tmp_path, data_root=tmp_path / "dé漢")
    done = subprocess.run(command, env=cell_process.environment(1), capture_output=True, timeout=300, check=False)
    assert done.returncode == 2
    assert "dé漢" in done.stderr.decode("utf-8")
