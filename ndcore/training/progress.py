"""How far a run is: a small file beside its checkpoint, replaced once a second by the process that trains."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ndcore import foreign
from ndcore.files import replace

PROGRESS_FILE = "progress.json"
Ordinal = Annotated[int, Field(ge=1, le=10**12)]
Quantity = Annotated[float, Field(ge=0, le=1e12)]


@dataclass(frozen=True)
class Progress:
    """Where a training stands."""

    epoch: Ordinal
    epochs: Ordinal
    step: Annotated[int, Field(ge=0, le=10**12)]
    """Steps done of this epoch."""
    steps: Ordinal
    """Steps of an epoch."""
    activity: Literal["loading", "training", "testing"]
    running_loss: float | None = None
    running_top1: Annotated[float, Field(ge=0, le=100)] | None = None
    """Percent, averaged over the epoch so far."""
    images_per_second: Quantity | None = None
    seconds_left: Quantity | None = None
    """At the speed so far; None until it is known."""

    @property
    def fraction(self) -> float:
        """How much of all training steps is done, from 0 to 1."""
        return ((self.epoch - 1) * self.steps + self.step) / (self.epochs * self.steps)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def write(self, work: Path) -> None:
        """Replace the progress file in a work folder; a failure to do so does not matter to the run."""
        with contextlib.suppress(OSError):
            replace(work / PROGRESS_FILE, lambda file: file.write(self.to_json().encode()), durable=False)

    @classmethod
    def read(cls, work: Path) -> Progress | None:
        """The progress of the run with that work folder; None if its file is missing or cannot be read."""
        with contextlib.suppress(ValueError):
            return TypeAdapter(cls).validate_python(foreign.read_json(work / PROGRESS_FILE))
        return None

    def short(self) -> str:
        """Epoch, running accuracy and time left."""
        return "loading" if self.activity == "loading" else ", ".join([self._epoch(), *self._measured()])

    def __str__(self) -> str:
        step = f"step {self.step}/{self.steps}" if self.activity == "training" else self.activity
        return ", ".join([self._epoch(), step, *self._measured()])

    def _epoch(self) -> str:
        return f"epoch {self.epoch}/{self.epochs}"

    def _measured(self) -> list[str]:
        top1 = [] if self.running_top1 is None else [f"top-1 {self.running_top1:.1f} %"]
        return top1 + ([] if self.seconds_left is None else [f"{duration(self.seconds_left)} left"])


def duration(seconds: float) -> str:
    """Like "45 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"
