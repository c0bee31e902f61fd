"""What a page of the book starts from: everything in `runs/`, and what could not be read there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ndcore.folders import runs_folder
from ndcore.records import Problem, RunRecord, scan
from ndcore.report.html import Html, notice
from ndcore.report.published import load_accuracies


@dataclass(frozen=True)
class Material:
    """All records and published values."""

    records: list[RunRecord]
    accuracies: pd.DataFrame
    """Columns: see `ndcore.report.published`."""
    problems: list[Problem]
    """Files that could not be used, and why."""

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
    """Read the records and the published values of a runs folder; a bad file becomes a problem, never an exception."""
    folder = folder or runs_folder()
    records, problems = scan(folder)
    accuracies, published_problems = load_accuracies(folder / "published")
    return Material(records, accuracies, [*problems, *published_problems])
