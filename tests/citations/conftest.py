"""No test of this folder reaches beyond this machine."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """A runs folder of its own, no proxy, no key."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "S2_API_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    folder = tmp_path / "runs"
    monkeypatch.setenv("NDCORE_RUNS", str(folder))
    return folder
