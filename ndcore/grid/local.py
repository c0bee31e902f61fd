"""Performs a grid on this machine until it is done, time is up, or it is stopped."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ndcore import stopping
from ndcore.errors import UserError
from ndcore.files import require_writable
from ndcore.grid.cells import Cell
from ndcore.grid.display import Display, summary
from ndcore.grid.scheduler import Ending, Performer, Result, Scheduler, failed
from ndcore.grid.workers import LocalWorkers

MOST_FAILURES = 125
"""The highest exit code that says how many cells failed; codes above have other meanings in a shell."""
REFRESH_SECONDS = 0.5
STOPPING = "stopping: every cell finishes its step and writes its checkpoint; Ctrl-C again stops at once"


def perform(
    cells: Sequence[Cell],
    runs: Path,
    performer: Performer,
    workers: int = 1,
    hours: float | None = None,
    refused: Sequence[Result] = (),
) -> int:
    """Perform the cells; returns the exit code: how many failed, or 130 if it was interrupted.

    Args:
        cells: in the order in which they are to be performed.
        hours: until everything is stopped as by Ctrl-C; None for no limit.
        refused: cells that are known beforehand not to work here.

    Raises:
        UserError: nothing can be written to the folder.
    """
    require_writable(runs)
    scheduler = Scheduler(cells, runs, performer, workers)
    total = len(cells) + len(refused)
    display = Display(scheduler, total)
    scheduler.report = display.report
    scheduler.results += refused
    deadline = None if hours is None else time.monotonic() + 3600 * hours
    interrupted = threading.Event()

    def act(job: Callable[[], None], text: str) -> None:
        interrupted.set()
        # The lock of a display or a scheduler may be held by what this interrupts: act from another thread.
        for each in (job, lambda: display.say(text)):
            threading.Thread(target=each, daemon=True).start()

    with (
        stopping.on_signals(
            lambda _: act(scheduler.stop, STOPPING), lambda _: act(scheduler.kill, "stopping at once"), _signals()
        ),
        contextlib.closing(display),
    ):
        for result in refused:
            display.report(result)
        scheduler.start()
        while not scheduler.wait(REFRESH_SECONDS):
            display.refresh()
            if deadline and time.monotonic() > deadline:
                deadline = None
                display.say("time is up: every cell finishes its step and writes its checkpoint")
                scheduler.stop()
    sys.stderr.write(f"{summary(scheduler, total)}\n")
    if interrupted.is_set():
        sys.stderr.write("interrupted; the same command goes on from the last checkpoints\n")
        return 130
    return min(len(failed(scheduler.results)), MOST_FAILURES)


def _signals() -> Iterator[signal.Signals]:
    """What stops a grid: also a terminal that is closed, unless the grid was started with `nohup`."""
    yield from (signal.SIGINT, *stopping.SOFT)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        yield signal.SIGHUP


def separate_impossible(cells: Sequence[Cell], workers: LocalWorkers) -> tuple[list[Cell], list[Result]]:
    """Separate the cells that cannot be performed here: no data set, no such normalisation, no device.

    Every combination is looked at once, and a data set that has not been converted is converted now, with its progress
    shown, instead of by several cells at once.
    """
    from ndcore.experiment.runner import require_ready  # noqa: PLC0415 - torch

    seen: dict[tuple, str | None] = {}
    good, refused = [], []
    for cell in cells:
        c = cell.setting
        key = (c.arch, c.norm, c.dataset, c.train_images, c.precision)
        if key not in seen:
            try:
                require_ready(c, workers.data_root, workers.device)
                seen[key] = None
            except UserError as error:
                seen[key] = str(error)
        if seen[key] is None:
            good.append(cell)
        else:
            refused.append(Result(cell, Ending.REFUSED, seen[key]))
    return good, refused
