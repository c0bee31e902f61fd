import errno
import json
import os
import shutil
import time
import urllib.error
import warnings
from pathlib import Path

import numpy as np
import pytest
import tiny_dataset

from ndcore.data import image_folder, storage
from ndcore.data.loading import open_dataset
from ndcore.errors import DataError


@pytest.fixture
def cache(root):
    return root / ".ndcore-cache" / "tiny"


@pytest.fixture
def converted(spec, root, cache):
    """A root with a source and a sound cache."""
    tiny_dataset.write_tree(root)
    open_dataset(spec, root)
    return cache


def test_second_use_reads_the_cache_only(spec, root, converted, monkeypatch):
    monkeypatch.setattr(image_folder, "read", None)
    shutil.rmtree(root / "tiny")
    dataset = open_dataset(spec, root)
    assert (dataset.source, dataset.fingerprint) == ("image folder", spec.fingerprint)
    assert os.listdir(converted.parent) == ["tiny"]


def test_root_and_cache_from_the_environment(spec, root, tmp_path, monkeypatch):
    tiny_dataset.write_tree(root)
    monkeypatch.setenv("NDCORE_DATA", str(root))
    monkeypatch.setenv("NDCORE_CACHE", str(tmp_path / "elsewhere" / "cache"))
    open_dataset(spec)
    assert sorted(os.listdir(root)) == ["tiny"]
    assert (tmp_path / "elsewhere" / "cache" / "tiny" / "meta.json").is_file()


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-7] ^= 1
    file.write_bytes(content)


def swap_two_images(file: Path) -> None:
    np.save(file, np.load(file)[[1, 0, *range(2, 12)]])


DAMAGES = {
    "bit": ("train_images.npy", flip_a_bit),
    "label": ("test_labels.npy", flip_a_bit),
    "truncated": ("test_images.npy", lambda file: os.truncate(file, 5000)),
    "empty": ("train_labels.npy", lambda file: os.truncate(file, 0)),
    "missing": ("train_images.npy", os.unlink),
    "other type": ("train_labels.npy", lambda file: np.save(file, np.zeros(12, np.int64))),
    "other order": ("train_images.npy", swap_two_images),
    "no meta": ("meta.json", os.unlink),
    "other meta": ("meta.json", lambda file: file.write_text(json.dumps({"format": 0}))),
    "deep meta": ("meta.json", lambda file: file.write_text("[" * 100_000)),
    "torn meta": ("meta.json", lambda file: os.truncate(file, 40)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_cache_is_made_again_with_a_warning(spec, root, converted, damage):
    name, harm = DAMAGES[damage]
    harm(converted / name)
    with pytest.warns(UserWarning, match=rf"{name}.* is damaged.*; tiny is converted again") as caught:
        open_dataset(spec, root)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_dataset(spec, root).fingerprint == spec.fingerprint
    assert os.listdir(converted.parent) == ["tiny"]


def test_a_file_in_the_place_of_the_cache(spec, root, cache):
    tiny_dataset.write_tree(root)
    cache.parent.mkdir()
    cache.touch()
    with pytest.warns(UserWarning, match=r"meta.json is damaged"):
        assert open_dataset(spec, root).fingerprint == spec.fingerprint


def fail_to_download(*_: object) -> None:
    raise urllib.error.URLError("Temporary failure in name resolution")


def test_damaged_cache_without_its_source(spec, root, converted, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.utils.download_url", fail_to_download)
    shutil.rmtree(root / "tiny")
    flip_a_bit(converted / "train_images.npy")
    with (
        pytest.warns(UserWarning, match=r"train_images.npy or train_labels.npy is damaged"),
        pytest.raises(DataError, match=r"train_images.npy or .* is damaged .*; tiny is not in .* cannot be downloaded"),
    ):
        open_dataset(spec, root)


def test_no_network_says_how_to_place_the_files(spec, root, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.utils.download_url", fail_to_download)
    with pytest.raises(DataError) as caught:
        open_dataset(spec, root)
    message = str(caught.value)
    assert message.startswith(f"tiny is not in {root} and cannot be downloaded from https://")
    for words in ("name resolution", "tiny-python.tar.gz", "tiny-batches-py/", "tiny/{train,test}/<class>/*.png"):
        assert words in message
    assert "\n" not in message
    assert list(root.iterdir()) == []


def test_default_root_is_made_for_a_download_that_leaves_only_arrays(spec, tmp_path, monkeypatch):
    def download(url: str, folder: Path, filename: str, md5: str) -> None:
        shutil.move(tiny_dataset.write_archive(tmp_path / "remote"), Path(folder) / filename)

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    assert open_dataset(spec).source == "torchvision files"
    assert [str(path) for path in Path("data").rglob("*") if path.is_file() and path.suffix != ".npy"] == [
        "data/.ndcore-cache/tiny/meta.json"
    ]
    assert os.listdir("data/.ndcore-cache") == ["tiny"]


def test_nothing_is_made_in_the_default_root_when_the_download_fails(spec, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.utils.download_url", fail_to_download)
    with pytest.raises(DataError, match=r"tiny is not in data and"):
        open_dataset(spec)
    assert not Path("data").exists()


def test_unwritable_cache(spec, root, tmp_path, monkeypatch):
    tiny_dataset.write_tree(root)
    (tmp_path / "file").touch()
    monkeypatch.setenv("NDCORE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"the cache folder .*/file/cache cannot be written \(.*\): set NDCORE_CACHE"):
        open_dataset(spec, root)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(spec, root, monkeypatch, code):
    def full(file: object, array: np.ndarray) -> None:
        raise OSError(code, os.strerror(code))

    tiny_dataset.write_tree(root)
    monkeypatch.setattr(storage, "_write_array", full)
    with pytest.raises(DataError, match=r"^no space left for the cache of tiny in .*NDCORE_CACHE[^\n]*$"):
        open_dataset(spec, root)
    assert os.listdir(root) == ["tiny"]


def test_only_stale_leftovers_are_removed(spec, root, cache):
    tiny_dataset.write_tree(root)
    old, young = cache.parent / ".tiny.old.tmp", cache.parent / ".tiny.young.tmp"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "train_images.npy").touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    open_dataset(spec, root)
    assert sorted(os.listdir(cache.parent)) == [".tiny.young.tmp", "tiny"]


def test_progress_bar_can_be_off_and_waits(spec, root, capsys):
    tiny_dataset.write_tree(root)
    open_dataset(spec, root, progress=True)
    assert capsys.readouterr() == ("", "")
