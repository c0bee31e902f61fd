"""The grid on a real Slurm: one node on this machine, submitted, killed, stopped, queued again."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from grid_helpers import TINY
from kill_experiment import same_result

from ndcore import cli
from ndcore.experiment import leases, records
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import checkpoint_path, record_path, work_folder
from ndcore.grid import cell_process, slurm, slurm_task

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end, pytest.mark.timeout(1800)]

HERE = Path(__file__).parent
CONFIG = RunConfig(arch="resnet18d", norm="bn", dataset="digits", epochs=12, **TINY)
SELECTION = ["--dataset", "digits", "--arch", "resnet18d", "--norm", "bn", "--epochs", "12"]
ASKED = ["--cpus-per-cell", "1", "--memory", "1G", "--time", "60", "--checkpoint-seconds", "0", "--device", "cpu"]
NEEDED = ("slurmctld", "slurmd", "munged", "sbatch")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Slurm of its own for this file."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    missing = [name for name in NEEDED if not shutil.which(name, path=path)]
    if missing or os.geteuid() != 0:
        reason = f"needs root and the packages slurm-wlm and munge; missing: {', '.join(missing) or 'root'}"
        if os.environ.get("CI") or os.environ.get("NDCORE_REQUIRE_SLURM"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([HERE / "start_slurm.sh", folder], env=os.environ | {"PATH": path}, check=False)
    assert started.returncode == 0
    before = os.environ.get("SLURM_CONF")
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    yield folder
    subprocess.run(["scancel", "--user=root"], check=False)
    subprocess.run([HERE / "stop_slurm.sh", folder], check=True)
    if before is None:
        del os.environ["SLURM_CONF"]
    else:
        os.environ["SLURM_CONF"] = before


def job_states() -> dict[str, str]:
    """State of every task that Slurm knows, by its id."""
    listed = subprocess.run(
        ["squeue", "-h", "-a", "-t", "all", "-r", "-o", "%i %T"], capture_output=True, text=True, check=True
    )
    return dict(line.split() for line in listed.stdout.splitlines())


def wait_for(seen, seconds: float = 500) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, (job_states(), subprocess.run(["scontrol", "show", "job"], check=False))
        time.sleep(0.2)


def completed(job: str) -> bool:
    """Whether every task of an array has ended well."""
    states = {task: state for task, state in job_states().items() if task.startswith(f"{job}_")}
    assert "FAILED" not in states.values(), states
    return set(states.values()) == {"COMPLETED"}


def start_now(task: str) -> None:
    """A task that is queued again waits for two minutes, unless it is told not to.

    It has to wait for two seconds: Slurm takes a start within the second of the end for one that was revoked.
    """
    time.sleep(2)
    subprocess.run(["scontrol", "update", f"JobId={task}", "StartTime=now"], check=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[int, records.RunRecord]:
    """The runs of both seeds, left alone, without Slurm."""
    runs = tmp_path_factory.mktemp("alone") / "runs"
    configs = [CONFIG.model_copy(update={"seed": seed}) for seed in (0, 1)]
    commands = [cell_process.command(config, runs, device="cpu") for config in configs]
    for process in [
        subprocess.Popen(command, env=cell_process.environment(1), stderr=subprocess.DEVNULL) for command in commands
    ]:
        assert process.wait() == 0
    return {config.seed: records.read_complete(record_path(config, runs)) for config in configs}


def check(runs: Path, whole: dict[int, records.RunRecord]) -> list[records.RunRecord]:
    """Both records are there, whole, and bit-equal to those of the runs that were left alone."""
    found, problems = records.scan(runs)
    assert problems == []
    assert [(r.config.seed, r.status) for r in found] == [(0, "complete"), (1, "complete")]
    assert all(same_result(record, whole[record.config.seed]) for record in found)
    assert not any(work_folder(record.config, runs).exists() for record in found)
    return found


@pytest.mark.usefixtures("cluster")
def test_a_task_that_is_killed_and_one_that_is_stopped_end_bit_equal(tmp_path, whole, capsys):
    """Through submitit: one task gets SIGKILL in the middle and is queued again, the other is preempted.

    At a preemption Slurm sends SIGTERM, which the cell obeys; the task is still there when the time of grace is over.
    """
    runs = tmp_path / "my runs"
    changes = [f"{name}={value}" for name, value in TINY.items()]
    arguments = ["grid", "submit", *SELECTION, "--seeds", "0,1", "--set", *changes, "--runs", str(runs), *ASKED]
    assert cli.main(arguments) == 0
    job = capsys.readouterr().out.split("submitted as job ")[1].split(";")[0]
    killed, stopped = (CONFIG.model_copy(update={"seed": seed}) for seed in (0, 1))
    wait_for(checkpoint_path(killed, runs).exists)
    subprocess.run(["scancel", "--signal=KILL", f"{job}_0"], check=True)
    wait_for(checkpoint_path(stopped, runs).exists)
    subprocess.run(["scancel", "--signal=TERM", f"{job}_1"], check=True)
    wait_for(lambda: leases.current(work_folder(stopped, runs)) is None)
    time.sleep(2 * slurm_task.POLL_SECONDS)
    assert job_states()[f"{job}_1"] == "RUNNING"
    subprocess.run(["scancel", "--signal=USR2", f"{job}_1"], check=True)
    wait_for(lambda: job_states()[f"{job}_0"] in ("CANCELLED", "FAILED"))
    assert checkpoint_path(killed, runs).exists()
    assert not record_path(killed, runs).exists()
    subprocess.run(["scontrol", "requeue", f"{job}_0"], check=True)
    wait_for(lambda: job_states()[f"{job}_1"] == "PENDING")
    for task in (f"{job}_0", f"{job}_1"):
        start_now(task)
    wait_for(lambda: completed(job))
    assert [len(record.sessions) for record in check(runs, whole)] == [2, 2]


@pytest.mark.usefixtures("cluster")
def test_the_plain_script_does_the_same(tmp_path, whole, capsys):
    """The task that is stopped is the last of the array, whose id alone would name all of them."""
    runs, file = tmp_path / "my runs", tmp_path / "grid.sh"
    changes = [f"{name}={value}" for name, value in TINY.items()]
    arguments = ["grid", "submit", *SELECTION, "--seeds", "0,1", "--set", *changes, "--runs", str(runs), *ASKED]
    assert cli.main([*arguments, "--script", str(file)]) == 0
    assert capsys.readouterr().out == f"2 cells: sbatch {file}\n"
    listed = subprocess.run(["sbatch", "--parsable", file], capture_output=True, text=True, check=True)
    job = listed.stdout.strip()
    going_on, stopped = (CONFIG.model_copy(update={"seed": seed}) for seed in (0, 1))
    wait_for(lambda: checkpoint_path(stopped, runs).exists() and checkpoint_path(going_on, runs).exists())
    subprocess.run(["scancel", "--signal=USR1", "--batch", f"{job}_1"], check=True)
    wait_for(lambda: job_states()[f"{job}_1"] == "PENDING")
    start_now(f"{job}_1")
    wait_for(lambda: completed(job))
    assert [len(record.sessions) for record in check(runs, whole)] == [1, 2]
    assert sorted(path.name for path in slurm.logs(runs).iterdir()) == [f"{job}_0.txt", f"{job}_1.txt"]
