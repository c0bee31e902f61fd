"""What a user sees in the terminal: one line for what cannot be done, exit code 2, nothing written."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from ndcore import cli
from ndcore.experiment.folders import PROJECT

RUN = ["run", "--arch", "resnet18d", "--norm", "bn", "--dataset", "digits", "--epochs", "1"]


def changed(**options) -> list[str]:
    arguments = RUN.copy()
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if flag in arguments:
            arguments[arguments.index(flag) + 1] = value
        else:
            arguments += [flag, value]
    return arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (changed(arch="resnet81d"), "unknown architecture 'resnet81d': did you mean resnet18d"),
        (changed(norm="batch"), "unknown norm 'batch': known are none, bn, nd"),
        (changed(norm="none"), "unknown norm of resnet18d 'none': known are bn, nd"),
        (changed(dataset="cifar11"), "unknown data set 'cifar11': did you mean cifar10"),
        (changed(epochs="0"), "epochs=0: input should be greater than or equal to 1"),
        (changed(epochs="-3"), "epochs=-3"),
        (changed(seed="-1"), "seed=-1: input should be greater than or equal to 0"),
        (changed(device="gpu"), "unknown device 'gpu'"),
        (changed(threads="0"), "threads='0': expected auto, keep, or a number from 1 to 1024"),
        (changed(precision="tf32", device="cpu"), "'tf32' exists on CUDA devices only"),
        (changed(dataset="cifar10", data_root="no/such/folder"), "no/such/folder"),
        (changed(runs="/proc/ndcore"), "cannot write"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    if "--runs" not in arguments:
        arguments = [*arguments, "--runs", str(runs)]
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert err.startswith("ndcore run: ")
    assert not runs.exists() or not list(runs.rglob("*.json"))


def test_a_gpu_that_is_not_there_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert cli.main([*changed(device="cuda"), "--runs", str(tmp_path)]) == 2
    assert "device 'cuda' is not there" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_refused_before_the_run(tmp_path, monkeypatch):
    from pathlib import Path  # noqa: PLC0415

    from ndcore import models  # noqa: PLC0415
    from ndcore.errors import UserError  # noqa: PLC0415
    from ndcore.experiment import experiment  # noqa: PLC0415

    class Usage:
        free = 3 * 2**20

    monkeypatch.setattr(experiment.shutil, "disk_usage", lambda folder: Usage)
    with pytest.raises(UserError, match=r"has 3 MiB left, the checkpoints of this run need \d+ MiB: make room"):
        experiment.require_space(Path(tmp_path), models.create("resnet18d", "bn"))


@pytest.mark.parametrize("arguments", [["runn"], ["run"], ["run", "--epochs", "one"], ["run", "--nonsense", "1"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [changed(runs=""), changed(data_root=" "), ["status", ""], ["grid", "plan", "--runs", ""], ["bench", "--out", ""]],
)
def test_an_empty_path_is_not_the_working_directory(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.strip().endswith("the name is empty")


def test_a_working_directory_that_was_removed(tmp_path, capsys, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.main(["status"]) == 2
    assert capsys.readouterr().err == "ndcore: the working directory was removed: change to another one\n"


@pytest.mark.parametrize("shown", [["--help"], ["book", "--help"]])
def test_the_leftovers_of_an_earlier_installation_change_no_command(shown, tmp_path, capsys, monkeypatch):
    """Once as a folder before the installation, once after it."""
    old = tmp_path / "ndcore.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: ndcore\nVersion: 0.0.1\n", encoding="utf-8")
    gone = "[ndcore.commands]\nbook = ndcore.commands.book\npaper = nothing_there.paper\n"
    (old / "entry_points.txt").write_text(gone, encoding="utf-8")
    said = []
    for path in (sys.path, [str(tmp_path), *sys.path], [*sys.path, str(tmp_path)]):
        monkeypatch.setattr(sys, "path", path)
        with pytest.raises(SystemExit) as end:
            cli.main(shown)
        said.append((end.value.code, capsys.readouterr().out))
    assert "as PDF" in " ".join(said[0][1].split())
    assert said == 3 * said[:1]


def test_help_lists_every_command_without_loading_torch():
    code = "import sys; from ndcore.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print('heavy:', [m for m in ('torch', 'numpy', 'pandas', 'pydantic', 'papermill') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r"^  run +perform one run", done.stdout, re.MULTILINE)
    assert "heavy: []" in done.stdout


def test_help_loads_little_more_than_an_empty_program_that_reads_arguments():
    """Counted in modules, which no other process at work changes."""

    def loaded(code: str) -> int:
        code += "\nimport sys\nprint(len(sys.modules), file=sys.stderr)"
        return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr)

    ours = loaded("from ndcore.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass")
    assert ours < loaded("import argparse, importlib.metadata, os") + 40


def test_make_starts_no_script_whose_first_line_is_a_path():
    """A shell reads the first line of a script in `.venv/bin` if the checkout's name holds a space; a quote ends it."""
    assert re.findall(r"\$\(BIN\)/(?!python )\S+", (PROJECT / "Makefile").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("command", "says"), [("schema", "the JSON Schema of"), ("book", "as PDF")])
def test_a_help_keeps_the_capitals_of_names(command, says, capsys):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert says in " ".join(capsys.readouterr().out.split())


def test_no_command_shows_the_help(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 0
    assert "commands:" in capsys.readouterr().out


def test_the_committed_schema_is_that_of_the_program(capsys):
    assert cli.main(["schema"]) == 0
    assert capsys.readouterr().out == (PROJECT / "runs" / "schema" / "run-record-v1.json").read_text(encoding="utf-8")
