"""The training loop: SGD with momentum, cosine annealing after every step, test after every epoch.

The recipe is that of the original command line (Ye et al. 2020; Obadage et al. 2024, §4.4). Order and augmentation
of an epoch follow from (seed, epoch) alone, so a run can be taken up again at any step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ndcore import models, stopping
from ndcore.data.batches import TestBatches, TrainBatches
from ndcore.data.dataset import Dataset
from ndcore.errors import NonFiniteError, UserError
from ndcore.training.checkpoint import Checkpoint, Position
from ndcore.training.conditions import Session
from ndcore.training.epochs import Accuracy, Epoch, Seconds
from ndcore.training.measure import Meter, Stopwatch
from ndcore.training.progress_bar import ProgressBar
from ndcore.training.recipe import Recipe
from ndcore.training.session import begin_session
from ndcore.training.speed import keep_freed_memory, make_optimizer, prepare_images, prepare_model
from ndcore.training.threads import AUTO

TEST_BATCH = 500
"""Test images per forward pass; in evaluation mode the batch size has no influence on the result."""


@dataclass(frozen=True)
class TrainingResult:
    """What a finished training measured."""

    epochs: tuple[Epoch, ...]
    correct: np.ndarray
    """Final test pass, top-1 right or not: booleans (test images,), canonical order."""
    sessions: tuple[Session, ...]


class TrainingFailed(Exception):
    """A training stopped; its cause is the error behind it. Holds what was measured until then."""

    def __init__(self, epoch: int, step: int, epochs: tuple[Epoch, ...], sessions: tuple[Session, ...]) -> None:
        super().__init__(f"training stopped in epoch {epoch} after step {step}")
        self.epoch, self.step, self.epochs, self.sessions = epoch, step, epochs, sessions


def build_model(config: Recipe, num_classes: int) -> nn.Module:
    """The network of a run, initialised from its seed."""
    torch.manual_seed(config.seed)
    return models.create(config.arch, config.norm, num_classes, **config.deconvolution())


def train(
    model: nn.Module,
    config: Recipe,
    dataset: Dataset,
    device: torch.device,
    *,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 300,
    threads: str | int = AUTO,
    progress: bool = True,
) -> TrainingResult:
    """Train and test a network as configured, from its checkpoint if there is one.

    Args:
        model: freshly built by `build_model`; trained in place and moved to `device`.
        checkpoint: file that is replaced after every epoch and every `checkpoint_seconds`; None keeps none.
        threads: of the CPU, as `ndcore.training.conditions.threads_to_take` chooses them.

    Raises:
        TrainingFailed: because of a `NonFiniteError` (the loss, or the covariance of a layer, is NaN or infinite), no
            memory left, or anything else that went wrong in a step.
        OSError: the checkpoint could not be saved; the one before is whole.
        RunInterrupted: a stop was asked for (see `ndcore.stopping`); the checkpoint holds everything up to there.
        UserError: the last batch of an epoch would hold a single image, which has no batch statistics.
    """
    return _Training(model, config, dataset, device, checkpoint, checkpoint_seconds, threads, progress).run()


class _Training:
    def __init__(
        self,
        model: nn.Module,
        config: Recipe,
        dataset: Dataset,
        device: torch.device,
        checkpoint: Path | None,
        checkpoint_seconds: float,
        threads: str | int,
        progress: bool,
    ) -> None:
        if len(dataset.train.labels) % config.batch_size == 1:
            raise UserError(
                f"batch_size {config.batch_size} leaves a last batch of one image, which has no batch statistics: "
                f"choose one that does not divide {len(dataset.train.labels) - 1}"
            )
        keep_freed_memory()
        self.model, self.config, self.device = prepare_model(model, device), config, device
        self.batches = TrainBatches(dataset.train, dataset.spec, config.batch_size, config.seed, device)
        self.tests = TestBatches(dataset.test, dataset.spec, TEST_BATCH, device)
        steps = len(self.batches) * config.epochs
        self.optimizer = make_optimizer(self.model, config.lr, config.momentum, config.weight_decay)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / steps))
        )
        self.checkpoint = checkpoint and Checkpoint(checkpoint, config.run_id, dataset.fingerprint)
        self.checkpoint_seconds, self.threads = checkpoint_seconds, threads
        self.position = Position()
        self.progress = progress

    def run(self) -> TrainingResult:
        if self.checkpoint:
            self.position = self.checkpoint.load(self.model, self.optimizer, self.scheduler)
        here = self.position
        session = begin_session(here.sessions, here.epoch, here.step, self.device, self.threads)
        here.sessions.append(session.model_dump(mode="json"))
        correct = None
        work = self.checkpoint and self.checkpoint.path.parent
        with ProgressBar(self.config, len(self.batches), enabled=self.progress, work=work) as bar, stopping.listening():
            while here.epoch <= self.config.epochs:
                try:
                    correct = self._epoch(bar)
                except (OSError, UserError):
                    raise
                except Exception as error:
                    raise TrainingFailed(here.epoch, here.step, *self._measured()) from error
            if correct is None:  # killed after the last checkpoint and before the record
                correct = self._test(Stopwatch(self.device), self._leave_if_requested)[1]
        epochs, sessions = self._measured()
        return TrainingResult(epochs, correct, sessions)

    def _measured(self) -> tuple[tuple[Epoch, ...], tuple[Session, ...]]:
        return tuple(Epoch(**e) for e in self.position.history), tuple(Session(**s) for s in self.position.sessions)

    def _epoch(self, bar: ProgressBar) -> np.ndarray:
        here = self.position
        meter, watch = Meter(self.device, here.meter), Stopwatch(self.device, here.seconds)
        self.model.train()
        batches = self.batches.epoch(here.epoch, here.step)
        saved = time.monotonic()
        while True:
            with watch("data"):
                batch = next(batches, None)
            if batch is None:
                break
            with watch("train"):
                loss = self._step(*batch, meter)
            here.step += 1
            due = bar.due() or here.step == len(self.batches)
            if due or self.device.type == "cpu":  # elsewhere, looking at the loss makes the host wait
                self._require_finite(loss.item())
            if due:
                bar.show(here.epoch, here.step, meter.read())
            if self.checkpoint and time.monotonic() - saved > self.checkpoint_seconds:
                self._save_within_epoch(meter, watch.seconds())
                saved = time.monotonic()
            if stopping.requested():
                self._leave_if_requested(meter, watch.seconds())
        running = meter.read()
        self._require_finite(running.loss)
        bar.testing(here.epoch)
        seconds = watch.seconds()
        test, correct = self._test(watch, lambda: self._leave_if_requested(meter, seconds))
        self._finish_epoch(running, test, watch.read())
        return correct

    def _step(self, images: torch.Tensor, labels: torch.Tensor, meter: Meter) -> torch.Tensor:
        with self._autocast():
            logits = self.model(prepare_images(images, self.device))  # (n, classes)
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        meter.update(logits, labels, loss)
        return loss.detach()

    def _test(self, watch: Stopwatch, between: Callable[[], None]) -> tuple[Accuracy, np.ndarray]:
        self.model.eval()
        meter, correct, batches = Meter(self.device), [], iter(self.tests)
        while True:
            with watch("evaluate"), torch.inference_mode(), self._autocast():
                if (batch := next(batches, None)) is None:
                    break
                correct.append(meter.update(self.model(prepare_images(batch[0], self.device)), batch[1]))
            between()
        return meter.read(), torch.cat(correct).cpu().numpy()

    def _finish_epoch(self, running: Accuracy, test: Accuracy, seconds: Seconds) -> None:
        here = self.position
        epoch = Epoch(
            epoch=here.epoch,
            running_train=running,
            test=test,
            seconds=seconds,
            images_per_second=len(self.batches.labels) / (seconds.data + seconds.train),
        )
        here.history.append(epoch.model_dump())
        here.epoch, here.step, here.meter, here.seconds = here.epoch + 1, 0, None, None
        self._save()

    def _save_within_epoch(self, meter: Meter, seconds: dict[str, float]) -> None:
        self.position.meter, self.position.seconds = meter.sums(), seconds
        self._require_finite(self.position.meter[0])
        self._save()

    def _leave_if_requested(self, meter: Meter | None = None, seconds: dict[str, float] | None = None) -> None:
        """Between two steps, also of the test: write the checkpoint and leave, if a stop was asked for.

        A test that was begun is done again from its start, since it changes nothing.

        Args:
            meter: of the epoch so far; None if the training is over.
            seconds: of the epoch so far, without its test.
        """
        if not stopping.requested():
            return
        if meter:
            self._save_within_epoch(meter, seconds)
        stopping.leave_if_requested(self.config.run_id)

    def _save(self) -> None:
        if self.checkpoint:
            self.checkpoint.save(self.position, self.model, self.optimizer, self.scheduler)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bf16")

    def _require_finite(self, loss: float) -> None:
        if math.isfinite(loss):
            return
        buffers = (name for name, buffer in self.model.named_buffers() if not buffer.isfinite().all())
        first = next(buffers, None)
        where = f"; first layer with statistics that are not finite: {first.rpartition('.')[0]}" if first else ""
        raise NonFiniteError(
            f"the training loss is {loss} in epoch {self.position.epoch}, step {self.position.step}{where}; "
            "lower the learning rate"
        )
