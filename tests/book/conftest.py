"""The book, built once from a copy of the tree with records made by hand, and a browser to look at it.

`make test` builds a few of its pages; of every other executed page only the title is left. `make test-slow` builds all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import pytest
import yaml
from citation_factory import write_citations
from record_factory import write_ablation, write_examples

from ndcore.errors import UserError
from ndreport.build.pdf import find_chromium

REPOSITORY = Path(__file__).parents[2]
CLUTTER = ("README.md", "out.ipynb", ".pytest_cache/README.md", ".venv/doc/page.md", "runs/notebooks/run.ipynb")
"""Files of a tree in use that are no pages of the book and must not disturb it."""
FEW = frozenset({"intro", "table4", "our-runs", "citations", "environment", "bibliography"})
"""The pages that every build executes: those that tests look for something on, and the works that they cite."""


@dataclass(frozen=True)
class Book:
    tree: Path
    titles: frozenset[str] = frozenset()
    """Names of the pages of which only the title is left."""

    @property
    def html(self) -> Path:
        return self.tree / "_build" / "html"

    @property
    def pages(self) -> list[Path]:
        """Every page that a reader can open and that has more than a title."""
        files = (p for p in self.html.rglob("*.html") if "_static" not in p.parts)
        return sorted(p for p in files if p.parent.name != "book" or p.stem not in self.titles)

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
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[:6000]
        assert "WARNING:" not in done.stderr
        return done.stdout


def make_tree(tree: Path) -> None:
    """What the book is built from, and some clutter."""
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


def keep_the_titles(tree: Path, names: frozenset[str]) -> None:
    """Leave the title of these pages, so that links to them still lead somewhere, and have them not executed."""
    for page in (tree / "book" / f"{name}.ipynb" for name in names):
        notebook = nbformat.read(page, as_version=4)
        title = next(line for cell in notebook.cells for line in cell.source.splitlines() if line.startswith("# "))
        notebook.cells = [nbformat.v4.new_markdown_cell(title, id="title")]
        nbformat.write(notebook, page)
    config = yaml.safe_load((tree / "_config.yml").read_text())
    config["execute"]["exclude_patterns"] += [f"book/{name}.ipynb" for name in sorted(names)]
    (tree / "_config.yml").write_text(yaml.safe_dump(config))


def build(tree: Path, pages: frozenset[str] | None = None) -> Book:
    """The book with these pages executed, or all."""
    make_tree(tree)
    names = frozenset(page.stem for page in (tree / "book").glob("*.ipynb"))
    book = Book(tree, frozenset() if pages is None else names - pages)
    keep_the_titles(tree, book.titles)
    book.build()
    return book


@pytest.fixture(scope="session")
def few_pages(tmp_path_factory) -> Book:
    return build(tmp_path_factory.mktemp("tree"), FEW)


@pytest.fixture(scope="session")
def all_pages(tmp_path_factory) -> Book:
    return build(tmp_path_factory.mktemp("tree"))


@pytest.fixture(params=["few_pages", pytest.param("all_pages", marks=pytest.mark.slow)])
def book(request) -> Book:
    """The built book. No test changes its files; see `copy`."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def copy(book, tmp_path) -> Book:
    """The book with what its build has left, to be changed and built again."""
    return replace(book, tree=Path(shutil.copytree(book.tree, tmp_path / "copy")))


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
