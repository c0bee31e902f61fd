"""The environment in which the pages are executed."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from pathlib import Path

PACKAGES = (
    "ndcore", "jupyter-book", "sphinx", "myst-nb", "papermill", "nbclient", "ipykernel", "numpy", "pandas", "seaborn",
    "matplotlib", "scikit-learn", "pydantic", "torch", "torchvision",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Installed version of every package that matters; imports none of them."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def git_state(folder: Path | None = None) -> str:
    """Commit of the checkout and whether tracked files differ from it."""
    folder = folder or Path.cwd()
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    if not head:
        return "no git commit"
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{head}, {'with uncommitted changes' if changed else 'clean'}"


def _git(folder: Path, *arguments: str) -> str:
    try:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def build_facts() -> list[tuple[str, str]]:
    """Names and values of the environment of this build."""
    machine = [("Python", platform.python_version()), ("Platform", platform.platform()), ("Code", git_state())]
    return machine + list(versions().items())
