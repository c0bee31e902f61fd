"""What is handed to Slurm, and what becomes of a task that is told to stop: without a Slurm, its commands are faked."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from grid_helpers import cells

from ndcore import cli
from ndcore.errors import UserError
from ndcore.experiment.folders import CHECKPOINT_SECONDS
from ndcore.grid import slurm, slurm_task


def test_the_script_asks_for_what_was_asked(tmp_path):
    job = slurm.Job(partition="gpu", gpus=1, cpus=8, memory="32G", minutes=90, at_once=5, notice=60, data_root=tmp_path)
    text = slurm.script(cells(30), tmp_path / "runs", job)
    for option in (
        "array=0-29%5", "partition=gpu", "gpus-per-node=1", "cpus-per-task=8", "mem=32G", "time=90", "signal=B:USR1@60",
        "requeue", "open-mode=append",
    ):  # fmt: skip
        assert f"#SBATCH --{option}\n" in text
    assert text.count("ndcore run ") == 30
    assert f"--runs {tmp_path / 'runs'} --device auto --data-root {tmp_path}" in text
    assert f"export {CHECKPOINT_SECONDS}=" in text
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def submit(runs: Path, *more: str, seeds: str = "0,1") -> int:
    """`ndcore grid submit` of one cell per seed."""
    selection = ["--dataset", "digits", "--arch", "resnet18d", "--norm", "bn", "--epochs", "12", "--seeds", seeds]
    return cli.main(["grid", "submit", *selection, "--runs", str(runs), *more])


def test_the_script_comes_with_the_folder_of_its_logs(tmp_path, capsys):
    runs, file = tmp_path / "my runs", tmp_path / "the script.sh"
    assert submit(runs, "--script", str(file)) == 0
    assert capsys.readouterr().out == f"2 cells: sbatch '{file}'\n"
    assert f"#SBATCH --output='{slurm.logs(runs)}/%A_%a.txt'\n" in file.read_text()
    assert slurm.logs(runs).is_dir()


def test_the_log_of_a_task_lies_in_a_folder_of_any_name(tmp_path):
    """Slurm reads % in the name of a log as the beginning of a pattern, and %% as the sign itself."""
    runs = tmp_path / "[Re] 100% #1, it's $HOME"
    runs.mkdir()
    assert submit(runs, "--script", str(tmp_path / "x.sh")) == 0
    line = next(line for line in (tmp_path / "x.sh").read_text().splitlines() if "--output=" in line)
    assert shlex.split(line.removeprefix("#SBATCH ")) == [
        f"--output={tmp_path}/[Re] 100%% #1, it's $HOME/work/slurm/%A_%a.txt"
    ]


def test_a_folder_whose_name_would_end_a_line_of_the_script_is_refused(tmp_path, capsys):
    runs = tmp_path / "two\nlines"
    runs.mkdir()
    assert submit(runs, "--script", "-") == 2
    assert "its name breaks a line of the script" in capsys.readouterr().err


def test_what_cannot_be_written_is_said_in_one_line(tmp_path, capsys):
    runs = tmp_path / "runs"
    assert submit(runs, "--script", str(tmp_path / "nodir" / "x.sh")) == 2
    shutil.rmtree(slurm.logs(runs))
    slurm.logs(runs).touch()
    assert submit(runs, "--script", "-") == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("nodir/x.sh: cannot be written: no such file or directory")
    assert f"cannot make {slurm.logs(runs)}: file exists; choose another folder with --runs" in second


def executable(file: Path, text: str) -> None:
    """Put a program of bash into place."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/bash\n{text}\n")
    file.chmod(0o755)


ENDINGS = [("exit 130", True), ("kill -KILL $$", True), ("exit 0", False), ("exit 1", False), ("exit 2", False)]
"""What a cell that is told to stop may do, and whether it is queued again then."""


def stopping_with(ending: str, begun: Path) -> str:
    """Bash that waits to be told to stop."""
    return f"trap '{ending}' USR1\ntouch {begun}\nwhile true; do sleep 0.05; done"


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 120
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("ending", "again"), ENDINGS)
def test_the_script_queues_only_what_was_stopped_again(tmp_path, monkeypatch, ending, again):
    begun, queued = tmp_path / "begun", tmp_path / "queued"
    executable(tmp_path / "bin" / "ndcore", stopping_with(ending, begun))
    executable(tmp_path / "bin" / "scontrol", f'echo "$@" >{queued}')
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    text = slurm.script(cells(1), tmp_path / "runs", slurm.Job())
    task = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0"}
    process = subprocess.Popen(["bash", "-c", text], env=os.environ | task)
    wait_for(begun)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(120) == (137 if "KILL" in ending else int(ending.split()[1]))
    assert queued.exists() == again
    assert not again or queued.read_text() == "requeue 7_0\n"


@pytest.mark.parametrize(("ending", "again"), ENDINGS[:4])
def test_submitit_queues_only_what_was_stopped_again(tmp_path, ending, again):
    begun = tmp_path / "begun"
    task = slurm_task.Task(["bash", "-c", stopping_with(ending, begun)], 1)
    task.process = subprocess.Popen(task.command)
    wait_for(begun)
    assert (task.checkpoint() is not None) == again
    task.process.wait(120)
    assert (task.checkpoint() is not None) == again


