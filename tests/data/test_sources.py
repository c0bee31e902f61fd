import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_dataset

from ndcore.data.fingerprint import digests
from ndcore.data.loading import open_dataset
from ndcore.errors import DataError

WRITERS = {
    "image folder": tiny_dataset.write_tree,
    "torchvision files": tiny_dataset.write_batches,
    "torchvision archive": tiny_dataset.write_archive,
}


@pytest.mark.parametrize("layout", WRITERS)
def test_every_source_gives_the_same_arrays_in_the_same_order(spec, root, layout):
    WRITERS[layout](root)
    dataset = open_dataset(spec, root)
    assert dataset.source == layout.replace("archive", "files")
    assert dataset.fingerprint == spec.fingerprint
    for name, original in tiny_dataset.make()[1].items():
        split = getattr(dataset, name)
        images = sorted(zip(digests(original), original.images, original.labels, strict=True), key=lambda item: item[0])
        np.testing.assert_array_equal(split.images, np.stack([image for _, image, _ in images]))
        np.testing.assert_array_equal(split.labels, np.stack([label for _, _, label in images]))
        assert isinstance(split.images, np.memmap)
        assert not split.images.flags.writeable
        assert len(split) == spec.counts[name]


def test_image_folder_comes_before_torchvision_files(spec, root):
    tiny_dataset.write_batches(root)
    tiny_dataset.write_tree(root)
    assert open_dataset(spec, root).source == "image folder"


def test_extracted_files_come_before_the_archive(spec, root):
    tiny_dataset.write_archive(root).write_bytes(b"broken off")
    tiny_dataset.write_batches(root)
    assert open_dataset(spec, root).source == "torchvision files"


def test_batches_pickled_by_this_python_are_read_too(spec, root):
    folder = tiny_dataset.write_batches(root)
    for file in folder.iterdir():
        file.write_bytes(pickle.dumps(pickle.loads(file.read_bytes(), encoding="latin1")))
    assert open_dataset(spec, root).source == "torchvision files"


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("was-here",)


def test_a_batch_cannot_run_code(spec, root):
    folder = tiny_dataset.write_batches(root)
    (folder / "data_batch_2").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(DataError, match=r"data_batch_2 of tiny in .* is damaged \(refers to posix.mkdir"):
        open_dataset(spec, root)
    assert not Path("was-here").exists()


def test_a_data_set_without_an_archive_comes_from_folders_or_is_asked_for(spec, root):
    alone = replace(spec, torchvision=None)
    with pytest.raises(DataError, match=r"tiny is not in .*: place tiny/\{train,test\}/<class>/\*\.png there"):
        open_dataset(alone, root)
    tiny_dataset.write_tree(root)
    assert open_dataset(alone, root).fingerprint == spec.fingerprint
    with pytest.raises(DataError, match="name the folder around it"):
        open_dataset(alone, root / "tiny")
