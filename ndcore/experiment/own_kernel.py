"""Kernels of the interpreter that asks for them, for runs and for pages of the book.

Which kernel specs lie on a machine, and which name an editor wrote into a notebook, says nothing about the environment
in which ndcore is installed. So neither is asked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

NAME = "python3"
QUIET = ["--log-level=CRITICAL"]
"""No advice of the kernel at the start, no complaint about being shut down."""
SOCKET_PATH_BYTES = 100
"""Longest path of a Unix socket on all systems, with room for the number at its end."""


class _OneSpec(KernelSpecManager):
    """Knows one kernel, whatever name is asked for: `ndcore.experiment.kernel` in this interpreter."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ndcore.experiment.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def own_kernel(folder: Path) -> AsyncKernelManager:
    """The manager of a new kernel.

    Args:
        folder: private to this kernel; its sockets lie in it, unless their paths would be too long.
    """
    file = folder / "k.json"
    manager = AsyncKernelManager(kernel_name=NAME, kernel_spec_manager=_OneSpec(), connection_file=str(file))
    if len(os.fsencode(f"{file}-ipc")) < SOCKET_PATH_BYTES:
        manager.transport = "ipc"
    return manager
