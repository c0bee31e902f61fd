"""Tables, figures and provenance as accessible HTML that works offline."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndcore.experiment.folders import PROJECT
from ndreport.pages.our_runs.curves import alt_text, curves
from ndreport.pages.our_runs.overview import runs_view
from ndreport.pages.our_runs.provenance import section
from ndreport.rendering import html
from ndreport.rendering.svg import BLUE, GREEN, GREY, INK, OCHRE, PURPLE, VERMILLION
from ndreport.rendering.values import GLYPHS, Value, decimal, judgement, missing


def saved(link) -> str:
    """The content behind a download link."""
    return base64.b64decode(link["href"].split("base64,")[1]).decode()


@pytest.fixture
def view() -> pd.DataFrame:
    rows = [[decimal(46.5567, "run <a>", "our-runs.html#run-a"), missing("not run", "nobody ran it")]]
    columns = pd.MultiIndex.from_tuples([("ours", "test"), ("ours", "train")])
    return pd.DataFrame(rows, index=["VGG-16 & co"], columns=columns)


def test_table_has_caption_scopes_and_a_named_focusable_scroll_box(view):
    page = BeautifulSoup(html.table(view, "Top-1 in percent", "t1", "Network"), "html.parser")
    box = page.find(class_="nd-scroll")
    assert box["tabindex"] == "0"
    assert page.find(id=box["aria-labelledby"]).get_text() == "Top-1 in percent"
    assert [(h.get_text(), h["scope"]) for h in page.thead.find_all("th")] == [
        ("Network", "col"), ("ours", "colgroup"), ("test", "col"), ("train", "col"),
    ]  # fmt: skip
    assert page.thead.find("th", string="ours")["colspan"] == "2"
    assert page.tbody.th["scope"] == "row"
    assert page.tbody.th.get_text() == "VGG-16 & co"


def test_every_value_is_focusable_and_tells_its_source(view):
    page = BeautifulSoup(html.table(view, "c", "t", "Network"), "html.parser")
    link, span = page.tbody.find_all(class_="nd-value")
    assert link.name == "a"
    assert link["href"] == "our-runs.html#run-a"
    assert "run <a>" in link.get_text()
    assert span["tabindex"] == "0"
    assert span.get_text().startswith("not run")
    assert "nobody ran it" in span.get_text()


def test_csv_has_unrounded_numbers_words_and_sources(view):
    page = BeautifulSoup(html.table(view, "c", "t", "Network"), "html.parser")
    link = page.find("a", download="t.csv")
    frame = pd.read_csv(io.StringIO(saved(link)))
    assert frame.loc[0, "ours / test"] == 46.5567
    assert frame.loc[0, "ours / train"] == "not run"
    assert frame.loc[0, "ours / test (source)"] == "run <a>"


def test_options_of_a_table_are_data_for_the_script(view):
    page = BeautifulSoup(
        html.table(
            view, "c", "t", "Network", searchable=True, sortable=True, filters=[("ours", "train")], row_ids=["vgg & co"]
        ),
        "html.parser",
    )
    box = page.find(class_="nd-table")
    assert {"data-search", "data-sort"} <= set(box.attrs)
    assert box["data-filters"] == "2"
    assert [td.get("data-n") for td in page.tbody.find_all("td")] == ["46.5567", None]
    assert page.tbody.tr["id"] == "vgg & co"
    assert page.tbody.th.a["href"] == "#vgg & co"
    plain = html.table(view, "c", "t", "Network")
    assert not [word for word in ("data-search", "data-sort", "data-filters", "data-n", "permalink") if word in plain]


def test_numbers_of_numpy_are_sorted_as_numbers_and_nan_as_a_word():
    values = [Value("1", "", "", np.float64(0.1)), Value("2", "", "", np.int64(2)), Value("none", "", "", np.nan)]
    page = html.table(pd.DataFrame([values], index=["a"]), "c", "t", "s", sortable=True)
    assert re.findall('data-n="([^"]*)"', page) == ["0.1", "2.0"]


def test_row_ids_are_one_for_each_row_and_filters_are_columns(view):
    with pytest.raises(ValueError, match="zip"):
        html.table(view, "c", "t", "s", row_ids=["a", "b"])
    with pytest.raises(ValueError, match="not in list"):
        html.table(view, "c", "t", "s", filters=["train"])


def test_a_judgement_has_a_glyph_beside_its_word_and_the_word_alone_in_the_csv():
    view = pd.DataFrame([[judgement("partial", "holds in part", "7 of 9")]], index=["C-1"], columns=["verdict"])
    page = BeautifulSoup(html.table(view, "c", "t", "Claim"), "html.parser")
    cell = page.tbody.find(class_="nd-partial")
    assert cell.get_text() == "◐ holds in part 7 of 9"
    assert cell.span["aria-hidden"] == "true"
    assert "holds in part,7 of 9" in saved(page.find("a", download="t.csv"))
    with pytest.raises(ValueError, match="good, bad, partial, open"):
        judgement("green", "holds", "")


@pytest.mark.parametrize(
    ("theme", "background"), [("light", "#ffffff"), ("light", "#f3f4f5"), ("dark", "#14181e"), ("dark", "#222832")]
)
def test_words_of_judgements_are_readable_in_both_themes(theme, background):
    light, dark = re.findall(r"\{([^{}]*--nd-good:[^{}]*)\}", (PROJECT / "book" / "_static" / "report.css").read_text())
    colours = dict(re.findall(r"--nd-(\w+): (#\w+)", light if theme == "light" else dark))
    assert set(colours) == set(GLYPHS)
    assert {kind for kind, colour in colours.items() if contrast(colour, background) < 4.5} == set()


def test_text_of_records_cannot_become_markup():
    record = make_record(failed=True)
    failure = record.failure.model_copy(update={"message": "<script>alert(1)</script>"})
    page = section(record.model_copy(update={"failure": failure}), "run")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_empty_table_says_so():
    assert "nothing to show yet" in html.table(runs_view([], []), "All records.", "t", "Run")


def test_a_cell_is_never_blank():
    with pytest.raises(ValueError, match="never blank"):
        Value("", "note")


def test_one_level_of_columns_and_a_notice_without_items():
    page = BeautifulSoup(html.table(runs_view([make_record()], ["our-runs.html#run"]), "c", "t", "Run"), "html.parser")
    assert len(page.thead.find_all("tr")) == 1
    assert html.notice("warning", "title", []) == ""


@pytest.mark.parametrize("epochs", [2, 20, 21])
def test_curves_are_described_labelled_and_follow_the_theme(epochs):
    record = make_record(40.0, 30.0, epochs=epochs)
    page = BeautifulSoup(curves(record, "fig"), "html.parser")
    svg = page.svg
    title = page.find(id=svg["aria-labelledby"]).get_text()
    assert svg["role"] == "img"
    assert title == alt_text(record)
    texts = [t.get_text() for t in svg.find_all("text")]
    assert {"epoch", "running training", "test", "top-1 accuracy (percent)", "cross entropy (nats)"} <= set(texts)
    assert "currentColor" in str(svg)
    assert INK not in str(svg)
    assert svg.find("style") is None
    ids = re.findall(r'\bid="([^"]+)"', str(page))
    assert len(ids) == len(set(ids))
    assert all(i.startswith("fig") for i in ids)
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', str(svg))) <= {(i, "") for i in ids} | {
        ("", i) for i in ids
    }
    assert saved(page.find("a", download="fig.svg")).startswith("<svg")


def test_curves_are_the_same_each_time_and_alt_text_states_values():
    record = make_record(46.6, 38.2, epochs=2)
    assert curves(record, "x") == curves(record, "x")
    text = alt_text(record)
    assert "46.60 %" in text
    assert "38.20 %" in text
    assert "epochs 1 to 3" in alt_text(make_record(epochs=3))


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours (WCAG 2)."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY])
@pytest.mark.parametrize("background", ["#ffffff", "#121212"])
def test_data_colours_stand_out_in_both_themes(colour, background):
    assert contrast(colour, background) >= 3
