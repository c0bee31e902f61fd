"""Hands a grid to Slurm: one task of a job array per cell, through submitit or as a plain sbatch script.

Slurm is the scheduler: what is in the queue, who waits and who may use which GPU is its business. Ours is that a task
that is stopped, at its time limit or by a preemption, writes its checkpoint and is queued again, and that a task that
was killed goes on from its checkpoint when it is queued again. Leases keep two tasks from performing the same cell,
whatever was submitted twice.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ndcore.errors import UserError, not_installed, shown
from ndcore.experiment.folders import CHECKPOINT_SECONDS
from ndcore.files import reason
from ndcore.grid import cell_process
from ndcore.grid.cells import Cell
from ndcore.grid.slurm_task import Task
from ndcore.numbers import MILLION, require_within
from ndcore.training.threads import AUTO

REQUEUES = 10_000
"""A task may run into its time limit this many times; it goes on from its checkpoint each time."""
NAME = "ndcore"
MAX_ARRAY_SIZE = 1001
"""Slurm's default."""
EARLY_SECONDS = 60
"""Slurm may send a signal this much earlier than it was asked to, as its manual says."""
LIMITS = {
    "gpus": (0, 1024),
    "cpus": (1, 65_535),
    "minutes": (1, 366 * 24 * 60),
    "at_once": (1, MILLION),
    "notice": (1, 65_535),
    "max_array": (1, 4_000_001),
}
"""Least and most of what is asked of a cluster: those of Slurm where it has any, a year of time."""


@dataclass(frozen=True)
class Job:
    """What every task asks of the cluster, and where and on what it performs its cell.

    Raises:
        UserError: a number that makes no sense.
    """

    partition: str | None = None
    gpus: int = 0
    cpus: int = 4
    memory: str = "16G"
    minutes: int = 24 * 60
    at_once: int | None = None
    """Tasks that run at the same time at most; None: as many as the cluster allows."""
    notice: int = 120
    """Seconds between the signal to stop and the end of the time."""
    max_array: int | None = None
    """Tasks of a job array at most; None: as many as the cluster says."""
    data_root: Path | None = None
    device: str = "auto"
    threads: str | int = AUTO

    def __post_init__(self) -> None:
        for name, limits in LIMITS.items():
            require_within(f"a Slurm task with {name.replace('_', ' ')}", getattr(self, name), *limits)
        if self.notice + EARLY_SECONDS >= 60 * self.minutes:
            raise UserError(
                f"time {self.minutes} min of a Slurm task: told to stop {self.notice} s before its end, up to a minute "
                "earlier than that, it would get nowhere: more minutes are needed, or less notice"
            )

    def options(self) -> dict[str, Any]:
        """As options of sbatch, without those of the array."""
        chosen = {"cpus-per-task": self.cpus, "mem": self.memory, "time": self.minutes, "partition": self.partition}
        if self.gpus:
            chosen["gpus-per-node"] = self.gpus
        return {name: value for name, value in chosen.items() if value is not None}


def max_array_size() -> int:
    """How many tasks a job array of this cluster may have; Slurm's default if no cluster answers."""
    try:
        asked = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return MAX_ARRAY_SIZE
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", asked.stdout, re.MULTILINE)
    return max(1, int(found[1])) if found else MAX_ARRAY_SIZE


def logs(runs: Path) -> Path:
    """Where tasks write what they have to say."""
    return runs / "work" / "slurm"


def make_logs(runs: Path) -> None:
    """Make the folder of the logs: without it Slurm can start no task.

    Raises:
        UserError: it cannot be made.
    """
    try:
        logs(runs).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make {logs(runs)}: {reason(error)}; choose another folder with --runs") from None


