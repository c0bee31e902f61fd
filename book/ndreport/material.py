"""What a page of the book starts from: everything in `runs/`, and what could not be read there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from ndcore.experiment.folders import runs_folder
from ndcore.experiment.records import RunRecord, scan
from ndcore.problems import Problem
from ndreport.evidence.bench import Bench, load_bench
from ndreport.evidence.claims import Claim, ledger
from ndreport.evidence.expected import Expectations
from ndreport.evidence.fault_reports import FaultReport
from ndreport.evidence.fault_reports import load as load_faults
from ndreport.evidence.margin import Margin, load_margin
from ndreport.evidence.published import Published, load_all
from ndreport.rendering.glued import glue_computed
from ndreport.rendering.html import Html, notice


@dataclass(frozen=True)
class Material:
    """All records, published values and benchmarks."""

    records: list[RunRecord]
    problems: list[Problem]
    """Files that could not be used, and why."""
    published: Published = field(default_factory=Published)
    """What the two papers published, one table per file."""
    bench: Bench = field(default_factory=Bench)
    """What `ndcore bench` measured here."""
    claims: list[Claim] = field(default_factory=list)
    """The ledger of claims."""
    faults: list[FaultReport] = field(default_factory=list)
    """Kill experiments, the newest first."""
    margin: Margin | None = None
    """Of equivalence, as it was written down beforehand."""
    folder: Path = field(default_factory=runs_folder)
    """The `runs/` that all of it comes from."""

    @property
    def accuracies(self) -> pd.DataFrame:
        """Tables 4 and 5 and the attempts behind them; columns: see `ndreport.evidence.published`."""
        return self.published.accuracies

    @property
    def times(self) -> pd.DataFrame:
        """Tables 8 and 9 and the attempts behind them."""
        return self.published.times

    @property
    def complete(self) -> list[RunRecord]:
        return [r for r in self.records if r.status == "complete"]

    @cached_property
    def expected(self) -> Expectations:
        """What to expect of runs that nobody made."""
        return Expectations(self.published, self.complete, self.folder)

    @property
    def failed(self) -> list[RunRecord]:
        return [r for r in self.records if r.status == "failed"]

    def glue(self, page: str, numbers: Callable[[Material], Mapping[str, object]]) -> None:
        """Give a page the numbers that its Markdown names.

        Where a file in `runs/` cannot be read, the numbers that need it are "missing".

        Args:
            page: `claim` for `book/claim.ipynb`.
            numbers: computes them; only damaged files may make it raise.
        """
        glue_computed(page, lambda: numbers(self), damaged=bool(self.problems))

    def problem_notice(self) -> Html:
        """A box that names every file that could not be used; empty if there is none."""
        items = [f"{problem.file} {problem.reason}" for problem in self.problems]
        return notice("warning", "Files in runs/ that are not shown", items)


def load(folder: Path | None = None) -> Material:
    """Read everything in `runs/` that pages show; a bad file becomes a problem, never an exception."""
    folder = folder or runs_folder()
    records, problems = scan(folder)
    published, unpublished = load_all(folder / "published")
    bench, no_bench = load_bench(folder)
    claims, no_claims = ledger.load(folder / "published")
    kills, no_kills = load_faults(folder)
    margin, no_margin = load_margin(folder / "published")
    problems = [*problems, *unpublished, *no_bench, *no_claims, *no_kills, *no_margin]
    return Material(records, problems, published, bench, claims, kills, margin, folder)
