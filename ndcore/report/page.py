"""What a page of the book starts from: everything in `runs/`, and what could not be read there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ndcore.evidence.faults import FaultReport
from ndcore.evidence.faults import load as load_faults
from ndcore.evidence.published import ACCURACIES, TIMES
from ndcore.evidence.published import load as load_published
from ndcore.folders import runs_folder
from ndcore.records import Problem, RunRecord, scan
from ndcore.report.cost.bench import Bench, load_bench
from ndcore.report.html import Html, notice


@dataclass(frozen=True)
class Material:
    """All records, published values and benchmarks."""

    records: list[RunRecord]
    accuracies: pd.DataFrame
    """Columns: see `ndcore.evidence.published`."""
    problems: list[Problem]
    """Files that could not be used, and why."""
    times: pd.DataFrame = field(default_factory=TIMES.empty)
    """Published times; columns as before."""
    bench: Bench = field(default_factory=Bench)
    """What `ndcore bench` measured here."""
    faults: list[FaultReport] = field(default_factory=list)
    """Kill experiments, the newest first."""

    @property
    def complete(self) -> list[RunRecord]:
        return [r for r in self.records if r.status == "complete"]

    @property
    def failed(self) -> list[RunRecord]:
        return [r for r in self.records if r.status == "failed"]

    def problem_notice(self) -> Html:
        """A box that names every file that could not be used; empty if there is none."""
        items = [f"{problem.file} {problem.reason}" for problem in self.problems]
        return notice("warning", "Files in runs/ that are not shown", items)


def load(folder: Path | None = None) -> Material:
    """Read records, published values and benchmark in `runs/`; a bad file becomes a problem, never an exception."""
    folder = folder or runs_folder()
    records, problems = scan(folder)
    accuracies, no_accuracies = load_published(ACCURACIES, folder / "published")
    times, no_times = load_published(TIMES, folder / "published")
    bench, no_bench = load_bench(folder)
    kills, no_kills = load_faults(folder)
    problems = [*problems, *no_accuracies, *no_times, *no_bench, *no_kills]
    return Material(records, accuracies, problems, times, bench, kills)
