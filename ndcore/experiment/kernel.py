"""The kernel in which a run's notebook is executed: `python -m ndcore.experiment.kernel -f CONNECTION_FILE`.

It is the usual Python kernel, but it takes a scheduler's signals as a request to stop after the step, wherever it is,
and it never outlives the process that started it.
"""

from __future__ import annotations

import os
import signal

from ndcore import stopping


def die_with_parent() -> None:
    """Let the system kill this process as soon as its parent is gone (Linux; elsewhere ipykernel looks every second).

    A process that takes over the run of a killed one then never meets its kernel.
    """
    stopping.signal_with_parent(signal.SIGKILL)
    parent = os.environ.get("JPY_PARENT_PID")
    if parent and os.getppid() != int(parent):  # it was gone before the line above
        os._exit(1)


def main() -> None:
    with stopping.noting():
        die_with_parent()
        from ipykernel import kernelapp  # noqa: PLC0415 - only once signals no longer kill

        kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
