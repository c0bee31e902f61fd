"""Joining the pages of the book to one document, and what is said without a browser."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from ndcore.errors import UserError
from ndreport.build import pdf

PAGE = """<!doctype html><html><head><title>T</title><link rel="stylesheet" href="../_static/a.css"></head><body>
<nav class="bd-links"><p class="caption">Results</p><ul><li class="current active"><a class="current" href="#">One</a>
</li><li><a href="two.html">Two</a></li><li><a href="../deep/three.html">Three</a></li></ul></nav>
<article class="bd-article">{}</article></body></html>"""
ONE = """<h1>One<a class="headerlink" href="#one">#</a></h1><p id="s">see <a href="two.html#s">there</a>
<a href="../deep/three.html">three</a> <a href="#s">here</a> <a href="../_downloads/x.csv">file</a>
<a href="https://example.org/x">web</a></p><svg aria-labelledby="s"><use xlink:href="#s" clip-path="url(#s)"/></svg>
<div class="nd-record"><details><summary>P</summary>secret</details></div><details><summary>More</summary>open</details>
<div class="cell"><div><details class="hide"><summary>code</summary>y = 2</details></div></div>
<div class="cell"><svg></svg></div><details class="hide"><summary>code</summary>x = 1</details>
<a class="nd-value" href="#s">1.0<span class="nd-note">n</span></a>"""


@pytest.fixture
def joined(tmp_path) -> BeautifulSoup:
    html = tmp_path / "_build" / "html"
    for name, body in {
        "book/one": ONE,
        "book/two": '<p id="s">2</p>',
        "deep/three": '<img src="../_images/p.png">',
    }.items():
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / f"{name}.html").write_text(PAGE.format(body))
    return BeautifulSoup(pdf.join(html, "book/one", tmp_path / "_build" / "pdf"), "html.parser")


def test_pages_stand_in_the_order_of_the_contents_each_once(joined):
    assert [s["id"] for s in joined.select(".nd-page")] == ["book-one", "book-two", "deep-three"]
    assert [a["href"] for a in joined.select("nav a")] == ["#book-one", "#book-two", "#deep-three"]
    assert joined.select(".current") == []
    assert joined.select_one(".nd-contents h1").get_text() == "One"


def test_pages_that_go_on_with_another_follow_it(tmp_path):
    """The contents name the first page of our runs only."""
    html = tmp_path / "book"
    html.mkdir()
    for name in ("runs", "runs-2", "runs-10", "runs-of-others", "two"):
        (html / f"{name}.html").write_text(PAGE.replace("../deep/three", "two").format(f"<h1>{name}</h1>"))
    document = BeautifulSoup(pdf.join(tmp_path, "book/runs", tmp_path / "pdf"), "html.parser")
    names = ["book-runs", "book-runs-2", "book-runs-10", "book-two"]
    assert [page["id"] for page in document.select(".nd-page")] == names


def test_every_address_leads_to_the_same_thing_within_the_document(joined):
    ids = [tag["id"] for tag in joined.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = {a.get_text(): a.get("href") for a in joined.select("article p a")}
    assert links == {
        "there": "#book-two-s", "three": "#deep-three", "here": "#book-one-s", "file": None,
        "web": "https://example.org/x",
    }  # fmt: skip
    assert joined.svg["aria-labelledby"] == "book-one-s"
    assert joined.use["xlink:href"] == "#book-one-s"
    assert joined.use["clip-path"] == "url(#book-one-s)"
    assert joined.link["href"] == "../html/_static/a.css"
    assert joined.img["src"] == "../html/_images/p.png"


def test_what_only_a_screen_can_use_is_left_out_and_details_are_open(joined):
    text = joined.main.get_text()
    assert "open" in text
    assert joined.select("details[open]")
    for gone in ("secret", "x = 1", "y = 2", "#"):
        assert gone not in text
    assert joined.select(".nd-note") == []
    assert [cell.svg is not None for cell in joined.select(".cell")] == [True]  # what is empty then goes too


def test_without_chromium_or_playwright_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="none of chromium"):
        pdf.find_chromium()
    monkeypatch.setattr(pdf.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'FOLDER\[pdf\]', .* use `make pdf`"):
        pdf.find_chromium()