def test_a_cell_that_slurm_told_to_stop_is_waited_with(monkeypatch):
    """Longer than the time of grace it is not."""
    monkeypatch.setattr(slurm_task, "GRACE_SECONDS", 0.5)
    task, before = slurm_task.Task(["bash", "-c", "exit 130"], 1), time.monotonic()
    with pytest.raises(RuntimeError, match="its checkpoint is there"):
        task()
    assert time.monotonic() - before > 0.5
    with pytest.raises(RuntimeError, match="ended with code 1"):
        slurm_task.Task(["bash", "-c", "exit 1"], 1)()


@pytest.mark.parametrize(("minutes", "notice"), [(3, 120), (1, 1), (2, 60)])
def test_a_task_that_would_be_told_to_stop_at_once_is_refused(minutes, notice):
    with pytest.raises(UserError, match=f"time {minutes} min of a Slurm task: told to stop {notice} s before its end"):
        slurm.Job(minutes=minutes, notice=notice)
    assert slurm.Job(minutes=minutes + 1, notice=notice).minutes == minutes + 1


@pytest.mark.parametrize("wrong", [{"cpus": 0}, {"gpus": -1}, {"minutes": 0}, {"at_once": 0}, {"notice": 0}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(UserError, match=r"a Slurm task with [a-z_ ]+ -?\d+: at least \d is needed"):
        slurm.Job(**wrong)


def test_without_submitit_or_slurm_the_script_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"sbatch is not there: .* use --script FILE"):
        slurm.submit(cells(1), tmp_path, slurm.Job())
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UserError, match=r"pip install 'FOLDER\[slurm\]', FOLDER being the repository; or use --script"):
        slurm.submit(cells(1), tmp_path, slurm.Job())


@pytest.fixture
def small_cluster(tmp_path, monkeypatch) -> Path:
    """Slurm's commands, faked, of a cluster whose job arrays have three tasks; what was submitted is in the folder."""
    folder = tmp_path / "bin"
    executable(folder / "scontrol", "echo 'MaxArraySize            = 3'")
    executable(folder / "srun", "exit 1")
    executable(
        folder / "sbatch",
        f"cd {folder}; number=$(($(ls | grep -c submitted) + 1))\n"
        '[ "$number" -le "${SUBMIT_LIMIT:-9}" ] || { echo QOSMaxSubmitJobPerUserLimit >&2; exit 1; }\n'
        'cp "$1" submitted-$number; echo "Submitted batch job $number"',
    )
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def options(script: Path, name: str) -> list[str]:
    return [line for line in script.read_text().splitlines() if line.startswith(f"#SBATCH --{name}=")]


def test_more_cells_than_a_job_array_has_tasks_go_into_several(tmp_path, small_cluster, capsys):
    assert submit(tmp_path / "runs", seeds="0-6") == 0
    assert "7 cells submitted as jobs 1, 2, 3; logs in " in capsys.readouterr().out
    scripts = sorted(small_cluster.glob("submitted-*"))
    assert [options(script, "array") for script in scripts] == [["#SBATCH --array=0-2%3"]] * 2 + [[]]
    assert [options(script, "dependency") for script in scripts] == [[]] * 3
    assert submit(tmp_path / "runs", "--max-array", "7", seeds="0-6") == 0
    assert "7 cells submitted as job 4; " in capsys.readouterr().out


def test_several_job_arrays_together_run_no_more_at_once_than_one(tmp_path, small_cluster):
    assert submit(tmp_path / "runs", "--at-once", "2", seeds="0-6") == 0
    scripts = sorted(small_cluster.glob("submitted-*"))
    assert [options(script, "array") for script in scripts] == [["#SBATCH --array=0-2%2"]] * 2 + [[]]
    after = [[], ["#SBATCH --dependency=afterany:1"], ["#SBATCH --dependency=afterany:2"]]
    assert [options(script, "dependency") for script in scripts] == after


def test_what_was_submitted_before_slurm_refused_is_said(tmp_path, small_cluster, capsys, monkeypatch):
    monkeypatch.setenv("SUBMIT_LIMIT", "2")
    assert submit(tmp_path / "runs", seeds="0-6") == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err == "ndcore grid: Slurm refused: QOSMaxSubmitJobPerUserLimit; submitted before: 1, 2"


@pytest.mark.usefixtures("small_cluster")
def test_more_cells_than_a_script_has_tasks_are_refused(tmp_path, capsys):
    file = tmp_path / "grid.sh"
    assert submit(tmp_path / "runs", "--script", str(file), seeds="0-6") == 2
    assert "7 cells do not fit into the job array of a script, of 3 tasks" in capsys.readouterr().err
    assert not file.exists()
    assert submit(tmp_path / "runs", "--script", str(file), "--max-array", "7", seeds="0-6") == 0
    assert "#SBATCH --array=0-6\n" in file.read_text()


@pytest.mark.parametrize("scontrol", [None, "exit 1", "sleep 0.1; echo 'MaxJobCount = 10'"])
def test_a_cluster_that_cannot_be_asked_has_the_default_size(tmp_path, monkeypatch, scontrol):
    if scontrol:
        executable(tmp_path / "bin" / "scontrol", scontrol)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm.max_array_size() == 1001


def test_a_cell_gets_its_cores_from_srun_too(tmp_path, small_cluster):
    assert submit(tmp_path / "runs", "--cpus-per-cell", "6") == 0
    (command,) = [line for line in (small_cluster / "submitted-1").read_text().splitlines() if line.startswith("srun ")]
    assert " --cpus-per-task 6 " in command
