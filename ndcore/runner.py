"""Executes the notebook of a run through papermill; the executed notebook appears whole or not at all."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from ndcore import data, models
from ndcore.config import RunConfig
from ndcore.errors import RunFailed, UserError
from ndcore.experiment import require_writable
from ndcore.folders import NOTEBOOK, record_path, runs_folder, work_folder
from ndcore.training import prepare_device

KERNEL_START_SECONDS = 120
REFUSALS = ("UserError", "DataError")


@dataclass(frozen=True)
class Outcome:
    """What a call of `run` left behind."""

    record: Path
    notebook: Path | None
    """The executed notebook; None if the record was there already and nothing ran."""


def run(config: RunConfig, *, runs: Path | None = None, data_root: Path | None = None, device: str = "auto") -> Outcome:
    """Perform a run, unless its record is there.

    Device, network and data set are looked at here first, so that what is not there is refused before a kernel starts,
    and the conversion of a data set shows its progress in the terminal.

    Raises:
        UserError: something that was asked for cannot be done; nothing was written.
        RunFailed: the run started and failed.
    """
    runs = (runs or runs_folder()).absolute()
    record = record_path(config, runs)
    if record.exists():
        return Outcome(record, None)
    if not NOTEBOOK.exists():
        raise UserError(f"{NOTEBOOK} is not there: run ndcore from a checkout, installed with pip install -e .")
    prepare_device(device, config.precision)
    models.require_norm(config.arch, config.norm)
    require_writable(runs)
    data_root = data_root and data_root.absolute()
    data.load(config.dataset, data_root).first(config.train_images)
    unfinished = work_folder(config, runs) / "notebook.ipynb"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    places = {"device": device, "data_root": data_root and str(data_root), "runs": str(runs)}
    try:
        papermill.execute_notebook(
            NOTEBOOK,
            unfinished,
            parameters=config.options() | {"repeat": config.repeat} | places,
            kernel_name="python3",
            cwd=str(NOTEBOOK.parent),
            progress_bar=False,
            stderr_file=sys.stderr,
            start_timeout=KERNEL_START_SECONDS,
            extra_arguments=["--log-level=CRITICAL"],  # no advice at the start, no complaint about being shut down
        )
    except PapermillExecutionError as error:
        if error.ename in REFUSALS:
            unfinished.unlink(missing_ok=True)
            _remove_if_empty(unfinished.parent)
            raise UserError(error.evalue) from None
        kept = _publish(unfinished, runs, f"{config.run_id}.failed")
        reason = error.evalue if error.ename == "RunFailed" else f"{error.ename}: {error.evalue}"
        raise RunFailed(f"{' '.join(reason.split())}; executed notebook: {kept}") from None
    except DeadKernelError:
        raise RunFailed(
            f"the kernel of {config.run_id} died (killed, or out of memory); give the same command again to go on "
            "from its last checkpoint"
        ) from None
    return Outcome(record, _publish(unfinished, runs, config.run_id))


def _publish(unfinished: Path, runs: Path, name: str) -> Path:
    """Move an executed notebook to `runs/notebooks/`, each progress bar reduced to its last state."""
    notebook = nbformat.read(unfinished, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = "\n".join(line.rpartition("\r")[2] for line in output.text.split("\n"))
    nbformat.write(notebook, unfinished)
    target = runs / "notebooks" / f"{name}.ipynb"
    target.parent.mkdir(exist_ok=True)
    os.replace(unfinished, target)
    _remove_if_empty(unfinished.parent)
    return target


def _remove_if_empty(folder: Path) -> None:
    """A folder that holds a checkpoint stays."""
    if not any(folder.iterdir()):
        folder.rmdir()
