"""Performs cells on this machine: one process per cell, cores divided among the workers, one GPU for each."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ndcore.errors import RunBusy, RunFailed, RunInterrupted
from ndcore.grid import cell_process
from ndcore.grid.cells import Cell
from ndcore.grid.scheduler import Ending, Result
from ndcore.training.threads import AUTO

ENDINGS = {
    0: Ending.DONE,
    RunFailed.exit_code: Ending.FAILED,
    RunBusy.exit_code: Ending.BUSY,
    RunInterrupted.exit_code: Ending.INTERRUPTED,
}
"""By exit code; every other one is a refusal."""
LOG_BYTES = 4000
WARNING = re.compile(rb"RunWarning: ([^\r\n]+)")


class LocalWorkers:
    """One process per cell.

    Each is in a session of its own: Ctrl-C in the terminal reaches the scheduler only, which then decides.

    Args:
        runs: folder of the records.
        threads: that a cell may use.
        asked: of these, as `ndcore.training.threads.parse_threads` returns it.
        gpus: indices or UUIDs; slot i uses number i, beginning again after the last. None for a machine without.
    """

    def __init__(
        self,
        runs: Path,
        *,
        data_root: Path | None = None,
        device: str = "auto",
        threads: int = 1,
        asked: str | int = AUTO,
        gpus: Sequence[str] = (),
    ) -> None:
        self._runs, self.data_root, self.device = runs, data_root, device
        self._threads, self._asked, self._gpus = threads, asked, list(gpus)
        self._processes: dict[int, subprocess.Popen] = {}
        self._lock = threading.Lock()
        self._stopping = False

    def perform(self, cell: Cell, slot: int) -> Result:
        """Start the cell's process and wait for its end."""
        gpu = self._gpus[slot % len(self._gpus)] if self._gpus else None
        began = time.monotonic()
        with tempfile.TemporaryFile(prefix="ndcore-cell-") as log:
            with self._lock:
                if self._stopping:
                    return Result(cell, Ending.INTERRUPTED)
                process = self._processes[slot] = subprocess.Popen(
                    cell_process.command(cell.config, self._runs, self.data_root, self.device, self._asked),
                    env=cell_process.environment(self._threads, gpu),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            code = process.wait()
            with self._lock:
                del self._processes[slot]
            ending = self._ending(code)
            message = f"killed by signal {-code}" if ending == Ending.KILLED else _last_line(log)
            return Result(cell, ending, message, time.monotonic() - began, _warnings(log))

    def _ending(self, code: int) -> Ending:
        if code < 0:  # by a signal: ours, or somebody else's
            return Ending.INTERRUPTED if self._stopping else Ending.KILLED
        return ENDINGS.get(code, Ending.REFUSED)

    def stop(self) -> None:
        self._stopping = True
        self._signal(signal.SIGUSR1)

    def kill(self) -> None:
        self._stopping = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with self._lock:
            for process in self._processes.values():
                try:
                    os.kill(process.pid, number)  # its kernel dies with it
                except ProcessLookupError:
                    continue


def _last_line(log: IO[bytes]) -> str:
    """The last line that a cell wrote: why it ended."""
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LOG_BYTES))
    text = log.read().decode(errors="replace").replace("\r", "\n")
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _warnings(log: IO[bytes]) -> str:
    """What a cell warned its user of, in one line."""
    log.seek(0)
    return "; ".join(found.decode(errors="replace") for found in WARNING.findall(log.read()))


def cells_at_once(workers: int | None, gpus: Sequence[str], cores: int) -> tuple[int, int]:
    """How many cells are performed at once, and with how many threads each.

    Args:
        workers: as asked for; None: one per GPU, or a single one.
        cores: that this process may use.
    """
    chosen = workers or max(1, len(gpus))
    return chosen, max(1, cores // chosen)
