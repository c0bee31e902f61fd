"""The built book: complete, self-contained, readable in both themes and on a phone, without a network."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

pytestmark = pytest.mark.end_to_end

MEGABYTE = 1_000_000


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


def test_all_pages_are_there_and_the_book_is_small(book):
    names = {p.relative_to(book.html).as_posix() for p in book.pages}
    expected = {"book/intro", "book/table4", "book/our-runs", "book/rerun", "book/environment", "notebooks/cifar"}
    expected |= {"book/ablation", "notebooks/ablation", "book/imagenet", "book/matrix"}
    assert {f"{name}.html" for name in expected} | {"runs/published/README.html", "search.html"} <= names
    assert sum(p.stat().st_size for p in book.html.rglob("*") if p.is_file()) < 25 * MEGABYTE
    assert max(p.stat().st_size for p in book.pages) < 1.5 * MEGABYTE


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


def test_experiments_in_the_book_are_not_executed(book):
    cells = nbformat.read(book.html.parent / "jupyter_execute" / "notebooks" / "cifar.ipynb", as_version=4).cells
    assert [c.outputs for c in cells if c.cell_type == "code" and c.outputs] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_in_the_browser(book, browser, theme, width):
    """No console message, no failed or external request, no sideways scroll; light on dark or dark on light."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda m: m.type in ("error", "warning") and trouble.append(m.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("requestfailed", lambda request: trouble.append(f"failed: {request.url}"))
    page.on("request", lambda r: r.url.startswith(("file:", "data:")) or trouble.append(f"external: {r.url}"))
    for path in (p for p in book.pages if p.name != "index.html"):
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(100)
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (path.name, excess, trouble) == (path.name, 0, [])
        text, behind = page.evaluate(COLOURS)
        assert (sum(text) < sum(behind)) == (theme == "light"), path.name
    context.close()


COLOURS = """() => ['color', 'background-color'].map(
    name => getComputedStyle(document.body).getPropertyValue(name).match(/\\d+/g).slice(0, 3).map(Number))"""


def test_a_focused_value_shows_its_source(book, browser):
    page = browser.new_page()
    page.goto((book.html / "book" / "table4.html").as_uri())
    value = page.locator("#table-4-epochs-20 a.nd-value").first
    value.focus()
    page.keyboard.press("Tab")
    note = page.locator("a.nd-value:focus .nd-note")
    assert note.inner_text().strip().startswith("Re Table 4 row (1) BN 20 Rep.Avg")
    box = note.bounding_box()
    assert box["height"] > 20
    assert box["width"] > 500
    page.close()


def test_wide_tables_scroll_in_their_box_with_head_and_first_column_in_place(book, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((book.html / "book" / "table4.html").as_uri())
    box = page.locator("#table-4-epochs-1 .nd-scroll")
    stub, head = box.locator("tbody th").nth(12), box.locator("thead th").first
    before = stub.bounding_box()["x"], head.bounding_box()["y"]
    box.evaluate("e => { e.scrollLeft = 300; e.scrollTop = 400 }")
    assert box.evaluate("e => e.scrollLeft") == 300
    assert stub.bounding_box()["x"] == before[0]
    assert head.bounding_box()["y"] <= before[1]
    assert head.bounding_box()["y"] >= box.bounding_box()["y"]
    page.close()


def test_a_new_record_and_a_damaged_file_appear_after_the_next_build(book):
    """Last test of this file: it changes the tree. Nothing but the build itself has to be done."""
    record = make_record(72.3, 61.1, arch="resnet18", norm="nd")
    record.write(book.tree / "runs")
    published = book.tree / "runs" / "published" / "accuracies.csv"
    published.write_text(published.read_text().replace("percent", "per cent", 1))
    book.build()
    table = (book.html / "book" / "table4.html").read_text()
    assert f"our-runs.html#run-{record.run_id}" in table
    assert "72.30" in table
    assert "missing" in table
    assert "published/accuracies.csv" in soup(book.html / "book" / "intro.html").get_text()
    assert record.run_id in (book.html / "book" / "our-runs.html").read_text()
