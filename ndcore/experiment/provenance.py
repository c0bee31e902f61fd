"""What made a number: versions, hardware, flags and the state of the source code. No host name, user or path."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import PROJECT
from ndcore.experiment.records import Code, Environment, RunRecord
from ndcore.machine import cpu_name
from ndcore.source import source_digest

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "papermill", "nbclient", "jupyter-book")


def describe_run(config: RunConfig, device_type: str, notebook: Path, **measured: Any) -> RunRecord:
    """The record of a run that ends now: what was measured, and what made it; what was not measured is absent."""
    absent = dict.fromkeys(("final_epoch", "best_epoch", "test_correct", "model", "data")) | {
        "epochs": (),
        "sessions": (),
    }
    return RunRecord(
        run_id=config.run_id,
        config=config,
        finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=describe_environment(device_type, config.precision),
        code=describe_code(config, notebook),
        **(absent | measured),
    )


def describe_environment(device_type: str, precision: str) -> Environment:
    """The machine and the software of this process."""
    import torch  # noqa: PLC0415 - a process that describes its training has loaded it already

    from ndcore.training.device import device_name  # noqa: PLC0415

    return Environment(
        device=device_type,
        device_name=device_name(torch.device(device_type)),
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        platform=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages=versions(),
        precision=precision,
        deterministic={
            "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
        },
    )


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Installed version of every package, "not installed" where one is missing; imports none of them."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def describe_code(config: RunConfig, notebook: Path) -> Code:
    """Commit, digest of the sources, and the notebook and command of a run."""
    commit, dirty = git_state(PROJECT)
    return Code(
        git_commit=commit,
        git_dirty=dirty,
        source_sha256=source_digest(),
        notebook=f"notebooks/{notebook.name}",
        notebook_sha256=hashlib.sha256(notebook.read_bytes()).hexdigest(),
        command=config.command(),
    )


def git_state(checkout: Path) -> tuple[str | None, bool | None]:
    """Commit of a checkout, and whether a tracked file differs from it; None for what cannot be known."""
    if not (checkout / ".git").exists():
        return None, None
    try:
        commit, changed = (
            subprocess.run(["git", *ask], cwd=checkout, capture_output=True, text=True, check=True, timeout=20).stdout
            for ask in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit.strip(), bool(changed)
