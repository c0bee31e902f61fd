"""Executes a notebook in a kernel of its own that can be told to stop.

What papermill and nbclient lack for running many notebooks at once:

- Kernels talk through files in a private folder instead of TCP ports. Several that start at once otherwise compete for
  ports, and the loser dies.
- A kernel that does not come up is started again.
- A request to stop reaches the kernel (see `ndcore.experiment.kernel`) and nothing is executed after it.
- The executed notebook stays in memory, so nothing of it lies on the disk before it is whole.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from ndcore.errors import RunInterrupted
from ndcore.experiment.own_kernel import NAME, QUIET, own_kernel

KERNEL_START_SECONDS = 120
KERNEL_STARTS = 3


class KernelDied(Exception):
    """The kernel ended on its own, or never came up."""


class Execution:
    """One execution of a notebook.

    Args:
        notebook: the notebook to execute; it is not changed.
        parameters: what papermill injects.
        environment: of the kernel.
    """

    def __init__(self, notebook: Path, parameters: dict[str, Any], environment: dict[str, str]) -> None:
        self.source, self.parameters, self.environment = notebook, parameters, environment
        self.executed: nbformat.NotebookNode | None = None
        """The notebook with its outputs so far."""
        self.stopping = False
        self._kernel: int | None = None

    def run(self) -> None:
        """Execute all cells.

        Raises:
            PapermillExecutionError: a cell raised.
            KernelDied: the kernel ended on its own, or never came up.
            RunInterrupted: a stop was asked for before the last cell.
        """
        papermill_engines.register("ndcore", _Engine)
        papermill.execute_notebook(
            re.sub(r"[{}]", r"\g<0>\g<0>", str(self.source)),  # papermill fills in parameters between single ones
            None,
            parameters=self.parameters,
            engine_name="ndcore",
            kernel_name=NAME,
            language="python",
            progress_bar=False,
            execution=self,
        )

    def stop(self) -> None:
        """Let the kernel finish its step and write its checkpoint; may be called again."""
        self.stopping = True
        self._signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End the kernel at once."""
        self.stopping = True
        self._signal(signal.SIGKILL)

    def require_going_on(self) -> None:
        """Raises RunInterrupted if a stop was asked for."""
        if self.stopping:
            raise RunInterrupted("a stop was asked for")

    def started(self, process: int) -> None:
        """Take note of the kernel's process, and pass on what came before there was one."""
        self._kernel = process
        self.require_going_on()

    def ended(self) -> None:
        """The kernel's process is gone: its number may be another's."""
        self._kernel = None

    def _signal(self, number: int) -> None:
        if self._kernel is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._kernel, number)


class _Client(PapermillNotebookClient):
    """Reports the kernel's process, and executes no cell after a request to stop."""

    execution: Execution
    cells_begun = 0

    def start_new_kernel(self, **options: Any) -> None:
        super().start_new_kernel(**options)
        self.execution.started(self.km.provisioner.pid)

    def execute_cell(self, *arguments: Any, **options: Any) -> nbformat.NotebookNode:
        self.execution.require_going_on()
        self.cells_begun += 1
        return super().execute_cell(*arguments, **options)


class _Engine(NBClientEngine):
    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, execution: Execution, **_: Any) -> None:
        execution.executed = nb_man.nb
        for attempt in range(1, KERNEL_STARTS + 1):
            with tempfile.TemporaryDirectory(prefix="ndcore-", ignore_cleanup_errors=True) as folder:
                client = _Client(
                    nb_man,
                    km=own_kernel(Path(folder)),
                    stderr_file=sys.stderr,
                    startup_timeout=KERNEL_START_SECONDS,
                    extra_arguments=list(QUIET),
                    timeout=None,
                )
                client.execution = execution
                try:
                    client.execute(cleanup_kc=True, env=execution.environment, cwd=str(execution.source.parent))
                    return
                except DeadKernelError as error:
                    raise KernelDied(str(error)) from error
                except RuntimeError as error:  # "Kernel died before replying", "Kernel didn't respond in 120 seconds"
                    if client.cells_begun:
                        raise
                    execution.require_going_on()
                    if attempt == KERNEL_STARTS:
                        raise KernelDied(f"the kernel did not start in {KERNEL_STARTS} attempts: {error}") from error
                finally:
                    execution.ended()
