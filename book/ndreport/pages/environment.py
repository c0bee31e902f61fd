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


def build_facts(checkout: Path = PROJECT) -> list[tuple[str, str]]:
    """Names and values of the environment of this build."""
    return [
        ("Python", platform.python_version()),
        ("Platform", platform.platform()),
        ("Code", commit(*git_state(checkout))),
        *versions(PACKAGES).items(),
    ]
