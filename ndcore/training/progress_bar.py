"""The progress of a training, once a second: a bar for who looks, and a file for other processes.

Both show epoch, running accuracy, speed and time left.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace as changed
from pathlib import Path
from types import TracebackType
from typing import Self

from tqdm import tqdm

from ndcore.training.epochs import Accuracy
from ndcore.training.progress import Progress
from ndcore.training.recipe import Recipe

EVERY_SECONDS = 1.0
FORMAT = "{desc} {percentage:3.0f}% |{bar:16}| {elapsed} gone, {remaining} left{postfix}"


class ProgressBar:
    """One bar over all training steps of a run, on standard error, and the same as a file.

    Args:
        steps_per_epoch: training steps.
        enabled: whether there is a bar.
        work: folder where other processes look (see `ndcore.training.progress`); None for nowhere.
    """

    def __init__(self, config: Recipe, steps_per_epoch: int, *, enabled: bool, work: Path | None = None) -> None:
        self._config, self._steps, self._work = config, steps_per_epoch, work
        self._bar = tqdm(
            total=steps_per_epoch * config.epochs, bar_format=FORMAT, disable=not enabled, file=sys.stderr, ncols=110
        )
        self._shown = 0.0
        self._first: tuple[int, float] | None = None
        self._last: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is None and self._bar.n == self._bar.total:
            self._bar.set_description_str("trained and tested", refresh=False)
        self._bar.refresh()
        self._bar.close()

    def due(self) -> bool:
        """Whether it is time to show something new."""
        return time.monotonic() - self._shown >= EVERY_SECONDS

    def show(self, epoch: int, step: int, running: Accuracy) -> None:
        """Show the running accuracy after a step of an epoch."""
        done, now = (epoch - 1) * self._steps + step, time.monotonic()
        self._shown = now
        if self._first is None:  # a resumed run starts in the middle: its speed is that of its own steps
            self._first = (done, now)
            self._bar.initial = done
        rate = (done - self._first[0]) / max(now - self._first[1], 1e-9)
        self._write(
            Progress(
                epoch=epoch,
                epochs=self._config.epochs,
                step=step,
                steps=self._steps,
                activity="training",
                running_loss=running.loss,
                running_top1=running.top1,
                images_per_second=rate * self._config.batch_size or None,
                seconds_left=(self._config.epochs * self._steps - done) / rate if rate else None,
            )
        )
        if self._bar.disable:
            return
        self._bar.set_description_str(f"epoch {epoch}/{self._config.epochs}", refresh=False)
        speed = f", {rate * self._config.batch_size:.0f} images/s" if rate else ""
        self._bar.set_postfix_str(f"loss {running.loss:.3f}, top-1 {running.top1:.1f} %{speed}", refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def testing(self, epoch: int) -> None:
        """Say that the epoch is being tested."""
        if self._last:
            self._write(changed(self._last, activity="testing"))
        self._bar.set_description_str(f"epoch {epoch}/{self._config.epochs} testing", refresh=False)
        self._bar.refresh()

    def _write(self, progress: Progress) -> None:
        self._last = progress
        if self._work:
            progress.write(self._work)
