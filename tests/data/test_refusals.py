import shutil

import numpy as np
import pytest
import tiny_dataset
from PIL import Image

from ndcore import data
from ndcore.data.checks import first_few, refuse_wrong_counts
from ndcore.data.loading import open_dataset
from ndcore.errors import DataError


def refused(spec, root) -> str:
    """The message with which a data set is refused: one line; nothing stays behind."""
    before = sorted(root.rglob("*"))
    with pytest.raises(DataError) as caught:
        open_dataset(spec, root)
    assert sorted(root.rglob("*")) == before
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def tree(root):
    return tiny_dataset.write_tree(root)


@pytest.fixture
def batches(root):
    return tiny_dataset.write_batches(root)


def test_some_names_five():
    assert first_few(["a"]) == "a"
    assert first_few(list("abcde")) == "a, b, c, d, e"
    assert first_few(list("abcdefgh")) == "a, b, c, d, e and 3 more"


def test_absent_classes(spec, root, tree):
    shutil.rmtree(tree / "train" / "dog")
    for file in (tree / "test" / "ship").iterdir():
        file.unlink()
    message = refused(spec, root)
    assert message.startswith(f"tiny in {tree} is not the whole data set: no images of train/dog, test/ship;")


def test_an_absent_split_is_named_once(spec, root, tree):
    shutil.rmtree(tree / "test")
    assert "no images of test (all 3 classes);" in refused(spec, root)


def test_too_few_too_many_and_unknown(spec, root, tree):
    next((tree / "train" / "cat").iterdir()).unlink()
    Image.new("RGB", (32, 32)).save(tree / "test" / "dog" / "extra.png")
    (tree / "train" / "doge").mkdir()
    message = refused(spec, root)
    assert "too few images of train/cat (3 of 4); too many images of test/dog (3 of 2); folders that" in message
    assert "none of its classes: train/doge;" in message


def test_many_classes_are_counted():
    spec = data.spec("cifar100")
    counts = {"train": [500] * 100, "test": [100] * 93 + [0] * 7}
    with pytest.raises(DataError, match=r"no images of test/turtle, test/wardrobe, .*, test/wolf and 2 more; "):
        refuse_wrong_counts(spec, counts, "here")


def test_hidden_files_and_other_formats_are_not_counted(spec, root, tree):
    (tree / "train" / "cat" / "._01.png").write_bytes(b"left by another system")
    (tree / "train" / "cat" / "notes.txt").write_text("mine")
    (tree / "train" / ".DS_Store").write_bytes(b"")
    assert open_dataset(spec, root).fingerprint == spec.fingerprint


def test_unreadable_and_wrongly_sized_images_are_named(spec, root, tree):
    first, second, third = sorted((tree / "train" / "cat").iterdir())[:3]
    first.write_bytes(b"nothing")
    Image.new("RGB", (31, 32)).save(second)
    third.write_bytes(third.read_bytes()[:1000])
    message = refused(spec, root)
    assert f"images that cannot be used: train/cat/{first.name} (not an image)" in message
    assert f"train/cat/{second.name} (31×32 pixels, not 32×32)" in message
    assert f"train/cat/{third.name} (image file is truncated" in message


def test_other_pixels(spec, root, tree):
    file = next((tree / "test" / "cat").iterdir())
    pixels = np.array(Image.open(file))
    pixels[3, 4, 1] ^= 1
    Image.fromarray(pixels).save(file)
    message = refused(spec, root)
    assert "its pixels or labels differ from the published data set (re-encoded or modified images)" in message
    assert f"expected {spec.fingerprint['test'][:12]}…" in message
    assert "train has" not in message


def test_swapped_labels(spec, root, tree):
    (tree / "train" / "cat").rename(tree / "train" / "aside")
    (tree / "train" / "dog").rename(tree / "train" / "cat")
    (tree / "train" / "aside").rename(tree / "train" / "dog")
    assert "train has fingerprint" in refused(spec, root)


def test_missing_batch(spec, root, batches):
    (batches / "data_batch_2").unlink()
    assert f"tiny in {batches} is not the whole data set: no file data_batch_2;" in refused(spec, root)


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"\x80\x02}q\x01."])
def test_damaged_batch(spec, root, batches, content):
    (batches / "data_batch_1").write_bytes(content)
    assert "data_batch_1 of tiny in" in refused(spec, root)


def test_truncated_batch(spec, root, batches):
    (batches / "test_batch").write_bytes((batches / "test_batch").read_bytes()[:5000])
    assert "test_batch of tiny in" in refused(spec, root)


def test_batch_with_images_missing(spec, root, batches):
    tiny_dataset.write_batch(batches / "data_batch_1", np.zeros((2, 32, 32, 3), np.uint8), [1, 1])
    assert "too few images of" in refused(spec, root)


def test_batch_with_labels_that_are_no_classes(spec, root, batches):
    tiny_dataset.write_batch(batches / "test_batch", np.zeros((2, 32, 32, 3), np.uint8), [1, 3])
    assert "test_batch of tiny in" in (message := refused(spec, root))
    assert "(labels 1…3, not 0…2)" in message


def test_archive_that_broke_off(spec, root):
    archive = tiny_dataset.write_archive(root)
    archive.write_bytes(archive.read_bytes()[:-3000])
    assert f"{archive} cannot be read as an archive" in refused(spec, root)
    archive.write_bytes(b"<html>not found</html>")
    assert "perhaps a download that broke off: remove it" in refused(spec, root)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "digits"])
def test_a_named_root_must_be_there(name, tmp_path):
    with pytest.raises(DataError, match=r"data root .*/nowhere is not there: create it, or name the folder"):
        data.load(name, tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"data root .*/file is not a folder"):
        data.load(name, tmp_path / "file")
    assert not (tmp_path / "nowhere").exists()


def test_a_root_named_by_the_environment_must_be_there(spec, monkeypatch):
    monkeypatch.setenv("NDCORE_DATA", "/nowhere")
    with pytest.raises(DataError, match=r"data root /nowhere \(from NDCORE_DATA\) is not there"):
        open_dataset(spec)
    assert data.load("digits").spec.name == "digits"
