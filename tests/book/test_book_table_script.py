"""The controls that `book/_static/table.js` adds to a table, used as a reader would, with the keyboard too."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ndreport.rendering.html import table
from ndreport.rendering.values import decimal, judgement, missing, word

pytestmark = pytest.mark.end_to_end

STATIC = Path(__file__).parents[2] / "book" / "_static"
ROWS = {
    "VGG-16": (decimal(9.996, "log of VGG"), judgement("good", "holds", "9 of 9"), word("Table 4")),
    "ResNet-18": (decimal(10.004, "log of ResNet"), judgement("bad", "fails", "1 of 9"), word("Table 10")),
    "DPN-92": (
        missing("not run", "no record", command="ndcore run --arch dpn92"),
        judgement("good", "holds", "9 of 9"),
        word("Table 5"),
    ),
    "PNASNet": (
        decimal(-3.0, "log of PNASNet"),
        judgement("open", "cannot be decided", ""),
        word("Table 4", "as printed", "#t"),
    ),
}
COLUMNS = [("ours", "gain"), ("claim", "verdict"), ("claim", "where")]


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    yield page
    page.close()


def show(page, tmp_path, columns=COLUMNS, scripts: int = 1, cells=ROWS, **options) -> None:
    view = pd.DataFrame(list(cells.values()), index=list(cells))
    view.columns = pd.MultiIndex.from_tuples(columns) if isinstance(columns[0], tuple) else columns
    names = ("table.js", "sources.js", "address.js")
    script = "".join(f'<script src="{(STATIC / name).as_uri()}"></script>' for name in names) * scripts
    style = f'<link rel="stylesheet" href="{(STATIC / "report.css").as_uri()}">'
    text = (
        f"<!doctype html><title>t</title>{style}{script}{table(view, 'Gains and claims.', 't', 'Network', **options)}"
    )
    (tmp_path / "page.html").write_text(text)
    page.goto((tmp_path / "page.html").as_uri())


def rows(page) -> list[str]:
    """Row headers that are visible, from top to bottom."""
    names = [th.inner_text() for th in page.locator("tbody th").all() if th.is_visible()]
    return [name.removesuffix(" #") for name in names]


def test_search_finds_rows_by_every_word_that_they_show(page, tmp_path):
    show(page, tmp_path, searchable=True)
    field, count = page.get_by_label("Search in this table"), page.get_by_role("status")
    assert (rows(page), count.inner_text()) == (list(ROWS), "4 of 4 rows")
    assert count.get_attribute("aria-live") == "polite"
    field.fill("HOLDS table")
    assert (rows(page), count.inner_text()) == (["VGG-16", "DPN-92"], "2 of 4 rows")
    field.fill("log")  # stands in notes only
    assert (rows(page), count.inner_text()) == ([], "0 of 4 rows")
    field.fill("")
    assert rows(page) == list(ROWS)
    assert page.locator(".nd-sort, select").count() == 0


@pytest.mark.parametrize("columns", [COLUMNS, ["gain", "verdict", "where"]])
def test_filters_offer_every_value_and_work_together_with_search(page, tmp_path, columns):
    show(page, tmp_path, columns, searchable=True, filters=(columns[1], "Network"))
    verdict = page.get_by_label("verdict")
    assert verdict.locator("option").all_inner_texts() == ["all", "cannot be decided (1)", "fails (1)", "holds (2)"]
    verdict.select_option("holds")
    assert rows(page) == ["VGG-16", "DPN-92"]
    page.get_by_label("Search in this table").fill("Table 5")
    assert rows(page) == ["DPN-92"]
    page.get_by_label("Network").select_option("VGG-16")
    assert rows(page) == []


@pytest.mark.parametrize("columns", [COLUMNS, ["gain", "verdict", "where"]])
def test_columns_sort_by_unrounded_numbers_then_words_then_what_is_missing(page, tmp_path, columns):
    show(page, tmp_path, columns, sortable=True)
    gain, where = page.get_by_role("button", name="gain"), page.get_by_role("button", name="where")
    head = page.locator("th", has=gain)
    gain.click()
    assert (rows(page), head.get_attribute("aria-sort")) == (["PNASNet", "VGG-16", "ResNet-18", "DPN-92"], "ascending")
    gain.click()
    assert (rows(page), head.get_attribute("aria-sort")) == (["ResNet-18", "VGG-16", "PNASNet", "DPN-92"], "descending")
    where.click()
    assert (rows(page), head.get_attribute("aria-sort")) == (["VGG-16", "PNASNet", "DPN-92", "ResNet-18"], None)
    page.get_by_role("button", name="Network").click()
    assert rows(page) == ["DPN-92", "PNASNet", "ResNet-18", "VGG-16"]
    gain.click(click_count=3)
    assert rows(page) == list(ROWS)


def test_a_cell_with_several_values_is_found_by_each_of_them(page, tmp_path):
    several = ROWS | {"SENet-18": (decimal(1.0, ""), judgement("good", "holds", ""), word("Table 4; Table 5"))}
    show(page, tmp_path, cells=several, filters=(COLUMNS[2],))
    where = page.get_by_label("where")
    assert where.locator("option").all_inner_texts() == ["all", "Table 4 (3)", "Table 5 (2)", "Table 10 (1)"]
    where.select_option("Table 5")
    assert rows(page) == ["DPN-92", "SENet-18"]


def test_filters_search_and_order_stand_in_the_address_and_come_back(page, tmp_path):
    options = {"searchable": True, "filters": (COLUMNS[1],), "sortable": True, "row_ids": ["a", "b", "c", "d"]}
    show(page, tmp_path, **options)
    plain = page.url
    page.get_by_label("verdict").select_option("holds")
    page.get_by_label("Search in this table").fill("Table")
    page.get_by_role("button", name="where").click()
    page.get_by_role("button", name="where").click()
    chosen = page.url
    assert chosen == f"{plain}?t.verdict=holds&t.Search+in+this+table=Table&t.sort=-4"
    page.goto("about:blank")
    for come in (page.go_back, page.reload, lambda: page.goto(f"{chosen}#a")):
        come()
        assert rows(page) == ["DPN-92", "VGG-16"]
        assert page.get_by_label("verdict").input_value() == "holds"
        assert page.get_by_label("Search in this table").input_value() == "Table"
    assert page.url == f"{chosen}#a"
    page.get_by_label("verdict").select_option("")
    page.get_by_label("Search in this table").fill("")
    page.get_by_role("button", name="where").click()
    assert page.url == f"{plain}#a"


def test_an_address_that_asks_for_what_is_not_there_shows_the_table(page, tmp_path):
    options = {"searchable": True, "filters": (COLUMNS[1],), "sortable": True, "row_ids": ["a", "b", "c", "d"]}
    show(page, tmp_path, **options)
    plain = page.url
    page.goto(f"{plain}?t.verdict=nothing&t.sort=99")
    assert (rows(page), page.url) == (list(ROWS), plain)
    page.goto(f"{plain}?t.verdict=holds#b")  # a row that the filter hides
    assert (rows(page), page.url) == (list(ROWS), f"{plain}#b")


def test_everything_is_reached_with_the_keyboard_in_reading_order(page, tmp_path):
    show(page, tmp_path, searchable=True, filters=(COLUMNS[1],), sortable=True, row_ids=["a", "b", "c", "d"])
    met = []
    for _ in range(9):
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.className"))
    assert met == [
        "INPUT ",
        "SELECT ",
        "DIV nd-scroll",
        *["BUTTON nd-sort"] * 4,
        "A nd-permalink",
        "SPAN nd-value nd-short",
    ]
    page.get_by_role("button", name="Network").press("Enter")
    assert rows(page)[0] == "DPN-92"


def test_arrow_keys_lead_from_value_to_value_and_tab_leaves_the_table(page, tmp_path):
    show(page, tmp_path, row_ids=["a", "b", "c", "d"])
    values = page.locator("tbody .nd-value[tabindex], tbody a.nd-value")
    assert [v.evaluate("e => e.tabIndex") for v in values.all()].count(0) == 1
    values.first.focus()
    place = "(e => [e.closest('tr').rowIndex, e.closest('td').cellIndex])(document.activeElement)"
    met = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "Home", "ArrowLeft"):
        page.keyboard.press(key)
        met.append(tuple(page.evaluate(place)))
    assert met == [(3, 1), (4, 1), (3, 1), (3, 2), (3, 1), (3, 1)]
    assert page.evaluate("document.querySelectorAll('tbody .nd-value[tabindex=\"0\"]').length") == 1


@pytest.mark.parametrize("touch", [True, False])
def test_a_value_opens_its_source_below_its_row_and_closes_it(touch, browser, tmp_path):
    context = browser.new_context(has_touch=touch, is_mobile=touch)
    page = context.new_page()
    show(page, tmp_path, COLUMNS)
    link = page.locator("tbody a.nd-value").first
    choose = link.tap if touch else link.click
    address = page.url
    choose()
    detail = page.locator("tr.nd-detail")
    assert detail.inner_text().strip() == "Table 4: as printed Open the source"
    assert link.get_attribute("aria-expanded") == "true"
    assert detail.evaluate("e => e.previousElementSibling.cells[0].textContent") == "PNASNet"
    page.locator("tbody span.nd-value[aria-expanded]").first.click()
    assert detail.inner_text().strip() == "10.00: log of VGG"  # one at a time
    page.keyboard.press("Escape")
    assert detail.count() == 0
    choose()
    choose()
    assert (detail.count(), link.get_attribute("aria-expanded"), page.url) == (0, "false", address)
    choose()
    page.get_by_role("link", name="Open the source").click()
    assert page.url == f"{address}#t"
    context.close()


def test_the_keyboard_opens_a_source_and_goes_on_past_it(page, tmp_path):
    show(page, tmp_path, sortable=True)
    values = page.locator("tbody .nd-value[aria-expanded]")
    values.first.focus()
    for key in ("Enter", " ", " "):
        page.keyboard.press(key)
    assert page.locator("tr.nd-detail").inner_text().strip() == "10.00: log of VGG"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('tr').cells[0].textContent") == "ResNet-18"
    page.get_by_role("button", name="gain", exact=True).click()
    assert page.locator("tr.nd-detail").count() == 0
    assert rows(page) == ["PNASNet", "VGG-16", "ResNet-18", "DPN-92"]


def test_a_command_is_copied(browser, tmp_path):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    show(page, tmp_path)
    page.get_by_role("button", name="not run").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "ndcore run --arch dpn92"
    page.add_style_tag(path=STATIC / "print.css")
    assert page.locator(".nd-copy").is_hidden()  # of no use on paper
    context.close()


def test_a_link_to_a_row_that_is_filtered_away_shows_it(page, tmp_path):
    show(page, tmp_path, searchable=True, row_ids=["a", "b", "row c", "d"])
    field = page.get_by_label("Search in this table")
    field.fill("VGG")
    page.evaluate("location.hash = '#row c'")
    page.wait_for_function("document.getElementById('row c').checkVisibility()")
    assert field.input_value() == ""
    assert page.locator("tr", has_text="VGG-16").locator(".nd-permalink").get_attribute("href") == "#a"


@pytest.mark.parametrize("odd", ["#%", "#%E0%A4%A", "#a?t.sort=1", "#%22%5B%3Cimg%20src=x%3E"])
def test_an_odd_address_changes_nothing_and_is_no_error(odd, page, tmp_path):
    show(page, tmp_path, searchable=True, row_ids=["a", "b", "c", "d"])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.get_by_label("Search in this table").fill("VGG")
    page.evaluate("odd => new Promise(done => { onhashchange = () => done(); location.hash = odd })", odd)
    assert (rows(page), errors) == (["VGG-16"], [])


def test_without_the_script_the_table_is_whole_and_with_it_twice_nothing_doubles(page, tmp_path):
    options = {"searchable": True, "filters": (COLUMNS[1],), "sortable": True}
    show(page, tmp_path, scripts=0, **options)
    assert rows(page) == list(ROWS)
    assert page.locator("input, button, select").count() == 0
    show(page, tmp_path, scripts=2, **options)
    assert page.locator("input").count() == 1
    assert page.locator("button").count() == 4


def test_a_path_in_a_sentence_breaks_where_the_window_is_as_narrow_as_at_a_zoom_of_400_percent(browser):
    page = browser.new_page(viewport={"width": 320, "height": 600})
    path = '<code><span class="pre">book/ndreport/evidence/claims/predicates/of-a-long-name/</span></code>'
    page.set_content(f'<style>span.pre {{ white-space: nowrap }}</style><article class="bd-article">{path}</article>')
    excess = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(excess) > 0
    page.add_style_tag(path=STATIC / "report.css")
    assert page.evaluate(excess) == 0
    page.close()


def test_the_scripts_are_small():
    assert (STATIC / "table.js").stat().st_size <= 8_500
    assert (STATIC / "address.js").stat().st_size <= 3_000
