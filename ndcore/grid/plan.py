"""The plan of a grid: every cell, where it stands, how long it will take, in which order, and its exact command."""

from __future__ import annotations

import contextlib
import gc
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from ndcore.errors import UserError, unknown_name
from ndcore.experiment.config import RunConfig
from ndcore.grid.cells import Cell, Selection, Unavailable
from ndcore.grid.estimates import Estimate, Estimator
from ndcore.grid.state import State, Status, count, statuses_of, totals
from ndcore.training.progress import duration

ORDERS = ("cheapest", "information")
SHOWN = 40
"""Cells that are listed unless all are asked for."""


@dataclass(frozen=True)
class Plan:
    """A grid as it stands."""

    runs: Path
    cells: list[Cell]
    states: list[Status]
    estimates: list[Estimate]
    """Of a whole run, also where a part of it is done."""
    unavailable: list[Unavailable]

    @classmethod
    def make(cls, selection: Selection, runs: Path) -> Plan:
        """Look at everything that the selection means.

        Raises:
            UserError: the selection is wrong, or the folder cannot be read.
        """
        with _without_garbage_collection():
            cells = selection.cells()
            states = statuses_of(cells, runs)
        estimator = Estimator.of(runs, (status.record for status in states if status.record))
        settings = {id(cell.setting): cell.setting for cell in cells}  # cells of a setting share it
        known = {key: estimator.estimate(setting) for key, setting in settings.items()}
        return cls(runs, cells, states, [known[id(cell.setting)] for cell in cells], selection.unavailable())

    def in_state(self, state: State) -> Iterator[tuple[Cell, Status]]:
        """The cells that stand there."""
        return ((cell, status) for cell, status in zip(self.cells, self.states, strict=True) if status.state == state)

    def to_do(self, *, retry_failed: bool, order: str = "cheapest") -> list[Cell]:
        """The cells that are to be performed, first the one that comes first.

        `cheapest` takes the shortest cell first. `information` first gives every setting one run, then a second, and so
        on; within a round BN and ND of a network follow each other, since only together they say something, and the
        cheapest of such pairs comes first.

        Args:
            retry_failed: also those that failed before.

        Raises:
            UserError: the order is not known.
        """
        if order not in ORDERS:
            raise UserError(unknown_name("order", order, ORDERS))
        wanted = {State.MISSING, State.RUNNING} | ({State.FAILED} if retry_failed else set())
        cost = [inf if estimate.seconds is None else estimate.seconds for estimate in self.estimates]
        rank: Sequence[Any] = cost if order == "cheapest" else self._by_information(cost)
        chosen = [i for i, status in enumerate(self.states) if status.state in wanted]
        return [self.cells[i] for i in sorted(chosen, key=lambda i: (rank[i], i))]

    def _by_information(self, cost: Sequence[float]) -> list[tuple]:
        rounds: Counter[RunConfig] = Counter()
        pair_cost: defaultdict[tuple[int, RunConfig], float] = defaultdict(float)
        pairs = {}
        # what is done comes first in its setting, whatever its seed
        for i in sorted(range(len(self.cells)), key=lambda i: self.states[i].state != State.DONE):
            setting = self.cells[i].setting
            rounds[setting] += 1
            pairs[i] = rounds[setting], setting.model_copy(update={"norm": "bn"})
            pair_cost[pairs[i]] += cost[i]
        in_order = (pairs[i] for i in range(len(self.cells)))
        return [(pair[0], pair_cost[pair], pair[1].dataset, pair[1].epochs, pair[1].arch) for pair in in_order]

    def remaining(self) -> tuple[float, int, int]:
        """Seconds that what is not done will take on this machine, one after the other; of how many cells, and how many
        more are of unknown length."""
        open_ = [e for e, s in zip(self.estimates, self.states, strict=True) if s.state != State.DONE]
        known = [estimate.seconds for estimate in open_ if estimate.seconds is not None]
        return sum(known), len(known), len(open_) - len(known)

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        seconds, known, unknown = self.remaining()
        return {
            "runs": str(self.runs),
            "totals": {str(state): number for state, number in count(self.states).items()},
            "remaining": {"seconds": seconds, "cells_estimated": known, "cells_unknown": unknown},
            "cells": [
                {
                    "run_id": cell.run_id,
                    "state": str(status.state),
                    "detail": status.detail,
                    "seed": cell.seed,
                    "repeat": cell.repeat,
                    "estimated_seconds": estimate.seconds,
                    "estimated_from": estimate.source,
                    "command": command(cell, self.runs),
                }
                for cell, status, estimate in zip(self.cells, self.states, self.estimates, strict=True)
            ],
            "unavailable": [vars(run) for run in self.unavailable],
        }

    def to_text(self, *, everything: bool = False) -> Iterator[str]:
        """Lines for a terminal."""
        yield f"{len(self.cells):,} cells in {self.runs}: {totals(self.states, set(State) - {State.BLOCKED})}"
        yield f"what is not done: {self._time()}"
        yield from self.what_is_left_out()
        yield ""
        shown = len(self.cells) if everything else SHOWN
        yield f"{'state':8} {'estimate':>13}  command"
        rows = list(zip(self.cells, self.states, self.estimates, strict=True))[:shown]
        for cell, status, estimate in rows:
            time = "unknown" if estimate.seconds is None else f"~ {duration(estimate.seconds)}"
            yield f"{status.state:8} {time:>13}  {command(cell, self.runs)}"
            if status.detail:
                yield f"{'':22}  ↳ {status.detail}"
        if len(self.cells) > shown:
            yield f"… and {len(self.cells) - shown:,} more; --all lists every cell, --json is for programs"

    def what_is_left_out(self) -> Iterator[str]:
        """A line for every reason why runs of the study are not in the grid."""
        for reason in dict.fromkeys(run.reason for run in self.unavailable):
            labels = [run.label for run in self.unavailable if run.reason == reason]
            yield f"not in this grid, {reason}: {'; '.join(labels)}"

    def _time(self) -> str:
        seconds, known, unknown = self.remaining()
        if not known + unknown:
            return "nothing"
        open_ = (e for e, s in zip(self.estimates, self.states, strict=True) if s.state != State.DONE)
        sources = [e.source for e in open_ if e.seconds is not None]
        numbers = Counter("measured here" if source.endswith("measured here") else source for source in sources)
        parts = [f"{number:,} from {source}" for source, number in numbers.items()]
        parts += [f"{unknown:,} unknown"] if unknown else []
        time = f"about {duration(seconds)} on this machine, one after the other" if known else "of unknown length"
        return f"{time} ({', '.join(parts)})"


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Making many objects that all stay takes half as long if nobody looks for those that could go."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def command(cell: Cell, runs: Path) -> str:
    """The command that performs one cell into that folder."""
    return f"{cell.config.command()} --runs {shlex.quote(str(runs))}"
