"""One experiment, step by step, as the notebook performs it: data, network, training, record.

An error after the first step leaves a failure record that says what went wrong, and where.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import hashlib
import math
import os
import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path

from torch import nn

from ndcore import data, stopping
from ndcore.data.dataset import Dataset
from ndcore.errors import RunBusy, RunFailed, UserError, shown
from ndcore.experiment import leases
from ndcore.experiment.config import RunConfig
from ndcore.experiment.failures import describe_failure
from ndcore.experiment.folders import (
    CHECKPOINT_SECONDS,
    NOTEBOOK,
    checkpoint_path,
    record_path,
    runs_folder,
    work_folder,
)
from ndcore.experiment.leftovers import clear_up, remove_if_empty
from ndcore.experiment.provenance import describe_run
from ndcore.experiment.records import Data, Model, RunRecord, choose, pack_correct
from ndcore.files import reason, require_writable
from ndcore.numbers import decimal
from ndcore.problems import one_line
from ndcore.training import trainer
from ndcore.training.device import peak_memory, prepare_device
from ndcore.training.epochs import Epoch
from ndcore.training.progress import Progress
from ndcore.training.threads import AUTO, parse_threads

SPARE_BYTES = 64 * 2**20
"""Room that must be free in the runs folder beyond two checkpoints."""


class Experiment:
    """One run of a configuration.

    Args:
        config: what to run.
        runs: folder of the records; None: as `ndcore.experiment.folders.runs_folder` finds it.
        data_root: folder of the images; see `ndcore.data.load`.
        device: "auto", "cpu", "cuda" or "mps".
        threads: of the CPU; see `ndcore.training.conditions.threads_to_take`.
        notebook: the notebook that performs the run.
        progress: whether long steps show progress bars.

    Raises:
        RunBusy: another process performs this run.
        UserError: the run has its record already, the runs folder cannot be written, the device is not there, or
            `threads` has no meaning.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        runs: Path | None = None,
        data_root: Path | None = None,
        device: str = "auto",
        threads: str | int = AUTO,
        notebook: Path = NOTEBOOK,
        progress: bool = True,
    ) -> None:
        self.config, self.runs = config, runs or runs_folder()
        self.data_root, self.notebook, self.progress = data_root, notebook, progress
        self.threads = parse_threads(threads)
        require_writable(self.runs)
        if os.path.lexists(record_path(config, self.runs)):
            raise UserError(
                f"{config.run_id} has its record already: a record is never overwritten; "
                f"use repeat={config.repeat + 1} to run the same seed again, or another seed"
            )
        self.device = prepare_device(device, config.precision)
        self.work = work_folder(config, self.runs)
        self._own_lease = contextlib.ExitStack()
        self.lease = self._take_lease()
        self.dataset: Dataset | None = None
        self.model: nn.Module | None = None
        self.result: trainer.TrainingResult | None = None

    def _take_lease(self) -> leases.Lease:
        """The lease that the runner holds for this process, or one of its own until the record is written."""
        if lease := leases.inherited(self.work):
            return lease
        lease = leases.of_this_process(self.work)
        if lease is None:
            lease = leases.claim_patiently(self.work)
        clear_up(self.config, self.runs)
        self._own_lease.callback(lease.release)
        self._own_lease.enter_context(leases.kept_alive(lease))
        atexit.register(self._own_lease.close)
        return lease

    def load_data(self) -> Dataset:
        """Open and verify the data set, and leave out the training images that are not asked for."""
        stopping.leave_if_requested(self.config.run_id)
        if not checkpoint_path(self.config, self.runs).exists():  # else it says where the run was interrupted
            Progress(1, self.config.epochs, 0, 1, "loading").write(self.work)
        whole = data.load(self.config.dataset, self.data_root, progress=self.progress)
        self.dataset = whole.first(self.config.train_images)
        return self.dataset

    def build_model(self) -> nn.Module:
        """Build the network from the seed."""
        self.model = trainer.build_model(self.config, self.dataset.spec.num_classes)
        require_space(self.runs, self.model)
        return self.model

    def train(self, checkpoint_seconds: float | None = None) -> tuple[Epoch, ...]:
        """Train and test; go on from the checkpoint of an interrupted run of this configuration.

        Args:
            checkpoint_seconds: between two checkpoints within an epoch; None: as `NDCORE_CHECKPOINT_SECONDS`
                says, or else every 300.

        Raises:
            RunFailed: the training stopped; its failure record is written.
            RunInterrupted: a stop was asked for; its checkpoint is written.
            RunBusy: another process has taken the run over.
        """
        if checkpoint_seconds is None:
            checkpoint_seconds = seconds_between_checkpoints()
        stopping.leave_if_requested(self.config.run_id)
        self.lease.require_held()
        with self._recording_failure():
            self.result = trainer.train(
                self.model,
                self.config,
                self.dataset,
                self.device,
                checkpoint=checkpoint_path(self.config, self.runs),
                checkpoint_seconds=checkpoint_seconds,
                threads=self.threads,
                progress=self.progress,
            )
        return self.result.epochs

    def record(self) -> RunRecord:
        """Write the record of the finished run and remove its checkpoint.

        Raises:
            RunBusy: another process has taken the run over; nothing was written.
            UserError: the record could not be written; the checkpoint is there.
        """
        epochs = self.result.epochs
        final, best = choose(epochs)
        record = self._record(
            status="complete",
            epochs=epochs,
            final_epoch=final,
            best_epoch=best,
            test_correct=pack_correct(self.result.correct),
            sessions=self.result.sessions,
        )
        self.lease.require_held()
        try:
            record.write(self.runs)
        except FileExistsError:
            raise RunBusy(f"{self.config.run_id} got its record from another process: that one stays") from None
        except OSError as error:
            raise UserError(
                f"{self.config.run_id} is trained, its record could not be written: {reason(error)}; its checkpoint is "
                "whole: mend that and give the same command again"
            ) from None
        clear_up(self.config, self.runs, finished=True)
        self._own_lease.close()
        remove_if_empty(self.work)
        return record.sealed()

    @contextlib.contextmanager
    def _recording_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f"{self.config.run_id} stopped, its checkpoint could not be saved: {reason(error)}; "
                "the one before is whole: mend that and give the same command again"
            ) from None
        except trainer.TrainingFailed as stopped:
            cause = stopped.__cause__
            kind, trace = type(cause).__name__, "".join(traceback.format_exception(cause))
            self.lease.require_held()
            record = self._record(
                status="failed",
                epochs=stopped.epochs,
                sessions=stopped.sessions,
                failure=describe_failure(kind, str(cause), trace, stopped.epoch, stopped.step),
            )
            path = record.write(self.runs)
            what = one_line(f"{kind}: {cause}".removesuffix(": "))
            raise RunFailed(f"{self.config.run_id} failed: {what} (recorded in {path.name})") from cause

    def _record(self, **fields: object) -> RunRecord:
        memory, memory_of = peak_memory(self.device)
        return describe_run(
            self.config,
            self.device.type,
            self.notebook,
            model=Model(
                parameters=sum(p.numel() for p in self.model.parameters()),
                buffer_elements=sum(b.numel() for b in self.model.buffers()),
                weights_sha256=weights_digest(self.model) if fields["status"] == "complete" else None,
            ),
            data=Data(
                dataset=self.config.dataset,
                source=self.dataset.source,
                num_classes=self.dataset.spec.num_classes,
                train_images=len(self.dataset.train),
                test_images=len(self.dataset.test),
                fingerprint=self.dataset.fingerprint,
            ),
            peak_memory_bytes=memory,
            peak_memory_of=memory_of,
            **fields,
        )


