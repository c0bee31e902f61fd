"""A training that is asked to stop: the step is finished, the checkpoint written, and the rest gives the same bits."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ndcore import data, stopping
from ndcore.data.dataset import Split
from ndcore.errors import RunInterrupted
from ndcore.experiment.config import RunConfig
from ndcore.training import trainer
from ndcore.training.progress import Progress
from ndcore.training.progress_bar import ProgressBar

CONFIG = RunConfig(arch="vgg16", norm="bn", dataset="digits", epochs=2, batch_size=64)


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3, stride=8), nn.BatchNorm2d(4), nn.Linear(4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.relu(self.norm(self.conv(x))).mean((2, 3)))


@pytest.fixture
def digits(monkeypatch):
    monkeypatch.setattr(trainer.models, "create", lambda name, norm, classes: Tiny())
    monkeypatch.setattr(trainer, "TEST_BATCH", 100)
    whole = data.load("digits")
    return replace(whole, train=Split(whole.train.images[:256], whole.train.labels[:256]))


def run(digits, checkpoint) -> tuple[trainer.TrainingResult, nn.Module]:
    model = trainer.build_model(CONFIG, 10)
    device = torch.device("cpu")
    return trainer.train(model, CONFIG, digits, device, checkpoint=checkpoint, progress=False), model


def interrupt_at(monkeypatch, method: str, call: int, number: int = signal.SIGINT) -> None:
    """Send this process a signal in the midst of the given call of a method of the trainer."""
    original, calls = getattr(trainer.Meter, method), [0]

    def interrupted(self, *arguments):
        calls[0] += 1
        if calls[0] == call:
            os.kill(os.getpid(), number)
        return original(self, *arguments)

    monkeypatch.setattr(trainer.Meter, method, interrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
@pytest.mark.parametrize(
    ("call", "expected"),
    [(1, (1, 1)), (3, (1, 3)), (4, (1, 4)), (6, (1, 4)), (9, (2, 1)), (16, (2, 4))],
    ids=["first step", "inner step", "last step", "first test", "second epoch", "last test"],
)
def test_it_stops_after_the_step_and_goes_on_bit_equal(digits, tmp_path, monkeypatch, number, call, expected):
    """Four steps and four batches of the test in each epoch; a test that was begun is done again."""
    whole, model = run(digits, tmp_path / "whole.pt")
    checkpoint = tmp_path / "checkpoint.pt"
    with monkeypatch.context() as patch:
        interrupt_at(patch, "update", call, number)
        with pytest.raises(RunInterrupted, match="was asked to stop; the same command goes on"):
            run(digits, checkpoint)
    assert not stopping.requested()
    position = torch.load(checkpoint, weights_only=True)["position"]
    assert (position["epoch"], position["step"]) == expected
    resumed, model_resumed = run(digits, checkpoint)
    assert [(e.running_train, e.test) for e in resumed.epochs] == [(e.running_train, e.test) for e in whole.epochs]
    assert np.array_equal(resumed.correct, whole.correct)
    for one, other in zip(model.state_dict().values(), model_resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert [(s.epoch, s.step) for s in resumed.sessions] == [(1, 0), expected]


def test_a_second_interrupt_ends_at_once(digits, tmp_path, monkeypatch):
    def twice(self, *arguments):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(trainer.Meter, "update", twice)
    with pytest.raises(KeyboardInterrupt):
        run(digits, tmp_path / "checkpoint.pt")
    assert not (tmp_path / "checkpoint.pt").exists()


def test_the_handlers_are_those_of_before(digits, tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, *stopping.SOFT)]
    run(digits, tmp_path / "checkpoint.pt")
    assert [signal.getsignal(number) for number in (signal.SIGINT, *stopping.SOFT)] == before


def test_who_was_asked_before_the_training_does_not_begin_it():
    stopping.request()
    try:
        with pytest.raises(RunInterrupted, match="the run was asked to stop"):
            stopping.leave_if_requested("the run")
    finally:
        stopping.withdraw()
    stopping.leave_if_requested("the run")


def test_progress_is_a_whole_file_beside_the_checkpoint(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(ProgressBar, "due", lambda self: True)
    seen = []
    show = ProgressBar.show

    def showing(self, *arguments):
        show(self, *arguments)
        seen.append(Progress.read(tmp_path))

    monkeypatch.setattr(ProgressBar, "show", showing)
    run(digits, tmp_path / "checkpoint.pt")
    assert [(p.epoch, p.epochs, p.step, p.steps) for p in seen] == [(e, 2, s, 4) for e in (1, 2) for s in (1, 2, 3, 4)]
    assert all(0 <= p.running_top1 <= 100 and p.running_loss > 0 for p in seen)
    assert seen[0].seconds_left is None
    assert all(p.seconds_left >= 0 and p.images_per_second > 0 for p in seen[1:])
    assert [p.fraction for p in seen] == [k / 8 for k in range(1, 9)]
    assert Progress.read(tmp_path).activity == "testing"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "progress.json"]


def test_a_progress_file_that_cannot_be_written_does_not_matter(digits, tmp_path):
    (tmp_path / "progress.json").mkdir()
    assert len(run(digits, tmp_path / "checkpoint.pt")[0].epochs) == 2
