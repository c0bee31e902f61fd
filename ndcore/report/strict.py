"""What is wrong with the material of the book: the pages show it, and `ndcore book --strict` fails because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ndcore.evidence.equivalence import load_margin
from ndcore.folders import runs_folder
from ndcore.records import Problem
from ndcore.report import page
from ndcore.report.ablation import runs as ablation
from ndcore.report.citations import material as citations
from ndcore.report.code import ledger as findings

Check = Callable[[Path], Iterable[Problem]]


def _ablation(runs: Path) -> Iterable[Problem]:
    problems = ablation.load(folder=runs / "ablation").problems
    return [Problem(f"ablation/{problem.file}", problem.reason) for problem in problems]


CHECKS: list[Check] = [
    lambda runs: page.load(runs).problems,
    lambda runs: citations.load(runs).problems,
    lambda runs: load_margin(runs / "published")[1],
    lambda runs: findings.load(runs / "published")[1],
    _ablation,
]
"""Each takes the folder `runs/` and returns what is damaged, missing or in error there; none raises for that."""


def problems(runs: Path | None = None) -> list[Problem]:
    """Everything that the pages name as damaged, missing or in error, each once."""
    runs = runs or runs_folder()
    return list(dict.fromkeys(problem for check in CHECKS for problem in check(runs)))
