"""The training loop against the recipe, and what happens when it is interrupted or goes wrong."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ndcore import data
from ndcore.data.batches import TrainBatches
from ndcore.data.dataset import Dataset, Split
from ndcore.errors import NonFiniteError, UserError
from ndcore.experiment.config import RunConfig
from ndcore.training import trainer
from ndcore.training.checkpoint import Checkpoint, Position
from ndcore.training.speed import prepare_images, prepare_model

CPU = torch.device("cpu")


class Tiny(nn.Module):
    """One convolution: the loop is under test, not the network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 8, 3, stride=4), nn.BatchNorm2d(8), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.dropout(F.relu(self.norm(self.conv(x))), 0.1, self.training)
        return self.head(x.mean((2, 3)))


@pytest.fixture(scope="module")
def digits() -> Dataset:
    whole = data.load("digits")
    return replace(whole, train=Split(whole.train.images[:300], whole.train.labels[:300]))


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(trainer.models, "create", lambda name, norm, classes: Tiny())


def config(**changes) -> RunConfig:
    return RunConfig(**({"arch": "vgg16", "norm": "bn", "dataset": "digits", "epochs": 3, "batch_size": 32} | changes))


def run(configuration: RunConfig, digits: Dataset, **options) -> tuple[trainer.TrainingResult, nn.Module]:
    model = trainer.build_model(configuration, 10)
    return trainer.train(model, configuration, digits, CPU, **({"progress": False} | options)), model


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def numbers(result: trainer.TrainingResult) -> list:
    return [(e.running_train, e.test) for e in result.epochs]


@pytest.mark.usefixtures("tiny")
def test_the_recipe_is_the_published_one(digits):
    """SGD with momentum and weight decay on everything, lr/2·(1 + cos(πt/T)) per step: by hand, to the last bit."""
    configuration = config(epochs=2)
    _, model = run(configuration, digits)
    by_hand = prepare_model(trainer.build_model(configuration, 10), CPU)
    velocity = [torch.zeros_like(p) for p in by_hand.parameters()]
    batches = TrainBatches(digits.train, digits.spec, 32, configuration.seed, CPU)
    steps, t = 2 * len(batches), 0
    for epoch in (1, 2):
        by_hand.train()
        for images, labels in batches.epoch(epoch):
            by_hand.zero_grad()
            F.cross_entropy(by_hand(prepare_images(images, CPU)), labels).backward()
            rate = 0.1 * 0.5 * (1 + math.cos(math.pi * t / steps))
            with torch.no_grad():
                for p, v in zip(by_hand.parameters(), velocity, strict=True):
                    v.mul_(0.9).add_(p.grad.add(p, alpha=1e-3))
                    p.add_(v, alpha=-rate)
            t += 1
    for ours, theirs in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("tiny")
def test_test_results_are_those_of_the_trained_network(digits):
    result, model = run(config(), digits)
    model.eval()
    batch = trainer.TestBatches(digits.test, digits.spec, 77, CPU)
    with torch.no_grad():
        logits = torch.cat([model(images) for images, _ in batch])
    labels = torch.from_numpy(np.asarray(digits.test.labels, dtype=np.int64))
    assert np.array_equal(result.correct, (logits.argmax(1) == labels).numpy())
    last = result.epochs[-1].test
    assert last.top1 == pytest.approx(100 * result.correct.mean())
    assert last.loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    top5 = (logits.topk(5).indices == labels[:, None]).any(1).double().mean().item()
    assert last.top5 == pytest.approx(100 * top5)


@pytest.mark.usefixtures("tiny")
def test_the_same_seed_gives_the_same_bits_and_another_one_does_not(digits):
    (one, model), (again, model_again) = run(config(), digits), run(config(repeat=1), digits)
    other, _ = run(config(seed=1), digits)
    assert numbers(one) == numbers(again)
    assert same(model, model_again)
    assert numbers(one) != numbers(other)


class PowerCut(BaseException):
    """Ends a run without any of the handling that an exception gets."""


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("cut", [1, 4, 9, 10, 11, 17, 25, 30])
def test_a_run_cut_off_at_any_step_resumes_bit_equal(digits, tmp_path, monkeypatch, cut):
    """A checkpoint at every step; 10 steps an epoch, so these are first, inner and last steps of epochs."""
    whole, model = run(config(), digits)
    saves = 0
    save = Checkpoint.save

    def cutting(self, *state) -> None:
        nonlocal saves
        save(self, *state)
        saves += 1
        if saves == cut:
            raise PowerCut

    monkeypatch.setattr(Checkpoint, "save", cutting)
    options = {"checkpoint": tmp_path / "checkpoint.pt", "checkpoint_seconds": -1}
    with pytest.raises(PowerCut):
        run(config(), digits, **options)
    torch.manual_seed(999)  # whatever the new process did before
    resumed, model_resumed = run(config(), digits, **options)
    assert numbers(resumed) == numbers(whole)
    assert np.array_equal(resumed.correct, whole.correct)
    assert same(model, model_resumed)
    assert [s.epoch for s in resumed.sessions] == [1, resumed.sessions[1].epoch]


