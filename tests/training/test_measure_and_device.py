"""Meters, stopwatches and the choice of a device."""

from __future__ import annotations

import time

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from ndcore.errors import UserError
from ndcore.training.device import peak_memory, prepare_device
from ndcore.training.measure import Meter, Stopwatch

CPU = torch.device("cpu")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(2, 12), st.integers(0, 1000))
def test_a_meter_does_not_depend_on_how_images_are_batched(sizes, classes, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(sum(sizes), classes, generator=generator)
    labels = torch.randint(classes, (sum(sizes),), generator=generator)
    whole, parts = Meter(CPU), Meter(CPU)
    right = whole.update(logits, labels)
    pieces = [parts.update(a, b) for a, b in zip(logits.split(sizes), labels.split(sizes), strict=True)]
    assert torch.equal(torch.cat(pieces), right)
    assert parts.read().loss == pytest.approx(whole.read().loss, rel=1e-5)
    assert (parts.read().top1, parts.read().top5) == (whole.read().top1, whole.read().top5)
    assert whole.read().loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert whole.read().top1 == pytest.approx(100 * (logits.argmax(1) == labels).double().mean().item())
    if classes <= 5:
        assert whole.read().top5 == 100


def test_a_meter_goes_on_from_its_sums():
    logits, labels = torch.randn(10, 5), torch.arange(10) % 5
    whole, first = Meter(CPU), Meter(CPU)
    whole.update(logits, labels)
    first.update(logits[:4], labels[:4])
    second = Meter(CPU, first.sums())
    second.update(logits[4:], labels[4:])
    assert second.read().loss == pytest.approx(whole.read().loss)


def test_a_stopwatch_splits_seconds_by_activity_and_goes_on(monkeypatch):
    moments = iter([10.0, 10.25])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    watch = Stopwatch(CPU, {"data": 1.0, "train": 2.0, "evaluate": 0.0})
    with watch("data"):
        pass
    assert watch.read().data == 1.25
    assert watch.read().train == 2.0


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"device 'cuda' is not there: PyTorch .* sees cpu"):
        prepare_device("cuda")
    with pytest.raises(UserError, match="unknown device 'gpu'"):
        prepare_device("gpu")
    with pytest.raises(UserError, match="'tf32' exists on CUDA devices only"):
        prepare_device("cpu", "tf32")
    assert prepare_device("cpu") == CPU


def test_peak_memory_is_that_of_this_process():
    block = torch.ones(64 * 2**20, dtype=torch.uint8)
    peak, of = peak_memory(CPU)
    assert of == "process (resident)"
    assert block.numel() < peak < 64 * 2**30
