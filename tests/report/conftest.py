"""What the tests of the pages start from: the material of the checkout, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndreport.material import Material, load


@pytest.fixture(scope="session")
def material() -> Material:
    """Everything in `runs/`; nobody changes it."""
    return load(Path(__file__).parents[2] / "runs")
