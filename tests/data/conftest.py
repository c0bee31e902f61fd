"""Every test starts in an empty folder, with no data folder named by the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_dataset


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NDCORE_DATA", raising=False)
    monkeypatch.delenv("NDCORE_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def spec():
    return tiny_dataset.make()[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "datasets"
    folder.mkdir()
    return folder
