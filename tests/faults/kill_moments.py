"""When a run is killed: at a random moment of a phase that its files show."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import checkpoint_path, record_path, work_folder
from ndcore.experiment.leftovers import notebook_path
from ndcore.training.progress import PROGRESS_FILE, Progress
from ndreport.evidence.fault_reports import Found, Phase

PHASES: tuple[Phase, ...] = get_args(Phase)
LOOK_SECONDS = 0.0005


@dataclass(frozen=True)
class Place:
    """The files of one run."""

    config: RunConfig
    runs: Path

    def has_lease(self) -> bool:
        return (work_folder(self.config, self.runs) / "lease").is_dir()

    def loads_data(self) -> bool:
        return (work_folder(self.config, self.runs) / PROGRESS_FILE).exists()

    def has_trained(self) -> bool:
        progress = Progress.read(work_folder(self.config, self.runs))
        return self.has_checkpoint() or (progress is not None and progress.activity != "loading")

    def has_checkpoint(self) -> bool:
        return checkpoint_path(self.config, self.runs).exists()

    def writes_checkpoint(self) -> bool:
        return _temporaries(checkpoint_path(self.config, self.runs))

    def has_record(self) -> bool:
        return record_path(self.config, self.runs).exists()

    def writes_record(self) -> bool:
        return _temporaries(record_path(self.config, self.runs))

    def has_notebook(self) -> bool:
        return notebook_path(self.config.run_id, self.runs).exists()

    def phase(self) -> Found:
        """What a run that was killed had been doing, as its files tell."""
        steps: list[tuple[Found, bool]] = [
            ("finished", self.has_record() and self.has_notebook()),
            ("notebook", self.has_record()),
            ("record", self.writes_record()),
            ("checkpoint", self.writes_checkpoint()),
            ("training", self.has_trained()),
            ("data", self.loads_data()),
            ("kernel", self.has_lease()),
        ]
        return next((name for name, reached in steps if reached), "start")


def _temporaries(target: Path) -> bool:
    return any(target.parent.glob(f".{target.name}.*.tmp"))


@dataclass(frozen=True)
class Moment:
    """When to kill: a while after something has been seen."""

    phase: Phase
    seen: Callable[[Place], bool]
    delay: float

    @classmethod
    def draw(cls, phase: Phase, undisturbed_seconds: float, generator: random.Random) -> Moment:
        """A random moment of a phase.

        Args:
            undisturbed_seconds: how long the whole run takes.
        """
        always: Callable[[Place], bool] = lambda place: True  # noqa: E731
        # what has to be seen, and the longest delay after it in parts of the whole run
        seen, longest = {
            "start": (always, 0.1),
            "kernel": (Place.has_lease, 0.2),
            "data": (Place.loads_data, 0.1),
            "training": (Place.has_trained, 0.3),
            "checkpoint": (Place.writes_checkpoint, 0.005),
            "record": (lambda place: place.writes_record() or place.has_record(), 0.0001),
            "notebook": (Place.has_record, 0.05),
            "anywhere": (always, 1.0),
        }[phase]
        return cls(phase, seen, generator.uniform(0, longest * undisturbed_seconds))

    def wait(self, place: Place, over: Callable[[], bool]) -> None:
        """Return when the moment has come, or the run is over.

        Args:
            over: whether the run has ended by itself.
        """
        while not self.seen(place):
            if over():
                return
            time.sleep(LOOK_SECONDS)
        end = time.monotonic() + self.delay
        while time.monotonic() < end and not over():
            time.sleep(min(0.01, max(0.0, end - time.monotonic())))
