"""The progress bar of a training: epoch, loss, accuracy, images per second, time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

from ndcore.config import RunConfig
from ndcore.records import Accuracy

EVERY_SECONDS = 1.0
FORMAT = "{desc} {percentage:3.0f}% |{bar:16}| {elapsed} gone, {remaining} left{postfix}"


class ProgressBar:
    """One bar over all training steps of a run, on standard error."""

    def __init__(self, config: RunConfig, steps_per_epoch: int, *, enabled: bool) -> None:
        self._config, self._steps = config, steps_per_epoch
        self._bar = tqdm(
            total=steps_per_epoch * config.epochs, bar_format=FORMAT, disable=not enabled, file=sys.stderr, ncols=110
        )
        self._shown = 0.0
        self._first: tuple[int, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is None and self._bar.n == self._bar.total:
            self._bar.set_description_str("trained and tested", refresh=False)
        self._bar.refresh()
        self._bar.close()

    def due(self) -> bool:
        """True once a second: time to show something new."""
        now = time.monotonic()
        due = now - self._shown >= EVERY_SECONDS
        self._shown = now if due else self._shown
        return due

    def show(self, epoch: int, step: int, running: Accuracy) -> None:
        """Show the running accuracy after a step of an epoch."""
        if self._bar.disable:
            return
        done, now = (epoch - 1) * self._steps + step, time.monotonic()
        if self._first is None:  # a resumed run starts in the middle: its speed is that of its own steps
            self._first = (done, now)
            self._bar.initial = done
        rate = (done - self._first[0]) * self._config.batch_size / max(now - self._first[1], 1e-9)
        self._bar.set_description_str(f"epoch {epoch}/{self._config.epochs}", refresh=False)
        speed = f", {rate:.0f} images/s" if rate else ""
        self._bar.set_postfix_str(f"loss {running.loss:.3f}, top-1 {running.top1:.1f} %{speed}", refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def testing(self, epoch: int) -> None:
        """Say that the epoch is being tested."""
        self._bar.set_description_str(f"epoch {epoch}/{self._config.epochs} testing", refresh=False)
        self._bar.refresh()
