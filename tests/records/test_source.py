"""The digest of the code that makes numbers changes with that code, and with nothing else."""

from __future__ import annotations

import shutil

import pytest

from ndcore import source


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package, on which the digest is taken."""
    copy = tmp_path / "ndcore"
    shutil.copytree(source.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = source.source_digest()
    monkeypatch.setattr(source, "PACKAGE", copy)
    assert source.source_digest() == before
    return copy


def reword(path) -> None:
    path.write_text(path.read_text() + "\n# another word\n")


@pytest.mark.parametrize(
    "name", ["training/progress_bar.py", "commands/run.py", "grid/plan.py", "bench/summary.py", "cli.py"]
)
def test_rewording_what_is_only_shown_leaves_it_as_it_was(package, name):
    before = source.source_digest()
    reword(package / name)
    assert source.source_digest() == before


@pytest.mark.parametrize(
    "name",
    ["layers/fast_deconv.py", "models/vgg16.py", "data/batches.py", "training/trainer.py", "experiment/config.py"],
)
def test_changing_what_makes_numbers_changes_it(package, name):
    before = source.source_digest()
    reword(package / name)
    assert source.source_digest() != before


def test_another_name_and_another_file_change_it(package):
    before = source.source_digest()
    (package / "layers" / "fold.py").rename(package / "layers" / "folded.py")
    renamed = source.source_digest()
    (package / "models" / "new.py").touch()
    assert len({before, renamed, source.source_digest()}) == 3
