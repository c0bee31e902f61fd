"""What a user sees while a grid runs: bars in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from tqdm import tqdm

from ndcore.grid.scheduler import Ending, Result, Scheduler, failed
from ndcore.training.progress import Progress, duration

GRID = "{desc:30.30} {percentage:3.0f}% |{bar:16}| {n_fmt} of {total_fmt}{postfix}"
CELL = "  {desc:46.46} {percentage:3.0f}% |{bar:8}| {unit}"
PLAIN_SECONDS = 60.0
"""Between two plain lines that say how far everything is."""
GLYPHS = {Ending.DONE: "✓", Ending.FAILED: "✗", Ending.REFUSED: "✗", Ending.KILLED: "✗", Ending.INTERRUPTED: "‖"}


class Display:
    """Shows a scheduler's state on standard error.

    Args:
        total: cells of this pass.
        stream: bars if it is a terminal, else lines.
    """

    def __init__(self, scheduler: Scheduler, total: int, stream: TextIO | None = None) -> None:
        self._scheduler, self._total = scheduler, total
        self._stream = stream or sys.stderr
        self._bars: list[tqdm] = []
        self._said = self._began = time.monotonic()
        self._terminal = self._stream.isatty()
        if self._terminal:
            common = {"file": self._stream, "dynamic_ncols": True, "leave": False}
            self._bars.append(tqdm(total=total, desc="grid", bar_format=GRID, position=0, **common))
            for slot in range(scheduler.workers):
                self._bars.append(tqdm(total=100, desc="", bar_format=CELL, position=slot + 1, **common))

    def report(self, result: Result) -> None:
        """One line for a cell that ended. May be called by any thread."""
        text = f"{GLYPHS[result.ending]} {result.cell.run_id} {result.ending}"
        if result.seconds:
            text += f" after {duration(result.seconds)}"
        if result.ending != Ending.DONE and result.message:
            text += f": {result.message}"
        if result.warning:
            text += f"; warning: {result.warning}"
        self.say(text)

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._terminal:
            with tqdm.external_write_mode(file=self._stream):
                self._stream.write(text + "\n")
        else:
            self._stream.write(text + "\n")
            self._stream.flush()

    def refresh(self) -> None:
        """Show how far everything is."""
        if self._terminal:
            self._refresh_bars()
        elif time.monotonic() - self._said > PLAIN_SECONDS:
            self._said = time.monotonic()
            self.say(f"{self._summary()}; {duration(self._said - self._began)} gone")
            for _, cell in sorted(self._scheduler.at_work.items()):
                self.say(f"  {cell.run_id}: {self._progress(cell.run_id) or 'starting'}")

    def close(self) -> None:
        """Remove the bars."""
        for bar in reversed(self._bars):
            bar.close()

    def _progress(self, run_id: str) -> Progress | None:
        return Progress.read(self._scheduler.runs / "work" / run_id)

    def _summary(self) -> str:
        ended = len(self._scheduler.results) + self._scheduler.elsewhere
        parts = [f"{ended} of {self._total} cells ended", f"{len(failed(self._scheduler.results))} failed"]
        if aside := len(self._scheduler.set_aside):
            parts.append(f"{aside} performed elsewhere")
        return ", ".join(parts)

    def _refresh_bars(self) -> None:
        grid, *cells = self._bars
        grid.n = len(self._scheduler.results) + self._scheduler.elsewhere
        bad, aside = len(failed(self._scheduler.results)), len(self._scheduler.set_aside)
        notes = [f"{bad} failed"] * bool(bad) + [f"{aside} elsewhere"] * bool(aside)
        grid.set_description_str(f"grid, {duration(time.monotonic() - self._began)} gone", refresh=False)
        grid.set_postfix_str(", ".join(notes), refresh=False)
        grid.refresh()
        for slot, bar in enumerate(cells):
            cell = self._scheduler.at_work.get(slot)
            progress = cell and self._progress(cell.run_id)
            bar.n = round(100 * progress.fraction) if progress else 0
            bar.set_description_str(cell.run_id if cell else "idle", refresh=False)
            bar.unit = progress.short() if progress else "starting" if cell else ""
            bar.refresh()


def summary(scheduler: Scheduler, total: int) -> str:
    """What came out of a pass, in one line."""
    numbers = {ending: sum(r.ending == ending for r in scheduler.results) for ending in GLYPHS}
    left = total - len(scheduler.results) - scheduler.elsewhere
    parts = [f"{number} {ending}" for ending, number in numbers.items() if number or ending == Ending.DONE]
    parts += [f"{scheduler.elsewhere} done elsewhere"] * bool(scheduler.elsewhere)
    parts += [f"{left} not begun"] * bool(left)
    return ", ".join(parts)