def seconds_between_checkpoints() -> float:
    """What `NDCORE_CHECKPOINT_SECONDS` says; 300 if it is not set.

    Raises:
        UserError: it is not a number of seconds.
    """
    value = os.environ.get(CHECKPOINT_SECONDS, "300")
    try:
        seconds = decimal(value)
    except argparse.ArgumentTypeError:
        seconds = math.nan
    if not seconds >= 0:
        raise UserError(f"{CHECKPOINT_SECONDS}={shown(value)}: expected a number of seconds, 0 or more")
    return seconds


def require_space(folder: Path, model: nn.Module) -> None:
    """Make sure that two checkpoints and the record fit.

    Raises:
        UserError: the disk is too full.
    """
    parameters = sum(p.numel() * p.element_size() for p in model.parameters())
    buffers = sum(b.numel() * b.element_size() for b in model.buffers())
    needed = 2 * (2 * parameters + buffers) + SPARE_BYTES  # weights and momentum, old and new file
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
            f"the disk of {folder} has {free / 2**20:.0f} MiB left, the checkpoints of this run need "
            f"{needed / 2**20:.0f} MiB: make room, or choose another folder with --runs"
        )


def weights_digest(model: nn.Module) -> str:
    """SHA-256 over every parameter and buffer, in the order of the state_dict."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode() + b"\0" + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
