"""Terms: each is defined once, and the pages of the studies use them from their first mention on."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

REPOSITORY = Path(__file__).parents[2]
TERM = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")
BLOCK = re.compile(r"```\{glossary\}\n(.*?)```", re.DOTALL)
WITH_TERMS = (
    *("scope", "explained", "citations", "table4", "table5", "imagenet", "times", "table10"),
    *("measured", "claim", "deviations", "claims", "code-and-data", "matrix"),
)


def defined() -> list[str]:
    """Every term, in the order of the glossary."""
    blocks = BLOCK.findall((REPOSITORY / "book" / "glossary.md").read_text())
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith(" ")]


def used(path: Path) -> list[str]:
    """The terms that a page refers to, in their order."""
    if path.suffix == ".md":
        return TERM.findall(path.read_text())
    cells = nbformat.read(path, as_version=4).cells
    return [term for cell in cells if cell.cell_type == "markdown" for term in TERM.findall(cell.source)]


def test_every_term_is_defined_once_and_no_other_is_used():
    terms = defined()
    assert len(terms) == len(set(terms)) > 20
    pages = [*(REPOSITORY / "book").glob("*.ipynb"), *(REPOSITORY / "book").glob("*.md")]
    everywhere = {term for page in pages for term in used(page)}
    assert everywhere <= set(terms)


@pytest.mark.parametrize("name", WITH_TERMS)
def test_a_page_refers_to_a_term_once(name):
    terms = used(REPOSITORY / "book" / f"{name}.ipynb")
    assert terms
    assert sorted({term for term in terms if terms.count(term) > 1}) == []


@pytest.mark.end_to_end
def test_a_term_says_its_definition_and_leads_to_it(book):
    page = BeautifulSoup((book.html / "book" / "rerun.html").read_text(), "html.parser")
    [term] = [link for link in page.select("a.nd-term") if link.get_text() == "the reproduction"]
    assert term["href"] == "glossary.html#term-the-reproduction"
    assert term["title"].startswith("[Re] Network Deconvolution by Obadage et al.")
    glossary = BeautifulSoup((book.html / "book" / "glossary.html").read_text(), "html.parser")
    assert glossary.find(id="term-the-reproduction")
