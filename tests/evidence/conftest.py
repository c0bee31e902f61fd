"""The published values as they are in the repository, read once for all tests of the evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndcore.evidence.published import Published, load_all


@pytest.fixture(scope="session")
def published() -> Published:
    published, problems = load_all(Path(__file__).parents[2] / "runs" / "published")
    assert problems == []
    return published
