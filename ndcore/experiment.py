"""One experiment, step by step, as the notebook performs it: data, network, training, record.

Whatever goes wrong after the first step leaves a failure record that says what and where.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from torch import nn

from ndcore import data, training
from ndcore.config import RunConfig
from ndcore.data.dataset import Dataset
from ndcore.errors import RunFailed, UserError
from ndcore.folders import NOTEBOOK, PROJECT, checkpoint_path, record_path, runs_folder
from ndcore.provenance import describe_code, describe_environment
from ndcore.records import Data, Epoch, Failure, Model, RunRecord, choose, pack_correct
from ndcore.training.device import peak_memory

SPARE_BYTES = 64 * 2**20
"""Room that must be free in the runs folder beyond two checkpoints."""


class Experiment:
    """One run of a configuration.

    Args:
        config: what to run.
        runs: folder of the records; None: as `ndcore.folders.runs_folder` finds it.
        data_root: folder of the images; see `ndcore.data.load`.
        device: "auto", "cpu", "cuda" or "mps".
        notebook: the notebook that performs the run.
        progress: whether long steps show progress bars.

    Raises:
        UserError: the run has its record already, the runs folder cannot be written, or the device is not there.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        runs: Path | None = None,
        data_root: Path | None = None,
        device: str = "auto",
        notebook: Path = NOTEBOOK,
        progress: bool = True,
    ) -> None:
        self.config, self.runs = config, runs or runs_folder()
        self.data_root, self.notebook, self.progress = data_root, notebook, progress
        require_writable(self.runs)
        if record_path(config, self.runs).exists():
            raise UserError(
                f"{config.run_id} has its record already: a record is never overwritten; "
                f"use repeat={config.repeat + 1} to run the same seed again, or another seed"
            )
        self.device = training.prepare_device(device, config.precision)
        self.dataset: Dataset | None = None
        self.model: nn.Module | None = None
        self.result: training.TrainingResult | None = None

    def load_data(self) -> Dataset:
        """Open and verify the data set, and leave out the training images that are not asked for."""
        whole = data.load(self.config.dataset, self.data_root, progress=self.progress)
        self.dataset = whole.first(self.config.train_images)
        return self.dataset

    def build_model(self) -> nn.Module:
        """Build the network from the seed."""
        self.model = training.build_model(self.config, self.dataset.spec.num_classes)
        require_space(self.runs, self.model)
        return self.model

    def train(self, checkpoint_seconds: float = 300) -> tuple[Epoch, ...]:
        """Train and test; go on from the checkpoint of an interrupted run of this configuration.

        Raises:
            RunFailed: the training stopped; its failure record is written.
        """
        with self._recording_failure():
            self.result = training.train(
                self.model,
                self.config,
                self.dataset,
                self.device,
                checkpoint=checkpoint_path(self.config, self.runs),
                checkpoint_seconds=checkpoint_seconds,
                progress=self.progress,
            )
        return self.result.epochs

    def record(self) -> RunRecord:
        """Write the record of the finished run and remove its checkpoint."""
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
        record.write(self.runs)
        checkpoint_path(self.config, self.runs).unlink(missing_ok=True)
        return record.sealed()

    @contextlib.contextmanager
    def _recording_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f"{self.config.run_id} stopped, its checkpoint could not be saved: {_reason(error)}; "
                "the one before is whole: mend that and give the same command again"
            ) from error
        except training.TrainingFailed as stopped:
            cause = stopped.__cause__
            record = self._record(
                status="failed",
                epochs=stopped.epochs,
                sessions=stopped.sessions,
                failure=Failure(
                    kind=type(cause).__name__,
                    message=str(cause),
                    traceback=_traceback(cause),
                    epoch=stopped.epoch,
                    step=stopped.step,
                ),
            )
            path = record.write(self.runs)
            raise RunFailed(f"{self.config.run_id} failed: {one_line(cause)} (recorded in {path.name})") from cause

    def _record(self, **fields: object) -> RunRecord:
        memory, memory_of = peak_memory(self.device)
        nothing = dict.fromkeys(("final_epoch", "best_epoch", "test_correct"))
        return RunRecord(
            run_id=self.config.run_id,
            config=self.config,
            finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
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
            environment=describe_environment(self.device.type, self.config.precision),
            code=describe_code(self.config, self.notebook),
            **(nothing | fields),
        )


def require_writable(folder: Path) -> None:
    """Make sure that files can be created in a folder; creates it if its parent is there.

    Raises:
        UserError: they cannot.
    """
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(
            f"cannot write records to {folder}: {_reason(error)}; choose another folder with --runs"
        ) from None


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


def one_line(error: BaseException) -> str:
    """The message of an error in one line."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _reason(error: OSError) -> str:
    return "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()


def _traceback(error: BaseException) -> str:
    """Where an error came from, without the folders of this machine."""
    text = "".join(traceback.format_exception(error))
    for folder in sorted({str(PROJECT), *filter(None, sys.path)}, key=len, reverse=True):
        text = text.replace(folder + os.sep, "")
    return text
