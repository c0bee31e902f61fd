"""The book, built once from a copy of the tree with records made by hand, and a browser to look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from citation_factory import write_citations
from record_factory import write_ablation, write_examples

from ndcore.errors import UserError
from ndreport.build.pdf import find_chromium

REPOSITORY = Path(__file__).parents[2]
CLUTTER = ("README.md", "out.ipynb", ".pytest_cache/README.md", ".venv/doc/page.md", "runs/notebooks/run.ipynb")
"""Files of a tree in use that are no pages of the book and must not disturb it."""


@dataclass(frozen=True)
class Book:
    tree: Path

    @property
    def html(self) -> Path:
        return self.tree / "_build" / "html"

    @property
    def pages(self) -> list[Path]:
        """Every page that a reader can open."""
        return sorted(p for p in self.html.rglob("*.html") if "_static" not in p.parts)

    def command(self, *options: str) -> subprocess.CompletedProcess:
        """`ndcore book` in the tree."""
        command = [Path(sys.executable).parent / "ndcore", "book", *options]
        environment = {k: v for k, v in os.environ.items() if k != "NDCORE_RUNS"}
        return subprocess.run(
            command, cwd=self.tree, env=environment, capture_output=True, text=True, timeout=500, check=False
        )

    def build(self) -> str:
        """Build with every warning fatal, and return what it printed; fails with the output of the build."""
        done = self.command()
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        assert "WARNING:" not in done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Book:
    tree = tmp_path_factory.mktemp("tree")
    for name in ("book", "notebooks", "_config.yml", "_toc.yml"):
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tree / name)
    shutil.copytree(REPOSITORY / "runs" / "published", tree / "runs" / "published")
    shutil.copytree(REPOSITORY / "runs" / "faults", tree / "runs" / "faults")
    write_examples(tree / "runs")
    write_ablation(tree / "runs" / "ablation")
    write_citations(tree / "runs" / "citations")
    for name in CLUTTER:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("not a page")
    book = Book(tree)
    book.build()
    return book


@pytest.fixture(scope="session")
def browser():
    try:
        path = find_chromium()
    except UserError as message:
        if os.environ.get("CI") or os.environ.get("NDCORE_REQUIRE_BROWSER"):
            pytest.fail(str(message))
        pytest.skip(str(message))
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only where there is a browser)

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()
