"""The built book as a reader meets it: both themes, three widths, keyboard, search, paper; and never a network."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from pypdf import PdfReader

from ndreport.build.pdf import PDF_NAME
from ndreport.rendering.svg import SMALLEST

pytestmark = pytest.mark.end_to_end

MEGABYTE = 1_000_000
WIDEST = 1280
ALL_PAGES = [pytest.param("all_pages", width, marks=pytest.mark.slow) for width in (WIDEST, 768, 390)]
COLOURS = """() => ['color', 'background-color'].map(
    name => getComputedStyle(document.body).getPropertyValue(name).match(/\\d+/g).slice(0, 3).map(Number))"""
EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDER = """() => [...document.querySelectorAll('.nd-scroll')]
    .filter(box => box.clientWidth && box.scrollWidth > box.clientWidth + 1).map(box => box.parentElement.id)"""
"""Tables that do not fit into their page, also behind a line that opens them."""
OPEN_SOURCES = """() => document.querySelectorAll('.nd-table').forEach(
    box => box.querySelector('td .nd-value[aria-expanded]')?.click())"""
"""Of every table the first one."""
CONTRAST = "color-contrast"
"""The rule of axe that takes half of its time; colours depend on the theme and not on the width: at the widest only.
What else axe finds does not depend on the theme."""

TEXT_OF_FIGURES = """() => [...document.querySelectorAll('.nd-figure svg')].map(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const sizes = [...svg.querySelectorAll('text, tspan')].map(e => parseFloat(getComputedStyle(e).fontSize));
    return [svg.closest('figure').id, scale * Math.min(...sizes)];
}).concat([...document.querySelectorAll('.nd-grid td, .nd-grid th')].map(cell =>
    [cell.closest('figure').id, parseFloat(getComputedStyle(cell).fontSize)]))"""
"""Of every figure the size of its smallest text in pixels, as it is shown: the size in the drawing times the scale."""
WIDTHS_OF_PANELS = """() => [...document.querySelectorAll('.nd-figures')].map(panels =>
    [...panels.children].map(figure => Math.round(figure.getBoundingClientRect().width)))"""
MORE_OF_THE_SAME = ".nd-table tbody tr:nth-child(n + 20)"
"""Rows that axe need not see: the tables of the book have hundreds, made by one function and styled by one rule."""


def serious_violations(page, contrast: bool) -> list[str]:
    """What axe finds in a page, of impact serious or critical, with the first element that it concerns."""
    options = {"resultTypes": ["violations"], "preload": False, "rules": {CONTRAST: {"enabled": contrast}}}
    found = Axe().run(page, {"exclude": [[MORE_OF_THE_SAME]]}, options).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]


def watch(page) -> list[str]:
    """Collects what must not happen: messages on the console, failed requests, requests that leave the book."""
    trouble: list[str] = []
    page.on("console", lambda m: m.type in ("error", "warning") and trouble.append(m.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("requestfailed", lambda request: trouble.append(f"failed: {request.url}"))
    page.on("request", lambda r: r.url.startswith(("file:", "data:")) or trouble.append(f"external: {r.url}"))
    return trouble


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("book", "width"), [("few_pages", WIDEST), *ALL_PAGES], indirect=["book"])
def test_every_page_in_the_browser(book, browser, theme, width):
    """No trouble, no sideways scroll, no serious violation of accessibility; light on dark or dark on light."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    page = context.new_page()
    trouble = watch(page)
    for path in (p for p in book.pages if p.name != "index.html"):
        page.goto(path.as_uri(), wait_until="load")
        assert (path.name, page.evaluate(EXCESS), trouble) == (path.name, 0, [])
        if width == WIDEST:
            page.evaluate("document.querySelectorAll('.nd-more').forEach(more => { more.open = true })")
            assert (path.name, page.evaluate(WIDER)) == (path.name, [])
        text, behind = page.evaluate(COLOURS)
        assert (sum(text) < sum(behind)) == (theme == "light"), path.name
        page.evaluate(OPEN_SOURCES)
        if width == WIDEST or theme == "light":
            assert (path.name, serious_violations(page, contrast=width == WIDEST)) == (path.name, [])
    context.close()


