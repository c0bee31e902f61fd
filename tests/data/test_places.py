"""A data root that is a level off, or holds something else: one line that names the right folder, and no download."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
import tiny_dataset

from ndcore import data
from ndcore.data.loading import open_dataset
from ndcore.data.specs import CIFAR10, CIFAR100
from ndcore.errors import DataError


@pytest.fixture(autouse=True)
def no_download(monkeypatch):
    monkeypatch.setattr("torchvision.datasets.utils.download_url", lambda *_: pytest.fail("reached for the network"))


def refused(spec, root: Path, within: Path) -> str:
    """The message with which a data root is refused: one line; nothing is left behind."""
    before = sorted(within.rglob("*"))
    with pytest.raises(DataError) as caught:
        open_dataset(spec, root)
    assert sorted(within.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


LAYOUTS = {
    "tiny": tiny_dataset.write_tree,
    "tiny/train": tiny_dataset.write_tree,
    "tiny/test/dog": tiny_dataset.write_tree,
    "tiny-batches-py": tiny_dataset.write_batches,
}


@pytest.mark.parametrize("given", LAYOUTS)
@pytest.mark.parametrize("named", ["absolute", "relative", "link"])
def test_a_folder_within_the_data_set_names_the_data_root(given, named, spec, root, monkeypatch):
    place = LAYOUTS[given](root)
    folder = root / given
    if named == "relative":
        monkeypatch.chdir(folder)
        folder = Path()
    if named == "link":
        (root / "link").symlink_to(folder)
        folder = root / "link"
    message = refused(spec, folder, root)
    around = f"name the folder around it, {root}"
    within = "" if given in {"tiny", "tiny-batches-py"} else "within "
    assert message == f"tiny is not in the data root {folder}: that is {within}the data set {place}; {around}"
    assert open_dataset(spec, root).spec == spec


@pytest.mark.parametrize("given", [".ndcore-cache", ".ndcore-cache/tiny"])
def test_the_cache_is_no_data_root(given, spec, root):
    tiny_dataset.write_tree(root)
    open_dataset(spec, root)
    message = refused(spec, root / given, root)
    assert message.endswith(f"the cache {root / '.ndcore-cache'}; name the folder around it, {root}")


def fake_cifar(root: Path) -> None:
    """Names without content: torchvision's folders of both data sets, and the image folder of CIFAR-10."""
    for spec in (CIFAR10, CIFAR100):
        folder = root / spec.torchvision.folder
        folder.mkdir()
        for name in (*spec.torchvision.train, *spec.torchvision.test, "meta"):
            (folder / name).touch()
    for name in CIFAR10.classes:
        (root / "cifar10" / "train" / name).mkdir(parents=True)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
@pytest.mark.parametrize("given", ["cifar-10-batches-py", "cifar-100-python", "cifar10", "cifar10/train"])
def test_a_folder_within_either_data_set_names_the_data_root(given, name, root):
    fake_cifar(root)
    message = refused(data.spec(name), root / given, root)
    assert message.startswith(f"{name} is not in the data root {root / given}: that is ")
    assert message.endswith(f"; name the folder around it, {root}")


def test_a_file_of_the_data_set_names_the_data_root(spec, root):
    fake_cifar(root)
    (root / "cifar-10-python.tar.gz").touch()
    shutil.rmtree(root / "cifar-10-batches-py")
    for file in ("cifar-10-python.tar.gz", "cifar-100-python/train"):
        message = refused(spec, root / file, root)
        assert message.startswith(f"data root {root / file} is not a folder: that is ")
        assert message.endswith(f"; name the folder around it, {root}")


@pytest.mark.parametrize(
    ("write", "inner", "what"),
    [
        (tiny_dataset.write_tree, "", "the images of tiny itself; call it tiny, and"),
        (tiny_dataset.write_tree, "train", "one split of tiny; it belongs into tiny/train or test of a data root"),
        (tiny_dataset.write_batches, "", "the batches of tiny itself; call it tiny-batches-py, and"),
    ],
)
def test_a_data_set_under_another_name_is_known_by_its_content(write, inner, what, spec, root):
    write(root).rename(root / "mine")
    assert f"{root / 'mine' / inner}: it holds {what}" in refused(spec, root / "mine" / inner, root)


@pytest.mark.parametrize(
    "write", [tiny_dataset.write_tree, tiny_dataset.write_batches, tiny_dataset.write_archive], ids=lambda w: w.__name__
)
def test_a_folder_around_the_data_root_names_it(write, spec, root, tmp_path):
    place = write(root)
    assert refused(spec, tmp_path, tmp_path).endswith(f"{tmp_path}: it lies in {place}; name {root}")


@pytest.mark.parametrize("name", ["tiny", "tiny-batches-py", "tiny-python.tar.gz"])
def test_a_link_to_nothing_is_named(name, spec, root):
    (root / name).symlink_to("nowhere")
    assert refused(spec, root, root).endswith(f"{root / name} is a link to nothing")


def test_an_image_folder_without_its_splits_is_named(spec, root):
    tiny_dataset.write_tree(root)
    for split in ("train", "test"):
        (root / "tiny" / split).rename(root / "tiny" / split.upper())
    assert "has neither a folder train/ nor test/" in refused(spec, root, root)


def test_the_archive_of_another_data_set_is_not_taken_for_this_one(spec, root):
    shutil.copy(tiny_dataset.write_archive(root), root / "cifar-100-python.tar.gz")
    with pytest.raises(DataError, match=r"cifar100 in .* is not the whole data set: no file train, test; unpack it"):
        open_dataset(CIFAR100, root)


def test_a_data_root_with_other_things_only_is_filled_by_a_download(spec, root, tmp_path, monkeypatch):
    """Other data sets, other classes and an empty folder are no reason to refuse."""
    fake_cifar(root)
    (root / "train" / "cat").mkdir(parents=True)
    (root / "tiny").mkdir()

    def download(url: str, folder: Path, filename: str, md5: str) -> None:
        shutil.move(tiny_dataset.write_archive(tmp_path / "remote"), Path(folder) / filename)

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    assert open_dataset(spec, root).source == "torchvision files"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a" * 300, r"cannot be read \(File name too long\)"),
        ("~nobody-of-this-name/data", r"cannot be read \(Could not determine home directory"),
        ("loop", "is not there"),
    ],
)
def test_a_name_that_is_no_folder_is_one_line(name, why, spec, root, monkeypatch):
    monkeypatch.chdir(root)
    os.symlink("loop", "loop")
    with pytest.raises(DataError, match=f"data root {name}.*{why}"):
        open_dataset(spec, Path(name))
    monkeypatch.setenv("NDCORE_DATA", name)
    with pytest.raises(DataError, match=rf"data root {name}.* \(from NDCORE_DATA\) {why}"):
        open_dataset(spec)


@pytest.fixture
def locked():
    """A data root that an ordinary user, which this process is for the time of the test, may not read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny_dataset.write_tree(folder / "locked" / "data")
        folder.chmod(0o755)
        (folder / "locked").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder / "locked"
        finally:
            os.seteuid(user)
            (folder / "locked").chmod(0o755)


@pytest.mark.parametrize("inner", ["", "data"])
def test_a_folder_that_may_not_be_read_is_one_line(inner, spec, locked):
    with pytest.raises(
        DataError, match=rf"data root {locked / inner} cannot be read \(Permission denied\): name another"
    ):
        open_dataset(spec, locked / inner)
