"""What is wrong with the material of the book: the pages show it, and `ndcore book --strict` fails because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ndcore.experiment.folders import runs_folder
from ndcore.problems import Problem
from ndreport import material as page
from ndreport.evidence import claims
from ndreport.pages.ablation import runs as ablation
from ndreport.pages.citations import material as citations
from ndreport.pages.claims import evidence_of
from ndreport.pages.code_and_data import ledger as findings

Check = Callable[[Path], Iterable[Problem]]


def _ablation(runs: Path) -> Iterable[Problem]:
    problems = ablation.load(folder=runs / "ablation").problems
    return [Problem(f"ablation/{problem.file}", problem.reason) for problem in problems]


def _claims(runs: Path) -> Iterable[Problem]:
    material = page.load(runs)
    return claims.problems(claims.decide_all(material.claims, evidence_of(material)))


CHECKS: list[Check] = [
    lambda runs: page.load(runs).problems,
    lambda runs: citations.load(runs).problems,
    lambda runs: findings.load(runs / "published")[1],
    _ablation,
]
"""Each takes the folder `runs/` and returns what is damaged or missing there; none raises for that."""


def problems(runs: Path | None = None, decide: bool = True) -> list[Problem]:
    """Everything that the pages name as damaged, missing or in error, each once.

    Args:
        runs: the folder `runs/`; None: the one of the working directory.
        decide: whether the claims are decided too, which takes seconds, and those that end in an error are named.
    """
    runs = runs or runs_folder()
    checks = [*CHECKS, _claims] if decide else CHECKS
    return list(dict.fromkeys(problem for check in checks for problem in check(runs)))