@pytest.mark.parametrize(
    ("book", "width"),
    [("few_pages", WIDEST), ("few_pages", 390), *(p for p in ALL_PAGES if 768 not in p.values)],
    indirect=["book"],
)
def test_text_of_figures_can_be_read_and_panels_are_equally_wide(book, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    seen = 0
    for path in (p for p in book.pages if p.name != "index.html"):
        page.goto(path.as_uri(), wait_until="load")
        sizes = page.evaluate(TEXT_OF_FIGURES)
        assert (path.name, [(name, size) for name, size in sizes if size < SMALLEST - 0.01]) == (path.name, [])
        assert all(len(set(widths)) == 1 for widths in page.evaluate(WIDTHS_OF_PANELS)), path.name
        seen += len(sizes)
    assert seen > 5
    page.close()


def test_axe_would_find_a_violation(browser):
    page = browser.new_page()
    page.set_content('<html lang="en"><title>t</title><p style="color: #999">pale</p><input></html>')
    found = serious_violations(page, contrast=True)
    assert [f.partition(":")[0] for f in found] == ["color-contrast", "label"]
    page.close()


def test_the_first_page_is_small_with_everything_that_it_loads(book, browser):
    page = browser.new_context(offline=True).new_page()
    loaded = set()
    page.on("requestfinished", lambda request: loaded.add(unquote(urlsplit(request.url).path)))
    page.goto((book.html / "index.html").as_uri(), wait_until="networkidle")
    sizes = {path: Path(path).stat().st_size for path in loaded if path.startswith("/")}
    assert any(path.endswith("/book/intro.html") for path in sizes)
    assert sum(path.endswith((".css", ".js", ".woff2")) for path in sizes) > 5
    assert sum(sizes.values()) <= 1.5 * MEGABYTE, sizes
    page.close()


def test_search_works_from_a_file_without_a_network(book, browser):
    page = browser.new_context(offline=True).new_page()
    trouble = watch(page)
    page.goto((book.html / "search.html").as_uri())
    page.locator("input[name=q]:visible").first.fill("whitened")
    page.keyboard.press("Enter")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    results.first.click()
    page.wait_for_url("**/book/*.html**")
    assert "whitened" in page.locator("article").inner_text()
    assert trouble == []
    page.close()


@pytest.mark.parametrize(
    ("query", "first"),
    [("99.86", ""), ("46.56", ""), ("table 4", "Table 4 and Figure 2: CIFAR-10"), ("environment", "Environment")],
)
def test_search_finds_numbers_and_ranks_the_page_of_a_topic_first(book, browser, query, first):
    page = browser.new_context(offline=True).new_page()
    page.goto(f"{(book.html / 'search.html').as_uri()}?q={quote(query)}")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    titles = results.all_inner_texts()
    assert "Table 4 and Figure 2: CIFAR-10" in titles or first
    assert titles[0] == first or not first
    page.close()


def test_the_keyboard_reaches_search_sorting_and_values_of_a_table(book, browser):
    page = browser.new_page()
    page.goto((book.html / "book" / "environment.html").as_uri())
    page.locator("article h1").click()
    met: list[str] = []
    wanted = ["search", "nd-scroll", "nd-sort", "nd-value"]
    for _ in range(60):
        page.keyboard.press("Tab")
        met.append(page.evaluate("(e => e.type === 'search' ? 'search' : e.classList[0])(document.activeElement)"))
    table = met[met.index("search") :]  # before it comes the box with the facts of this build
    assert [kind for kind in dict.fromkeys(table) if kind in wanted] == wanted
    page.close()


def test_the_whole_book_is_printed_into_one_pdf_and_a_strict_build_names_what_is_damaged(book, browser):
    done = book.command("--pdf", "--strict")
    assert done.returncode == 1
    named = [line for line in done.stderr.splitlines() if line.startswith("ndcore book: runs/damaged.json ")]
    assert len(named) == 1
    assert "--strict allows none" in done.stderr.splitlines()[-1]
    reader = PdfReader(book.tree / "_build" / "pdf" / PDF_NAME)
    texts = [page.extract_text() for page in reader.pages]
    assert sum(len(text.split()) < 10 for text in texts) <= len(book.titles)
    assert len(book.pages) - 3 <= len(texts) <= 400  # without index, search and genindex
    whole = "\n".join(texts)
    for expected in ("Table 4 and Figure 2: CIFAR-10", "How to re-run", "VGG-16", f"{len(texts)} / {len(texts)}"):
        assert expected in whole
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert "Table 4 and Figure 2: CIFAR-10" in titles
    addresses = [
        note.get_object()["/A"].get("/URI", "")
        for page in reader.pages
        for note in page.get("/Annots") or []
        if "/A" in note.get_object()
    ]
    assert [a for a in addresses if not a.startswith("https://")] == []


def test_a_value_opens_its_source_below_its_row(book, browser):
    page = browser.new_page()
    page.goto((book.html / "book" / "table4.html").as_uri())
    value = page.locator("#table-4-epochs-20 a.nd-value").first
    value.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    source = page.locator("#table-4-epochs-20 .nd-source")
    assert "Re Table 4 row (1) BN 20 Org." in source.inner_text()
    assert source.bounding_box()["y"] > value.bounding_box()["y"]
    source.get_by_role("link", name="Open the source").click()
    page.wait_for_url("**/runs/published/README.html#source-cells")
    page.close()


def test_wide_tables_scroll_to_the_side_on_a_phone_with_the_first_column_in_place(book, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((book.html / "book" / "table4.html").as_uri())
    box = page.locator("#table-4-epochs-1 .nd-scroll")
    stub = box.locator("tbody th").nth(7)
    before = stub.bounding_box()["x"]
    box.evaluate("e => { e.scrollLeft = 200 }")
    assert box.evaluate("e => e.scrollLeft") == 200
    assert stub.bounding_box()["x"] == before
    assert box.evaluate("e => e.scrollHeight - e.clientHeight") <= 20  # no box within the page to scroll down in
    page.close()
