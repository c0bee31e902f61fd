"""The machine that this process runs on, as far as it can be known without torch: cores, processor, GPUs."""

from __future__ import annotations

import math
import os
import platform
import resource
import shutil
import subprocess
import sys
from pathlib import Path

RESIDENT = "process (resident)"
"""What `peak_resident_bytes` is of, as a record says it."""
VECTOR = ("avx", "fma", "amx", "asimd", "sve", "sme", "bf16", "i8mm")
"""How the names of vector and matrix instructions begin."""


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that this process may use: its affinity, and its quota where control groups (version 2) set one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        share, period = quota.read_text().split()
        return max(1, min(cores, math.ceil(int(share) / int(period))))
    except (OSError, ValueError):  # no control groups, or "max": no quota
        return cores


def cpu_name() -> str:
    """Model name of the processor."""
    return _cpu_info("model name") or platform.processor() or platform.machine()


def cpu_extensions() -> tuple[str, ...]:
    """Vector and matrix instructions of the processor, sorted, as Linux calls them; none where they are not known.

    A virtual machine may give different processors one name; these tell more of them apart.
    """
    flags = f"{_cpu_info('flags')} {_cpu_info('Features')}".split()  # x86, ARM
    return tuple(sorted(flag for flag in set(flags) if flag.startswith(VECTOR)))


def _cpu_info(key: str) -> str:
    """What Linux says about the first processor; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="latin-1").splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() == key), "")


def peak_resident_bytes(of: int = resource.RUSAGE_SELF) -> int:
    """Most memory that this process, or with `RUSAGE_CHILDREN` one that it started, has held so far."""
    return resource.getrusage(of).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def gpus() -> dict[str, str]:
    """The NVIDIA GPUs that this process may use: index or UUID, as `CUDA_VISIBLE_DEVICES` takes it, to model name.

    Asks the driver's `nvidia-smi`; nothing where there is none.
    """
    if not (tool := shutil.which("nvidia-smi")):
        return {}
    query = [tool, "--query-gpu=index,uuid,name", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return {}
    known = {}
    for line in done.stdout.splitlines():
        index, uuid, name = (part.strip() for part in line.split(",", 2))
        known |= {index: name, uuid: name}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return {key: name for key, name in known.items() if key.isdigit()}
    wanted = [part.strip() for part in visible.split(",")]
    return {key: known[key] for key in wanted if key in known}
