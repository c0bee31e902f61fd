"""The built book as files: complete, self-contained, every link resolved."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from record_factory import make_record

pytestmark = pytest.mark.end_to_end

MEGABYTE = 1_000_000


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


def test_all_pages_are_there_and_the_book_is_small(book):
    names = {p.relative_to(book.html).as_posix() for p in book.html.rglob("*.html")}
    toc = yaml.safe_load((book.tree / "_toc.yml").read_text())
    expected = {toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])}
    assert len(expected) > 25
    assert {f"{name}.html" for name in expected} | {"search.html"} <= names
    assert sum(p.stat().st_size for p in book.html.rglob("*") if p.is_file()) < 25 * MEGABYTE
    assert max(p.stat().st_size for p in book.pages) < 1.5 * MEGABYTE
    runs = [p for p in book.pages if p.stem.startswith("our-runs")]
    assert len(runs) > 1  # the records with curves fill more than one page
    assert max(p.stat().st_size for p in runs) < 0.3 * MEGABYTE


def test_internal_links_and_anchors_resolve(book):
    ids = {p.resolve(): {t["id"] for t in soup(p).find_all(id=True)} for p in book.pages}
    broken = []
    for page in book.pages:
        for link in soup(page).find_all("a", href=True):
            target = urlsplit(link["href"])
            if target.scheme or target.netloc:
                continue
            file = (page.parent / unquote(target.path)).resolve() if target.path else page.resolve()
            if not file.exists() or (file in ids and target.fragment and target.fragment not in ids[file]):
                broken.append(f"{page.name}: {link['href']}")
    assert broken == []


def test_ids_are_unique_in_every_page(book):
    for page in book.pages:
        ids = [t["id"] for t in soup(page).find_all(id=True)]
        assert sorted({i for i in ids if ids.count(i) > 1}) == [], page.name


def test_nothing_is_loaded_from_elsewhere(book):
    external = re.compile(r"^(https?:)?//")
    for page in book.pages:
        tags = soup(page).find_all(["script", "link", "img", "iframe", "source"])
        addresses = [tag.get("src") or tag.get("href") or "" for tag in tags]
        assert [a for a in addresses if external.match(a)] == [], page.name
        assert [a for a in addresses if "mathjax" in a.lower()] == [], page.name
    assert "<math" in (book.html / "book" / "intro.html").read_text()


def test_bad_files_are_named_on_the_pages(book):
    text = soup(book.html / "book" / "our-runs.html").get_text()
    for name in ("damaged.json", "foreign.json", "newer.json"):
        assert name in text
    assert text.count("This run failed") == 2


def test_label_files_are_on_the_citation_page(book):
    page = soup(book.html / "book" / "citations.html")
    assert page.find(id="citation-labels").find("th", string="labels-ann.csv")
    assert len(page.select('[id^="citation-agreement-"].nd-table')) == 3


def test_experiments_in_the_book_are_not_executed(book):
    cells = nbformat.read(book.html.parent / "jupyter_execute" / "notebooks" / "cifar.ipynb", as_version=4).cells
    assert [c.outputs for c in cells if c.cell_type == "code" and c.outputs] == []


@pytest.mark.parametrize("book", ["few_pages"], indirect=True)
def test_a_new_record_appears_and_damaged_files_are_named_after_the_next_build(copy):
    """Nothing but the build itself has to be done."""
    record = make_record(72.3, 61.1, arch="resnet18", norm="nd")
    record.write(copy.tree / "runs")
    published = copy.tree / "runs" / "published" / "accuracies.csv"
    published.write_text(published.read_text().replace("percent", "per cent", 1))
    copy.build()
    table = (copy.html / "book" / "table4.html").read_text()
    assert f"our-runs.html#run-{record.run_id}" in table
    assert "72.30" in table
    assert "missing" in table
    assert "published/accuracies.csv" in soup(copy.html / "book" / "intro.html").get_text()
    assert record.run_id in (copy.html / "book" / "our-runs.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("book", ["all_pages"], indirect=True)
def test_the_book_is_built_without_a_single_sound_file_and_names_every_one(copy):
    """Of all that was published and measured nothing can be read any more."""
    runs = copy.tree / "runs"
    damaged = [path for path in runs.rglob("*") if path.suffix in (".csv", ".yaml", ".json")]
    for path in damaged:
        path.write_text("damaged: [")
    copy.build()
    text = "\n".join(soup(page).get_text() for page in copy.pages if page.parent.name == "book")
    assert [path.name for path in damaged if path.name not in text and "schema" not in path.parts] == []
