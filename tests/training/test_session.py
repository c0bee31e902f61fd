"""A run that goes on: with which threads, with which warning, and with the same bits where nothing has changed.

One and two threads may give the same bits, so no test asserts that they do not.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ndcore import data
from ndcore.data.dataset import Split
from ndcore.errors import RunWarning
from ndcore.experiment.config import RunConfig
from ndcore.training import speed, trainer
from ndcore.training.checkpoint import Checkpoint

CONFIG = RunConfig(arch="vgg16", norm="bn", dataset="digits", epochs=2, batch_size=64)
OTHERWISE = r"^this run goes on under other conditions .* checkpoint: threads 2 → 1; its result is as good as .*keep"


class Small(nn.Module):
    """Large enough for its sums to be shared among threads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 16, 3, stride=2), nn.BatchNorm2d(16), nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.relu(self.norm(self.conv(x))).mean((2, 3)))


class PowerCut(BaseException):
    """Ends a run without any of the handling that an exception gets."""


@pytest.fixture
def digits(monkeypatch):
    """128 images; the process's threads are as before afterwards."""
    monkeypatch.setattr(trainer.models, "create", lambda name, norm, classes: Small())
    before = torch.get_num_threads()
    whole = data.load("digits")
    yield replace(whole, train=Split(whole.train.images[:128], whole.train.labels[:128]))
    torch.set_num_threads(before)


@pytest.fixture
def may_use(monkeypatch):
    """Sets how many cores the process may use, and with how many threads it comes."""

    def set_to(number: int) -> None:
        monkeypatch.setattr(speed, "usable_cores", lambda: number)
        torch.set_num_threads(number)

    return set_to


def run(digits, checkpoint=None, threads="auto") -> tuple[trainer.TrainingResult, nn.Module]:
    model = trainer.build_model(CONFIG, 10)
    device = torch.device("cpu")
    return trainer.train(model, CONFIG, digits, device, checkpoint=checkpoint, threads=threads, progress=False), model


def threads_of(result: trainer.TrainingResult) -> list[int]:
    return [s.conditions.threads for s in result.sessions]


@pytest.fixture
def cut_off(digits, may_use, tmp_path, monkeypatch):
    """Makes a checkpoint after the first epoch, with so many threads."""

    def with_threads(number: int):
        save = Checkpoint.save

        def cutting(self, *state) -> None:
            save(self, *state)
            raise PowerCut

        may_use(number)
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "save", cutting)
            with pytest.raises(PowerCut):
                run(digits, tmp_path / "checkpoint.pt")
        return tmp_path / "checkpoint.pt"

    return with_threads


def test_fewer_cores_are_a_warning_and_the_record_names_the_threads_of_both_sessions(digits, cut_off, may_use):
    checkpoint = cut_off(2)
    may_use(1)
    with pytest.warns(RunWarning, match=OTHERWISE) as warned:
        result, _ = run(digits, checkpoint)
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    assert threads_of(result) == [2, 1]


def test_the_warning_is_given_once_per_change(digits, cut_off, may_use):
    checkpoint = cut_off(2)
    may_use(1)
    with pytest.warns(RunWarning, match="threads 2 → 1"):
        run(digits, checkpoint)
    assert threads_of(run(digits, checkpoint)[0]) == [2, 1, 1]


def test_with_the_threads_of_its_checkpoint_it_ends_bit_equal_on_fewer_cores(digits, cut_off, may_use):
    may_use(2)
    whole, model = run(digits)
    checkpoint = cut_off(2)
    may_use(1)
    result, resumed = run(digits, checkpoint, "keep")
    assert threads_of(result) == [2, 2]
    assert [(e.running_train, e.test) for e in result.epochs] == [(e.running_train, e.test) for e in whole.epochs]
    for one, other in zip(model.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_more_cores_do_not_change_the_threads_unless_that_is_asked_for(digits, cut_off, may_use):
    checkpoint = cut_off(1)
    may_use(2)
    before = checkpoint.read_bytes()
    with pytest.warns(RunWarning, match=r"^this run goes on with as many threads .*, 1, .*--threads 2 takes as many"):
        assert threads_of(run(digits, checkpoint)[0]) == [1, 1]
    checkpoint.write_bytes(before)
    with pytest.warns(RunWarning, match="threads 1 → 2; its result is as good"):
        assert threads_of(run(digits, checkpoint, 2)[0]) == [1, 2]


def test_where_the_bits_are_lost_anyway_all_cores_are_used(digits, cut_off, may_use, monkeypatch):
    checkpoint = cut_off(1)
    may_use(2)
    monkeypatch.setattr(torch, "__version__", "9.9")
    with pytest.warns(RunWarning, match=r"checkpoint: threads 1 → 2; torch .* → 9\.9; its result is as good") as warned:
        result, _ = run(digits, checkpoint)
    assert "keep" not in str(warned[0].message)
    assert threads_of(result) == [1, 2]


def test_a_checkpoint_that_does_not_say_how_it_was_made_goes_on_in_silence(digits, cut_off, may_use):
    checkpoint = cut_off(2)
    state = torch.load(checkpoint, weights_only=True)
    del state["position"]["sessions"][0]["conditions"]
    torch.save(state, checkpoint)
    before = checkpoint.read_bytes()
    may_use(1)
    result, _ = run(digits, checkpoint)
    assert result.sessions[0].conditions is None
    assert result.sessions[1].conditions.threads == 1
    checkpoint.write_bytes(before)
    with pytest.warns(RunWarning, match="does not say with how many threads it was made: this run goes on with 1"):
        run(digits, checkpoint, "keep")


def test_the_number_of_threads_is_that_asked_for_from_the_start(digits, may_use):
    may_use(1)
    assert threads_of(run(digits, threads=3)[0]) == [3]
    may_use(1)
    assert threads_of(run(digits, threads="keep")[0]) == [1]
