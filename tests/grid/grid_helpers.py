"""Fake cells: claimed, performed and recorded as real ones, in milliseconds."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from record_factory import make_record

from ndcore.errors import RunBusy
from ndcore.experiment import leases
from ndcore.grid.cells import Cell, Selection
from ndcore.grid.scheduler import Ending, Result

TINY = {"batch_size": 32, "train_images": 64}
"""Options of a real cell that trains for two steps per epoch."""


def cells(number: int, **options) -> list[Cell]:
    """So many cells of one setting."""
    chosen = {"archs": ["resnet18d"], "norms": ["bn"], "datasets": ["digits"], "epochs": [1]} | options
    return Selection(**chosen, seeds=range(number)).cells()


class FakePerformer:
    """Performs cells in this process; writes a line into `log` for every one that really begins."""

    def __init__(self, runs: Path, log: Path, seconds: float = 0.005, failing: Sequence[int] = ()) -> None:
        self.runs, self.log, self.seconds, self.failing = runs, log, seconds, failing
        self.stopped = False

    def perform(self, cell: Cell, slot: int) -> Result:
        try:
            lease = leases.claim(self.runs / "work" / cell.run_id)
        except RunBusy:
            return Result(cell, Ending.BUSY)
        try:
            if (self.runs / f"{cell.run_id}.json").exists():
                return Result(cell, Ending.DONE)
            with open(self.log, "a") as log:
                log.write(f"{cell.run_id} {os.getpid()} {slot}\n")
            time.sleep(self.seconds)
            failed = cell.seed in self.failing
            make_record(failed=failed, **cell.config.options() | {"repeat": cell.repeat}).write(self.runs)
            return Result(cell, Ending.FAILED if failed else Ending.DONE)
        finally:
            lease.release()

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.stopped = True
