"""Conversions that meet each other, and conversions that are killed."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_dataset

from ndcore.data import image_folder, storage
from ndcore.data.loading import open_dataset

PROCESSES = multiprocessing.get_context("spawn")


def convert_together(root: Path, barrier, queue) -> None:
    """Convert when all have read the source, so that all of them want to put their result in place."""
    read = image_folder.read

    def read_and_wait(*arguments, **options):
        splits = read(*arguments, **options)
        barrier.wait(60)
        return splits

    image_folder.read = read_and_wait
    dataset = open_dataset(tiny_dataset.make()[0], root)
    queue.put((dataset.fingerprint, int(np.sum(dataset.train.images, dtype=np.int64))))


@pytest.mark.parametrize("damaged", [False, True])
def test_two_processes_convert_at_once(spec, root, damaged):
    tiny_dataset.write_tree(root)
    if damaged:
        open_dataset(spec, root)
        os.truncate(root / ".ndcore-cache" / "tiny" / "train_images.npy", 4000)
    barrier, queue = PROCESSES.Barrier(2), PROCESSES.Queue()
    workers = [PROCESSES.Process(target=convert_together, args=(root, barrier, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    results = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    total = int(tiny_dataset.make()[1]["train"].images.sum(dtype=np.int64))
    assert results == [(spec.fingerprint, total)] * 2
    assert os.listdir(root / ".ndcore-cache") == ["tiny"]


def convert_and_hang(root: Path, where: str, reached) -> None:
    """Convert up to the second array, or up to the renaming, and stay there."""
    calls = []
    original = getattr(storage, where)

    def hang(*arguments, **options):
        calls.append(where)
        if where == "put_in_place" or len(calls) == 2:
            reached.set()
            time.sleep(600)
        return original(*arguments, **options)

    setattr(storage, where, hang)
    open_dataset(tiny_dataset.make()[0], root)


@pytest.mark.parametrize("where", ["_write_array", "put_in_place"])
def test_killed_conversion_leaves_nothing_that_is_taken_for_a_result(spec, root, where):
    tiny_dataset.write_tree(root)
    reached = PROCESSES.Event()
    worker = PROCESSES.Process(target=convert_and_hang, args=(root, where, reached))
    worker.start()
    assert reached.wait(60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(60)
    leftovers = os.listdir(root / ".ndcore-cache")
    assert len(leftovers) == 1
    assert leftovers[0].startswith(".tiny.")
    assert open_dataset(spec, root).fingerprint == spec.fingerprint
    assert sorted(os.listdir(root / ".ndcore-cache")) == [*leftovers, "tiny"]
