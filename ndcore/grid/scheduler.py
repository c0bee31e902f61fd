"""Hands cells to workers, so that each is performed exactly once, also when other schedulers do the same.

A worker takes the next cell that has no record and that nobody alive performs. What somebody else performs is set aside
and looked at again once nothing else is left: until it has its record, or until its holder is dead and it can be
taken over. If a cell fails, the others go on.
"""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ndcore.experiment import leases
from ndcore.experiment.records import read_complete
from ndcore.files import reason
from ndcore.grid.cells import Cell
from ndcore.grid.state import Folder, State, living_holder

LOOK_AGAIN_SECONDS = 1.0


class Ending(enum.StrEnum):
    """How a cell ended for this scheduler."""

    DONE = "done"
    FAILED = "failed"
    """It has a failure record."""
    REFUSED = "refused"
    """It could not be performed: no space, no data, a file in the place of its record."""
    INTERRUPTED = "interrupted"
    """Stopped; its checkpoint is there."""
    KILLED = "killed"
    """Somebody or the system killed its process; its checkpoint is there."""
    BUSY = "busy"
    """Somebody else performs it."""


@dataclass(frozen=True)
class Result:
    """What became of a cell."""

    cell: Cell
    ending: Ending
    message: str = ""
    seconds: float = 0.0
    warning: str = ""
    """What its user should know, however it ended."""


class Performer(Protocol):
    """Performs cells on slots that are numbered from 0."""

    def perform(self, cell: Cell, slot: int) -> Result: ...

    def stop(self) -> None:
        """Let every cell finish its step, write its checkpoint and leave."""

    def kill(self) -> None:
        """End every cell at once."""


@dataclass
class Scheduler:
    """One pass over the cells of a grid.

    Args:
        cells: in the order in which they are to be performed.
        runs: folder of the records.
        report: called with every result, by the worker that has it.
    """

    cells: Sequence[Cell]
    runs: Path
    performer: Performer
    workers: int = 1
    report: Callable[[Result], None] = lambda result: None
    watch: leases.Watch = field(default_factory=leases.Watch)

    def __post_init__(self) -> None:
        self._queue = deque(self.cells)
        self._aside: deque[Cell] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.results: list[Result] = []
        self._failures = Folder.read(self.runs).failures
        """Failed attempts from before this pass, by run id."""
        self._unsaid: list[Result] = []
        """Results of other schedulers that have not been reported."""
        self.elsewhere = 0
        """Cells that got their record from somebody else meanwhile."""
        self.at_work: dict[int, Cell] = {}
        """What each slot performs at the moment."""
        self.error: BaseException | None = None

    def start(self) -> None:
        """Start the workers."""
        for slot in range(self.workers):
            self._threads.append(threading.Thread(target=self._work, args=(slot,), name=f"worker {slot}", daemon=True))
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait at most this long; True once all workers have ended.

        Raises:
            Exception: what broke a worker (not a cell).
        """
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        over = not any(thread.is_alive() for thread in self._threads)
        if over and self.error:
            raise self.error
        return over

    def stop(self) -> None:
        """Start nothing more; let what is being performed finish its step, write its checkpoint and leave."""
        self._stopping.set()
        self.performer.stop()

    def kill(self) -> None:
        """End at once; what was checkpointed is there."""
        self._stopping.set()
        self.performer.kill()

    @property
    def set_aside(self) -> list[Cell]:
        """Cells that somebody else performs."""
        with self._lock:
            return list(self._aside)

    def _work(self, slot: int) -> None:
        try:
            while (cell := self._next()) is not None:
                self.at_work[slot] = cell
                try:
                    result = self.performer.perform(cell, slot)
                except OSError as error:  # no process or no file could be made for it
                    result = Result(cell, Ending.REFUSED, f"{cell.run_id} could not be started: {reason(error)}")
                self.at_work.pop(slot, None)
                with self._lock:
                    if result.ending == Ending.BUSY:
                        self._aside.append(cell)
                    else:
                        self.results.append(result)
                if result.ending != Ending.BUSY:
                    self.report(result)
        except BaseException as error:  # a worker that breaks must not do so in silence
            self.error = error
            self._stopping.set()

    def _next(self) -> Cell | None:
        """The next cell to perform; waits for those that somebody else performs; None if nothing is left."""
        while not self._stopping.is_set():
            with self._lock:
                cell = self._take()
                others_at_work = bool(self._aside)
                unsaid, self._unsaid = self._unsaid, []
            for result in unsaid:
                self.report(result)
            if cell is not None or not others_at_work:
                return cell
            self._stopping.wait(LOOK_AGAIN_SECONDS)
        return None

    def _take(self) -> Cell | None:
        """Take the first cell that is to be performed now, and sort out those before it."""
        for cells in (self._queue, self._aside):
            for _ in range(len(cells)):
                cell = cells.popleft()
                state = self._state(cell)
                if state == State.MISSING:
                    return cell
                if state == State.DONE:
                    self.elsewhere += 1
                elif state == State.RUNNING:
                    self._aside.append(cell)
                else:
                    failure = Result(cell, Ending.FAILED, "failed elsewhere; its failure record is there")
                    self.results.append(failure)
                    self._unsaid.append(failure)
        return None

    def _state(self, cell: Cell) -> State:
        """Where a cell stands now; failed means by another scheduler, during this pass."""
        with contextlib.suppress(ValueError):  # the cell itself says what is wrong with a file in its record's place
            read_complete(self.runs / f"{cell.run_id}.json")
            return State.DONE
        if living_holder(self.runs / "work" / cell.run_id, self.watch):
            return State.RUNNING
        attempt = self._failures.get(cell.run_id, 0) + 1
        failed_elsewhere = (self.runs / f"{cell.run_id}.failed-{attempt}.json").exists()
        return State.FAILED if failed_elsewhere else State.MISSING


def failed(results: Sequence[Result]) -> list[Result]:
    """What did not end well."""
    return [result for result in results if result.ending in (Ending.FAILED, Ending.REFUSED, Ending.KILLED)]
