"""Performs a run through its notebook; record and executed notebook appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from papermill.exceptions import PapermillExecutionError

from ndcore import data, models, stopping
from ndcore.errors import RunBusy, RunFailed, RunInterrupted, UserError
from ndcore.experiment import failures, leases, records
from ndcore.experiment.config import RunConfig
from ndcore.experiment.execution import Execution, KernelDied
from ndcore.experiment.folders import NOTEBOOK, record_path, runs_folder, work_folder
from ndcore.experiment.leftovers import clear_up, clear_up_after_the_dead, notebook_path, remove_if_empty
from ndcore.files import reason, replace, require_writable
from ndcore.training.threads import AUTO

REFUSALS = {"UserError": UserError, "DataError": UserError, "RunBusy": RunBusy}
"""Errors of the notebook that leave no record, and what they are here."""


@dataclass(frozen=True)
class Outcome:
    """What a call of `run` left behind."""

    record: Path
    notebook: Path | None = None
    """The executed notebook; None if nothing ran, or if there was no room for it."""
    performed: bool = False
    """False if the record was there already and nothing ran."""


def run(
    config: RunConfig,
    *,
    runs: Path | None = None,
    data_root: Path | None = None,
    device: str = "auto",
    threads: str | int = AUTO,
    check_first: bool = True,
) -> Outcome:
    """Perform a run, unless its record is there.

    Args:
        runs: folder of the records; None: as `ndcore.experiment.folders.runs_folder` finds it.
        data_root: folder of the images; see `ndcore.data.load`.
        device: "auto", "cpu", "cuda" or "mps".
        threads: of the CPU; see `ndcore.training.conditions.threads_to_take`.
        check_first: refuse what is not there (device, network, data set) before a kernel starts. The notebook checks as
            well; without this the seconds are saved that loading torch takes.

    Raises:
        UserError: something that was asked for cannot be done; nothing was written.
        RunBusy: another process performs this run.
        RunInterrupted: a stop was asked for; what was done is in the checkpoint.
        RunFailed: the run started and failed; its failure record is in place.
    """
    runs = (runs or runs_folder()).absolute()
    if done := _recorded(config, runs):
        clear_up_after_the_dead(config, runs)
        return done
    if not NOTEBOOK.exists():
        raise UserError(f"{NOTEBOOK} is not there: run ndcore from a checkout, installed with pip install -e .")
    data_root = data_root and data_root.absolute()
    if check_first:
        require_ready(config, data_root, device)
    require_writable(runs)
    work = work_folder(config, runs)
    with _writing_to(work):
        lease = leases.claim_patiently(work)
    try:
        if done := _recorded(config, runs):  # by the holder of the lease until now
            return done
        with _writing_to(work):
            clear_up(config, runs)
        return _perform(config, runs, data_root, device, threads, lease)
    finally:
        with contextlib.suppress(OSError):  # the next run removes what is left; why this one ended is worth more
            if lease.held:
                clear_up(config, runs, finished=_has_record(config, runs))
        lease.release()
        remove_if_empty(work)


def require_ready(config: RunConfig, data_root: Path | None, device: str) -> None:
    """Make sure that device, network and data set are there; converts the data set at its first use.

    Raises:
        UserError: one of them is not.
    """
    from ndcore.training.device import prepare_device  # noqa: PLC0415 - torch

    prepare_device(device, config.precision)
    models.require_norm(config.arch, config.norm)
    data.load(config.dataset, data_root).first(config.train_images)


def _recorded(config: RunConfig, runs: Path) -> Outcome | None:
    """The outcome of a run that has its record.

    Raises:
        UserError: in the record's place is something else.
    """
    path = record_path(config, runs)
    if not os.path.lexists(path):  # a link to nothing is in its place as well
        return None
    try:
        records.read_complete(path)
    except ValueError as error:
        raise UserError(f"{path} is in the place of this run's record and {error}: move it away") from None
    return Outcome(path)


@contextlib.contextmanager
def _writing_to(work: Path) -> Iterator[None]:
    """Say in one line that a work folder cannot be written."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write to {work}: {reason(error)}; mend that and give the same command again") from None


def _has_record(config: RunConfig, runs: Path) -> bool:
    """Whether the run has its record; another file in the record's place does not count."""
    try:
        return _recorded(config, runs) is not None
    except UserError:
        return False


def _perform(
    config: RunConfig, runs: Path, data_root: Path | None, device: str, threads: str | int, lease: leases.Lease
) -> Outcome:
    places = {"device": device, "data_root": data_root and str(data_root), "runs": str(runs), "threads": threads}
    parameters = config.options() | {"repeat": config.repeat} | places
    execution = Execution(NOTEBOOK, parameters, os.environ | {leases.VARIABLE: str(lease.path)})
    try:
        with (
            leases.kept_alive(lease, execution.kill),
            stopping.on_signals(lambda _: execution.stop(), lambda _: execution.kill()),
        ):
            if stopping.requested():  # before the handlers were there
                execution.stop()
            execution.run()
    except RunInterrupted:
        raise _interrupted(config, lease) from None
    except (PapermillExecutionError, KernelDied) as error:
        kind = getattr(error, "ename", None)
        if kind in REFUSALS:
            raise REFUSALS[kind](error.evalue) from None
        if not _recorded(config, runs):
            if kind == "RunInterrupted" or (execution.stopping and kind in ("KeyboardInterrupt", None)):
                raise _interrupted(config, lease) from None
            raise _failed(config, runs, device, execution, error) from None
    # done as soon as the record is there, also if the notebook then failed at a figure: it shows that itself
    return Outcome(record_path(config, runs), publish(execution.executed, runs, config.run_id), True)


def _interrupted(config: RunConfig, lease: leases.Lease) -> UserError:
    """What to say about a run that was stopped: by the user, or because it is another's now."""
    try:
        lease.require_held()
    except RunBusy as taken:
        return taken
    return RunInterrupted(f"{config.run_id} was stopped; the same command goes on from its last checkpoint")


def _failed(config: RunConfig, runs: Path, device: str, execution: Execution, error: Exception) -> RunFailed:
    """Make sure that a failure has its record and its notebook, and say what failed."""
    kind = getattr(error, "ename", type(error).__name__)
    what = getattr(error, "evalue", f"the kernel was killed, or the machine had no memory left ({error})")
    if kind == "RunFailed":  # the training failed, and wrote the record itself
        written = failures.last_failure(runs, config.run_id)
    else:
        trace = "\n".join(getattr(error, "traceback", ()))
        try:
            written = failures.write(config, runs, device, kind, what, trace)
        except OSError as full:
            return RunFailed(f"{config.run_id} failed, {kind}: {what}; its record could not be written: {reason(full)}")
        what = f"{config.run_id} failed: {kind}: {what} (recorded in {written.name})"
    kept = publish(execution.executed, runs, written.stem)
    return RunFailed(" ".join(f"{what}; executed notebook: {kept}".split()))


def publish(notebook: nbformat.NotebookNode | None, runs: Path, name: str) -> Path | None:
    """Put an executed notebook into `runs/notebooks/`, each progress bar reduced to its last state.

    Returns:
        Its path; None without a notebook, or without room for it: the record does not need it.
    """
    if notebook is None:
        return None
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = "\n".join(line.rpartition("\r")[2] for line in output.text.split("\n"))
    target = notebook_path(name, runs)
    try:
        target.parent.mkdir(exist_ok=True)
        text = nbformat.writes(notebook).encode(errors="backslashreplace")  # the name of a folder may be no UTF-8
        return replace(target, lambda file: file.write(text))
    except OSError:
        return None
