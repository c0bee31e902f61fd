"""What submitit runs as a task of a job array: one cell, which is told to stop when Slurm wants the task to end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

from ndcore.errors import RunFailed, RunInterrupted
from ndcore.grid import cell_process

POLL_SECONDS = 0.5
GRACE_SECONDS = 15 * 60
"""A task whose cell was told to stop, but not by us, waits this long for Slurm to queue it again. At a preemption Slurm
tells the cell at the beginning of the partition's GraceTime, and queues it again at the end."""


@dataclass
class Task:
    """One cell, in a process of its own that can be told to stop."""

    command: list[str]
    threads: int
    process: subprocess.Popen | None = field(default=None, repr=False)

    def __call__(self) -> str:
        """Perform the cell; returns how it ended.

        Raises:
            RuntimeError: it failed; the message is the last line of the cell.
        """
        self.process = subprocess.Popen(self.command, env=cell_process.environment(self.threads))
        while (code := self.process.poll()) is None:
            time.sleep(POLL_SECONDS)
        if code == RunInterrupted.exit_code:
            time.sleep(GRACE_SECONDS)  # submitit's signal, or Slurm, ends it: leaving now is failing, to Slurm
            raise RuntimeError("the cell was stopped and not queued again; its checkpoint is there")
        if code:
            raise RuntimeError(f"the cell ended with code {code}; its last lines are above")
        return "done"

    def checkpoint(self) -> Any:
        """Called by submitit in a signal handler: wait until the checkpoint is written, then queue the same again.

        None, if the cell is done or has failed, and is not to be queued again. `Popen.wait` must not be used here: what
        the handler interrupts may hold its lock.
        """
        import submitit  # noqa: PLC0415 - an optional extra

        if self.process is not None and self._end() in (0, RunFailed.exit_code):
            return None
        return submitit.helpers.DelayedSubmission(Task(self.command, self.threads))

    def _end(self) -> int | None:
        """Have the cell stop; its exit code, None if it was killed or what is interrupted is about to learn it."""
        if self.process.returncode is not None:
            return self.process.returncode
        try:
            os.kill(self.process.pid, signal.SIGUSR1)
            ended = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        except (ProcessLookupError, ChildProcessError):
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else None
