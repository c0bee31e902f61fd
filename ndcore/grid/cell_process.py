"""One cell in a process of its own: `python -m ndcore.grid.cell_process '{"config": …, "runs": …}'`.

Its exit code says how it ended, its last line on standard error why; the code is 1 only if its failure record is there.
Unlike `ndcore run` it does not check device and data before the kernel starts: who starts many cells has done so once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from ndcore import stopping
from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.training.threads import AUTO

UNEXPECTED = 70
"""Exit code after an error that nobody foresaw; `EX_SOFTWARE` of sysexits."""


def command(
    config: RunConfig, runs: Path, data_root: Path | None = None, device: str = "auto", threads: str | int = AUTO
) -> list[str]:
    """The command line of a cell."""
    wanted = {
        "config": config.model_dump(exclude_unset=True),
        "runs": str(runs.absolute()),
        "data_root": data_root and str(data_root.absolute()),
        "device": device,
        "threads": threads,
    }
    return [sys.executable, "-m", "ndcore.grid.cell_process", json.dumps(wanted)]


def environment(threads: int, gpu: str | None = None) -> dict[str, str]:
    """Environment variables of a cell's process.

    Args:
        threads: for PyTorch on the CPU.
        gpu: index or UUID of the one GPU that it sees; None: as this process.
    """
    count = str(threads)
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), count)
    limits["PYTHONIOENCODING"] = "utf-8"  # its output is a log, of which the scheduler reads the last line
    return os.environ | limits | ({} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu})


def perform(wanted: dict[str, Any]) -> int:
    """Perform the cell; returns its exit code: 0 done, else that of its error."""
    from ndcore.experiment.runner import run  # noqa: PLC0415 - papermill, only once signals are noted

    try:
        run(
            RunConfig.parse(wanted["config"]),
            runs=Path(wanted["runs"]),
            data_root=wanted["data_root"] and Path(wanted["data_root"]),
            device=wanted["device"],
            threads=wanted.get("threads", AUTO),  # a task may have been queued before there were any
            check_first=False,
        )
    except UserError as error:
        sys.stderr.write(f"\n{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception:  # whatever it is, Python's own code for it is that of a failure record
        traceback.print_exc()
        return UNEXPECTED
    return 0


def main() -> int:
    with stopping.noting():
        stopping.signal_with_parent(signal.SIGUSR1)  # a scheduler that was killed leaves no cell on its GPU
        return perform(json.loads(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
