"""The environment in which the pages are executed."""

from __future__ import annotations

import platform
from pathlib import Path

from ndcore.experiment.folders import PROJECT
from ndcore.experiment.provenance import git_state, versions
from ndreport.pages.our_runs.provenance import commit

PACKAGES = (
    "ndcore", "jupyter-book", "sphinx", "myst-nb", "papermill", "nbclient", "ipykernel", "numpy", "pandas", "seaborn",
    "matplotlib", "scikit-learn", "pydantic", "torch", "torchvision",
)  # fmt: skip


def software() -> list[tuple[str, str]]:
    """Names and versions of what executes the pages."""
    return [("Python", platform.python_version()), ("Platform", platform.platform()), *versions(PACKAGES).items()]


def build_facts(checkout: Path = PROJECT) -> list[tuple[str, str]]:
    """Names and values of the environment of this build, and the state of the code."""
    python, system, *packages = software()
    return [python, system, ("Code", code_state(checkout)), *packages]


def code_state(checkout: Path = PROJECT) -> str:
    """The commit, and whether a file differs from it."""
    return commit(*git_state(checkout))
