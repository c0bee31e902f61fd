"""What is wrong with the material of the book: the pages show it, and `ndcore book --strict` fails because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ndcore.folders import runs_folder
from ndcore.records import Problem
from ndcore.report.ablation.runs import load as load_ablation
from ndcore.report.page import load


def unreadable_files(runs: Path) -> Iterable[Problem]:
    """Records, published values and benchmarks that the pages cannot use."""
    return load(runs).problems


def unreadable_ablation(runs: Path) -> Iterable[Problem]:
    """Records of the ablation that its page cannot use."""
    problems = load_ablation(folder=runs / "ablation").problems
    return [Problem(f"ablation/{problem.file}", problem.reason) for problem in problems]


CHECKS: list[Callable[[Path], Iterable[Problem]]] = [unreadable_files, unreadable_ablation]
"""Each takes the folder `runs/` and returns what is wrong there; it never raises because of a file."""


def problems(runs: Path | None = None) -> list[Problem]:
    """Everything that the pages name as damaged, missing or in error."""
    runs = runs or runs_folder()
    return [problem for check in CHECKS for problem in check(runs)]
