"""What a second build does after a small change: as little as it can."""

from __future__ import annotations

import re
import subprocess

import nbformat
import pytest
from test_report_build import small_book

from ndreport.build import build
from ndreport.rendering.glued import BOOK, wanted


def git(folder, *arguments: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.end_to_end
@pytest.mark.slow
def test_a_word_that_changes_in_a_page_is_read_there_and_only_the_state_of_the_code_is_asked_again(tmp_path):
    folder = small_book(tmp_path / "book")
    page = (folder / "page.ipynb").read_text()
    (folder / "environment.ipynb").write_text(page.replace("# Page", "# Environment").replace("6 * 7", "6 * 8"))
    with (folder / "_toc.yml").open("a") as file:
        file.write("- file: environment\n")
    (folder / ".gitignore").write_text("_build\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "all")
    executed: list[str] = []
    build.build(folder, lambda line: executed.append(line.split()[1]))
    assert sorted(executed) == ["environment", "page"]

    executed.clear()
    (folder / "page.ipynb").write_text(page.replace("# Page", "# Another page"))
    html = build.build(folder, lambda line: executed.append(line.split()[1])).parent
    assert executed == ["environment"]  # the checkout differs from its commit now
    assert "Another page" in (html / "page.html").read_text()
    assert "42" in (html / "page.html").read_text()


def test_every_number_that_a_page_names_is_glued_by_it():
    for path in sorted(BOOK.glob("*.ipynb")):
        code = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
        glued = re.findall(r'\bglue(?:_numbers|_computed)?\(\s*"([^"]+)"', code)
        assert glued == ([path.stem] if wanted(path.stem) else []), path.stem
