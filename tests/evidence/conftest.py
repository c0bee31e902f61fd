"""The published values, as they are and with files left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndreport.evidence.published import Published, load_all

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="session")
def published() -> Published:
    published, problems = load_all(PUBLISHED)
    assert problems == []
    return published