def submit(cells: Sequence[Cell], runs: Path, job: Job) -> list[str]:
    """Submit the cells, as one job array or as many as the cluster needs; returns the ids of these jobs.

    Raises:
        UserError: submitit or Slurm is not there, or Slurm refuses.
    """
    try:
        import submitit  # noqa: PLC0415
    except ModuleNotFoundError:
        raise UserError(f"{not_installed('submitit', 'slurm')}; or use --script FILE") from None
    if not shutil.which("sbatch"):
        raise UserError("sbatch is not there: run this on a login node of the cluster, or use --script FILE")
    make_logs(runs)
    executor = submitit.SlurmExecutor(folder=logs(runs), max_num_timeout=REQUEUES, python=shlex.quote(sys.executable))
    executor.update_parameters(
        job_name=NAME,
        signal_delay_s=job.notice,
        array_parallelism=job.at_once or len(cells),
        additional_parameters={"requeue": True},
        srun_args=["--cpus-per-task", str(job.cpus)],  # srun no longer takes it from sbatch since Slurm 22.05
        **{name.replace("-", "_"): value for name, value in job.options().items()},
    )
    tasks = [
        Task(cell_process.command(c.config, runs, job.data_root, job.device, job.threads), job.cpus) for c in cells
    ]
    jobs: list[str] = []
    most = job.max_array or max_array_size()
    for array in (tasks[first : first + most] for first in range(0, len(tasks), most)):
        if jobs and job.at_once:  # an array knows of its own tasks only
            executor.update_parameters(dependency=f"afterany:{jobs[-1]}")
        try:
            with executor.batch():
                submitted = [executor.submit(task) for task in array]
        except submitit.core.utils.FailedJobError as error:
            before = f"; submitted before: {', '.join(jobs)}" if jobs else ""
            raise UserError(f"Slurm refused: {' '.join(str(error).split())}{before}") from None
        jobs.append(submitted[0].job_id.partition("_")[0])
    return jobs


def script(cells: Sequence[Cell], runs: Path, job: Job) -> str:
    """An sbatch script that does the same without submitit: bash and Slurm's own commands only.

    Raises:
        UserError: the cells do not fit into one job array, or a line break in the folder's name would end a line.
    """
    if "\n" in str(runs):
        raise UserError(f"--runs {shown(str(runs))}: its name breaks a line of the script: choose another folder")
    if len(cells) > (most := job.max_array or max_array_size()):
        raise UserError(
            f"{len(cells)} cells do not fit into the job array of a script, of {most} tasks (MaxArraySize of the "
            "cluster, or --max-array): submit without --script, or fewer, like one --table at a time"
        )
    array = f"0-{len(cells) - 1}" + (f"%{job.at_once}" if job.at_once else "")
    options = {
        "job-name": NAME,
        "array": array,
        **job.options(),
        "signal": f"B:USR1@{job.notice}",
        "output": str(logs(runs)).replace("%", "%%") + "/%A_%a.txt",
    }
    head = "\n".join(f"#SBATCH --{name}={shlex.quote(str(value))}" for name, value in options.items())
    places = ["--runs", str(runs), "--device", job.device]
    places += ["--data-root", str(job.data_root.absolute())] if job.data_root else []
    places += ["--threads", str(job.threads)] if job.threads != AUTO else []
    lines = "\n".join(f"  {shlex.quote(f'{cell.config.command()} {shlex.join(places)}')}" for cell in cells)
    return SCRIPT.format(
        head=head,
        lines=lines,
        path=shlex.quote(str(Path(sys.executable).parent)),
        threads=job.cpus,
        logs=shlex.quote(str(logs(runs))),
        checkpoints=f"{CHECKPOINT_SECONDS}={shlex.quote(os.environ.get(CHECKPOINT_SECONDS, '300'))}",
    )


SCRIPT = """\
#!/bin/bash
# Each task performs one cell. A task that is stopped, at its time limit or by a preemption,
# writes its checkpoint and is queued again. Submit with: mkdir -p {logs} && sbatch THIS_FILE
{head}
#SBATCH --requeue
#SBATCH --open-mode=append

export PATH={path}:"$PATH" OMP_NUM_THREADS={threads}
export {checkpoints}  # between two checkpoints of an epoch

cells=(
{lines}
)

stop() {{
  kill -USR1 "$cell" 2>/dev/null
}}
again=0
trap 'again=1; stop' USR1  # the time is nearly up
trap stop TERM             # preempted, which Slurm queues again by itself, or cancelled

bash -c "exec ${{cells[$SLURM_ARRAY_TASK_ID]}}" &
cell=$!
while true; do
  wait "$cell"
  kill -0 "$cell" 2>/dev/null || break  # it was only a signal to this shell
done
wait "$cell"  # again, for its own code, should the signal have come together with its end
code=$?
if [ "$again" = 1 ] && [ "$code" -ge 128 ]; then  # it was stopped or killed; it has not failed, and is not done
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"  # the id of the last task alone names the whole array
fi
exit "$code"
"""
