"""What made a number: versions, hardware, flags and the state of the source code. No host name, user or path."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ndcore.config import RunConfig
from ndcore.folders import PACKAGE, PROJECT
from ndcore.machine import cpu_extensions, cpu_name
from ndcore.records import Code, Environment
from ndcore.sessions import Conditions

if TYPE_CHECKING:
    import torch

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "papermill", "nbclient", "jupyter-book")
SWITCHES = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NVIDIA_TF32_OVERRIDE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
)
"""Environment variables that choose other kernels or another precision."""


def describe_environment(device_type: str, precision: str) -> Environment:
    """The machine and the software of this process."""
    import torch  # noqa: PLC0415 - whoever describes a training has it loaded already

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


def describe_conditions(device: torch.device) -> Conditions:
    """What decides the bits that this process computes on that device."""
    import torch  # noqa: PLC0415 - see above

    from ndcore.training.device import device_name  # noqa: PLC0415

    packages = {"torch": torch.__version__, "numpy": np.__version__}
    if device.type == "cuda":
        packages |= {"cuda": str(torch.version.cuda), "cudnn": str(torch.backends.cudnn.version())}
    switches = {
        "mkldnn": "" if torch.backends.mkldnn.enabled else "off",
        "deterministic_algorithms": "on" if torch.are_deterministic_algorithms_enabled() else "",
        "cudnn_deterministic": "on" if torch.backends.cudnn.deterministic else "",
    }
    settings = {name: os.environ.get(name, "") for name in SWITCHES} | switches
    return Conditions(
        device=device.type,
        device_name=device_name(device),
        cpu=cpu_name(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        cpu_extensions=cpu_extensions(),
        threads=torch.get_num_threads(),
        packages=packages,
        settings={name: value for name, value in settings.items() if value},
        source_sha256=source_digest(),
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


def source_digest() -> str:
    """SHA-256 over the paths and contents of all Python files of the package."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


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
