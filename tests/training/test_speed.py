"""What makes steps fast: where images lie, which optimiser, how many threads, and what freed memory is kept."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest
import torch
from torch import nn

from ndcore import machine
from ndcore.training import speed

CPU = torch.device("cpu")


def test_images_and_convolutions_have_their_channels_together_on_a_cpu():
    model = speed.prepare_model(nn.Conv2d(3, 4, 3), CPU)
    images = speed.prepare_images(torch.randn(2, 3, 8, 8), CPU)
    assert model.weight.is_contiguous(memory_format=torch.channels_last)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert model(images).is_contiguous(memory_format=torch.channels_last)


def test_the_memory_format_of_an_accelerator_is_the_default():
    assert speed.memory_format(torch.device("cuda")) == torch.contiguous_format


def test_the_optimiser_updates_all_parameters_at_once():
    optimizer = speed.make_optimizer(nn.Linear(2, 2), 0.1, 0.9, 1e-3)
    assert optimizer.defaults | {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3, "fused": True} == optimizer.defaults
    assert not speed.make_optimizer(nn.Linear(2, 2, device="meta"), 0.1, 0.9, 1e-3).defaults["fused"]


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("100000 100000", 1), ("150000 100000", 2), ("1000 100000", 1), ("max 100000", 7), ("", 7), ("6400000 100000", 7)],
)
def test_cores_are_limited_by_affinity_and_quota(quota, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda process: set(range(7)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert machine.usable_cores(tmp_path / "cpu.max") == expected
    assert machine.usable_cores(tmp_path / "nothing") == 7


def test_threads_are_reduced_and_never_raised(monkeypatch):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        monkeypatch.setattr(speed, "usable_cores", lambda: 64)
        speed.limit_threads()
        assert torch.get_num_threads() == 2
        monkeypatch.setattr(speed, "usable_cores", lambda: 1)
        speed.limit_threads()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


FAULTS = """
import resource, torch
from ndcore.training.speed import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.ones(24 * 2**20)  # 96 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(); returned = faults()
keep_freed_memory(); faults(); kept = faults()
print(returned, kept)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_freed_memory_is_kept():
    """Counted in page faults, which do not depend on what else the machine does."""
    out = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True).stdout
    returned, kept = map(int, out.split())
    pages = 4 * 96 * 2**20 // resource.getpagesize()
    assert kept < pages / 100 < pages / 2 < returned
