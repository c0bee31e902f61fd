import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ndcore import data
from ndcore.data.batches import TestBatches, TrainBatches, normalize
from ndcore.data.dataset import Split

SPEC = data.spec("cifar10")
COUNT = 50
LABELS = np.arange(COUNT, dtype=np.uint8)
SPLIT = Split(np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), dtype=np.uint8), LABELS)


def batches(seed: int = 0, batch_size: int = 8) -> TrainBatches:
    return TrainBatches(SPLIT, SPEC, batch_size, seed, "cpu")


def equal(one: list, other: list) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)
    )


@settings(deadline=None)  # the machine may be busy
@given(epoch=st.integers(1, 100), start=st.integers(0, 7), seed=st.integers(0, 2**31 - 1))
def test_a_step_is_the_same_wherever_the_iteration_starts(epoch, start, seed):
    assert equal(list(batches(seed).epoch(epoch))[start:], list(batches(seed).epoch(epoch, start_step=start)))


def test_epochs_and_seeds_differ_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    first = list(batches().epoch(1))
    assert not equal(first, list(batches().epoch(2)))
    assert not equal(first, list(batches(seed=1).epoch(1)))
    assert equal(first, list(batches().epoch(1)))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("batch_size", [1, 7, 8, 49, 50, 64])
def test_an_epoch_holds_every_image_once(batch_size):
    source = batches(batch_size=batch_size)
    drawn = list(source.epoch(1))
    assert len(drawn) == len(source) == -(-COUNT // batch_size)
    assert [len(labels) for _, labels in drawn[:-1]] == [batch_size] * (len(drawn) - 1)
    labels = torch.cat([labels for _, labels in drawn])
    assert labels.dtype == torch.int64
    assert labels.tolist() != sorted(labels.tolist())
    assert sorted(labels.tolist()) == LABELS.tolist()
    assert all(images.shape == (len(labels), 3, 32, 32) and images.dtype == torch.float32 for images, labels in drawn)


def test_images_keep_their_labels():
    constant = np.broadcast_to(LABELS[:, None, None, None], (COUNT, 32, 32, 3))
    source = TrainBatches(Split(constant, LABELS), SPEC, 8, 0, "cpu")
    for images, labels in source.epoch(3):
        centre = images[:, 0, 16, 16] * SPEC.std[0] + SPEC.mean[0]  # never padding
        assert (centre * 255).round().long().tolist() == labels.tolist()


def test_test_batches_come_in_order_and_as_they_are():
    source = TestBatches(SPLIT, SPEC, 8, "cpu")
    drawn = list(source)
    assert len(drawn) == len(source) == 7
    assert torch.cat([labels for _, labels in drawn]).tolist() == LABELS.tolist()
    expected = normalize(source.images, source.mean, source.std)
    assert torch.equal(torch.cat([images for images, _ in drawn]), expected)
    assert torch.equal(source.images, torch.from_numpy(SPLIT.images).permute(0, 3, 1, 2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_gives_the_same_bits_without_waiting_for_the_host():
    cpu = list(batches().epoch(1))
    source = TrainBatches(SPLIT, SPEC, 8, 0, "cuda")
    epoch = source.epoch(1)
    found = [next(epoch)]  # the draws of the epoch are moved here
    torch.cuda.set_sync_debug_mode("error")
    try:
        found += list(epoch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert equal(cpu, [(images.cpu(), labels.cpu()) for images, labels in found])
