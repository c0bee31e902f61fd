"""Where every cell stands. A cell is done only if a record is in place that fits the schema and its own digest."""

from __future__ import annotations

import enum
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ndcore.errors import UserError
from ndcore.experiment import leases, records
from ndcore.experiment.failures import FAILED
from ndcore.experiment.holders import Holder
from ndcore.experiment.records import RunRecord
from ndcore.files import reason
from ndcore.grid.cells import Cell
from ndcore.training.progress import Progress


class State(enum.StrEnum):
    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    BLOCKED = "blocked"
    """A file is in the place of the record and is not a valid one; it is never overwritten."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Status:
    """Where one cell stands."""

    state: State
    detail: str = ""
    """Accuracy, holder and progress, or what is wrong."""
    record: RunRecord | None = None
    """Of a cell that is done."""


@dataclass(frozen=True)
class Folder:
    """What lies in a runs folder, by name only."""

    runs: Path
    names: frozenset[str]
    failures: dict[str, int]
    """Failed attempts by run id."""
    at_work: frozenset[str]
    """Run ids that have a work folder."""

    @classmethod
    def read(cls, runs: Path) -> Folder:
        """Read the names; a folder that is not there holds nothing.

        Raises:
            UserError: it cannot be read.
        """
        names, failures = _list(runs), {}
        for name in names:
            if match := FAILED.fullmatch(name):
                failures[match["run_id"]] = failures.get(match["run_id"], 0) + 1
        return cls(runs, frozenset(names), failures, frozenset(_list(runs / "work")))

    def status(self, run_id: str, watch: leases.Watch | None = None) -> Status:
        """Where a run stands; reads its record, its lease and its progress as far as they are there."""
        name = f"{run_id}.json"
        if name in self.names:
            try:
                record = records.read_complete(self.runs / name)
                return Status(State.DONE, f"test top-1 {record.final_epoch.test_top1:.2f} %", record)
            except ValueError as error:
                return Status(State.BLOCKED, f"{name} {error}: move it away to perform this run")
        progress = None
        if run_id in self.at_work:
            work = self.runs / "work" / run_id
            progress = Progress.read(work)
            if holder := living_holder(work, watch):
                return Status(State.RUNNING, "; ".join(map(str, filter(None, (holder, progress)))))
        if attempts := self.failures.get(run_id):
            return Status(State.FAILED, f"{attempts} failed attempt{'s' * (attempts > 1)}")
        return Status(State.MISSING, f"interrupted: {progress}" if progress else "")


def _list(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {reason(error)}") from None


def living_holder(work: Path, watch: leases.Watch | None = None) -> Holder | None:
    """Who performs a run, as far as can be known; None if nobody, or somebody who is dead."""
    found = leases.current(work)
    try:
        return None if found is None or (watch or leases.Watch()).is_dead(*found) else found[1]
    except FileNotFoundError:
        return None
    except OSError:  # a network file system that does not answer: nothing is known, so nothing is taken over
        return found[1]


def statuses_of(cells: Sequence[Cell], runs: Path) -> list[Status]:
    """Where every cell stands, in the order of the cells.

    Raises:
        UserError: the folder cannot be read.
    """
    folder = Folder.read(runs)
    return [folder.status(cell.run_id) for cell in cells]


def count(statuses: Iterable[Status]) -> dict[State, int]:
    """How many are in each state, in the order of `State`."""
    numbers = Counter(status.state for status in statuses)
    return {state: numbers[state] for state in State}


def totals(statuses: Iterable[Status], always: Collection[State], words: Mapping[State, str] | None = None) -> str:
    """ "3 done, 1 running, 0 failed": of states that are not in `always` only those that occur."""
    words = words or {}
    parts = (f"{n:,} {words.get(state, state)}" for state, n in count(statuses).items() if n or state in always)
    return ", ".join(parts)