@pytest.mark.usefixtures("tiny")
def test_killed_between_the_last_checkpoint_and_the_record_only_tests_again(digits, tmp_path):
    whole, _ = run(config(), digits, checkpoint=tmp_path / "c.pt")
    again, _ = run(config(), digits, checkpoint=tmp_path / "c.pt")
    assert numbers(again) == numbers(whole)
    assert np.array_equal(again.correct, whole.correct)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("damage", ["truncated", "foreign run", "other images", "not a checkpoint"])
def test_a_checkpoint_that_cannot_be_used_is_kept_aside_with_a_warning(digits, tmp_path, damage):
    path = tmp_path / "checkpoint.pt"
    run(config(epochs=1), digits, checkpoint=path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-2000])
    elif damage == "not a checkpoint":
        path.write_bytes(b"no checkpoint")
    elif damage == "other images":
        digits = replace(digits, fingerprint={"train": "0", "test": "0"})
    configuration = config(epochs=1, lr=0.2) if damage == "foreign run" else config(epochs=1)
    with pytest.warns(UserWarning, match="checkpoint cannot be used, starting over"):
        result, _ = run(configuration, digits, checkpoint=path)
    assert result.sessions[0].step == 0
    assert path.with_suffix(".unusable").exists()


@pytest.mark.usefixtures("tiny")
def test_a_loss_that_is_not_finite_stops_with_epoch_and_step(digits):
    with pytest.raises(trainer.TrainingFailed) as stopped:
        run(config(lr=1e30), digits)
    assert isinstance(stopped.value.__cause__, NonFiniteError)
    assert "lower the learning rate" in str(stopped.value.__cause__)
    assert (stopped.value.epoch, stopped.value.epochs) == (1, ())
    assert stopped.value.step >= 1


@pytest.mark.usefixtures("tiny")
def test_a_failure_in_a_later_epoch_keeps_the_earlier_ones(digits, monkeypatch):
    step = trainer._Training._step

    def failing(self, *batch):
        if self.position.epoch == 3:
            raise torch.OutOfMemoryError("out of memory")
        return step(self, *batch)

    monkeypatch.setattr(trainer._Training, "_step", failing)
    with pytest.raises(trainer.TrainingFailed) as stopped:
        run(config(), digits)
    assert [e.epoch for e in stopped.value.epochs] == [1, 2]
    assert isinstance(stopped.value.__cause__, torch.OutOfMemoryError)


@pytest.mark.usefixtures("tiny")
def test_a_single_image_in_the_last_batch_is_refused(digits):
    with pytest.raises(UserError, match="leaves a last batch of one image"):
        run(config(batch_size=23), digits)


@pytest.mark.usefixtures("tiny")
def test_bf16_trains_and_keeps_weights_in_float32(digits):
    result, model = run(config(precision="bf16"), digits)
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert result.epochs[-1].running_train.loss < result.epochs[0].running_train.loss


def test_the_counter_of_a_frozen_layer_is_in_the_checkpoint(tmp_path):
    def made():
        model = nn.Sequential(trainer.build_model(config(norm="nd"), 10))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return model, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)

    parts = made()
    parts[0](torch.rand(2, 3, 32, 32))
    checkpoint = Checkpoint(tmp_path / "c.pt", "run", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkpoint.save(Position(step=1), *parts)
        restored = made()
        assert checkpoint.load(*restored).step == 1
    assert restored[0][0].features[0].counter == 1
    assert same(parts[0], restored[0])


def test_a_full_disk_is_an_error_of_the_system_and_not_of_torch(tmp_path):
    """A limit on the size of files stands for it; torch reports what follows from it instead."""
    program = (
        "import resource, sys, torch; from pathlib import Path\n"
        "from ndcore.training.checkpoint import Checkpoint, Position\n"
        "model = torch.nn.Linear(1000, 1000); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)\n"
        "checkpoint = Checkpoint(Path(sys.argv[1]) / 'c.pt', 'run', {})\n"
        "checkpoint.save(Position(step=1), model, optimizer, scheduler)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n"
        "try: checkpoint.save(Position(step=2), model, optimizer, scheduler)\n"
        "except OSError as error: print(error.strerror)\n"
        "print(checkpoint.load(model, optimizer, scheduler).step)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout == "File too large\n1\n", done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]
