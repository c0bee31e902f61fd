"""The citation page: printed counts, and label files made up here, and that its sentences hold."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from citation_factory import ANN, KEYS, write_citations
from shown import shown

from ndreport.build.sphinx_extension import inputs_digest
from ndreport.citations.labels import write_labels
from ndreport.evidence.citation_counts import LABELS
from ndreport.pages.citations import own_labels
from ndreport.pages.citations.counts import citation_figure, counts_table, numbers
from ndreport.pages.citations.material import Citations, load
from ndreport.pages.citations.own_labels import agreement_tables, labels_table
from ndreport.rendering.glued import wanted
from ndreport.rendering.prose import percent

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Printed counts and nothing of our own."""
    shutil.copytree(PUBLISHED, tmp_path / "published")
    return tmp_path


@pytest.fixture
def labelled(folder) -> Path:
    """Two people, a list of phrases and a list of contexts."""
    write_citations(folder / "citations")
    return folder


def test_every_printed_value_has_its_source(folder):
    view = shown(counts_table(load(folder).counts))
    assert list(view.index) == ["Positive", "Neutral", "Negative"]
    assert [cell.text for cell in view["contexts"]] == ["13", "46", "0"]
    assert [cell.text for cell in view["share (%)"]] == ["22.0", "78.0", "0.0"]
    assert [cell.text for cell in view["Wilson (%)"]] == ["13.4 to 34.1", "65.9 to 86.6", "0.0 to 6.1"]
    assert view.loc["Positive", "alike (%)"].text == "9.2 to 40.5"
    for cell in view.to_numpy().ravel():
        assert cell.note.startswith("Re ")
        assert cell.link.endswith("#source-cells-of-the-citations")
    assert BeautifulSoup(counts_table(load(folder).counts), "html.parser").find(id="citation-counts")


def test_the_sentences_hold(folder):
    found = numbers(load(folder))
    assert wanted("citations") <= found.keys()
    assert found["positive"] + found["neutral"] + found["negative"] == found["contexts"] == 59  # "add up"
    assert found["negative"] == 0  # "none of"
    assert found["neutral"] > found["contexts"] / 2  # "most of it is neutral"
    assert found["papers"] == 31
    assert (found["wilson"], found["exact"], found["alike"]) == ("13.4 to 34.1", "12.3 to 34.7", "9.2 to 40.5")
    assert float(found["per_paper"]) > 1  # "hardly independent"
    assert int(found["least_worth"]) < int(found["worth"]) < found["contexts"]
    assert (found["fewest"], found["most"], found["most_share"]) == (1, 13, percent(41.94, 1))
    assert (found["none_of_contexts"], found["none_of_papers"]) == (percent(5, 1), percent(9.2, 1))
    assert "1 example of positive: names the original among what inspired a training method" in found["examples"]
    assert found["without_example"] == "negative"


def test_numbers_follow_the_file(folder):
    path = folder / "published" / "citations.csv"
    changed = path.read_text().replace("contexts,negative,0,", "contexts,negative,2,")
    path.write_text(changed.replace("neutral,46,", "neutral,44,"))
    found = numbers(load(folder))
    assert (found["neutral"], found["negative"]) == (44, 2)


def test_the_figure_states_what_it_shows(folder):
    figure = BeautifulSoup(citation_figure(load(folder).counts), "html.parser")
    title = figure.svg.title.text
    for label, count in zip(LABELS, (13, 46, 0), strict=True):
        assert f"{label}: {count} contexts" in title
    assert "0.0 to 6.1 % for independent contexts" in title
    assert {"positive 13", "neutral 46", "negative 0"} <= {text.text.strip() for text in figure.svg.find_all("text")}


def test_without_label_files_the_page_says_not_run(folder):
    citations = load(folder)
    assert citations.problems == []
    assert citations.problem_notice() == ""
    about = own_labels.about_own_labels(citations)
    assert about.count("not run") == 3
    assert all(command in about for command in ("citations fetch", "citations label NAME", "citations baseline"))
    assert "Agreement: not run" in own_labels.about_agreement(citations)
    assert "nothing to show yet" in labels_table(citations)
    assert agreement_tables(citations) == ""


def test_label_files_are_shown(labelled):
    citations = load(labelled)
    assert citations.problems == []
    about = own_labels.about_own_labels(citations)
    assert "fetched on 2026-10-21: 8 contexts from 5 citing papers, 1 paper of these without any" in about
    assert "- labels in `labels-ann.csv`: 8 of 8" in about
    assert "- labels in `labels-bob.csv`: 6 of 8" in about
    view = shown(labels_table(citations))
    assert [view.loc["labels-ann.csv", label].text for label in LABELS] == ["2", "5", "1"]
    assert view.loc["labels-ann.csv", "positive (%)"].text == "25.0"
    assert re.fullmatch(r"0\.0 to [5-9]\d\.\d", view.loc["labels-ann.csv", "papers resampled (%)"].text)
    assert all(cell.note for cell in view.to_numpy().ravel())


def test_agreement_and_confusion_matrix_are_shown(labelled):
    citations = load(labelled)
    about = own_labels.about_agreement(citations)
    assert "`labels-ann.csv` and `labels-bob.csv`: 5 of 6 contexts alike (43.6 to 97.0 %); Cohen's κ **0.57**" in about
    assert "`labels-ann.csv` and `phrases`: 5 of 8 contexts alike" in about
    assert about.count("κ **0.00**, without an interval") == 2
    assert "**0.57** (−0.12 to 1.00)" in about
    assert "commonest class of `labels-ann.csv` would get 5 right" in about
    tables = BeautifulSoup(agreement_tables(citations), "html.parser")
    assert [t["id"] for t in tables.find_all("div", class_="nd-table")] == [
        f"citation-agreement-{i}" for i in (1, 2, 3)
    ]
    phrases = tables.find(id="citation-agreement-2")
    assert (
        phrases.caption.text == "Number of contexts by their class in labels-ann.csv (rows) and in phrases (columns)."
    )
    cells = [[td.find(string=True) for td in row.find_all("td")] for row in phrases.tbody.find_all("tr")]
    assert [[int(re.match(r"\d+", cell)[0]) for cell in row] for row in cells] == [[0, 2, 0], [0, 5, 0], [0, 1, 0]]


def test_label_files_without_anything_in_common(folder):
    write_labels(folder / "citations" / "labels-ann.csv", {})
    write_labels(folder / "citations" / "labels-bob.csv", {KEYS[0]: "neutral"})
    citations = load(folder)
    assert "no context has a label in both" in own_labels.about_agreement(citations)
    view = shown(labels_table(citations))
    assert view.loc["labels-ann.csv", "positive (%)"].text == "no labels"
    assert view.loc["labels-bob.csv", "papers resampled (%)"].text == "not defined"
    assert "1 context" not in own_labels.about_own_labels(citations)
    write_labels(folder / "citations" / "labels-ann.csv", {KEYS[0]: "neutral"})
    assert "κ is not defined" in own_labels.about_agreement(load(folder))


def test_damaged_files_are_named_and_the_rest_is_shown(labelled):
    own = labelled / "citations"
    (own / "labels-bob.csv").write_text("paper_id,context,label\np,0123456789abcdef,splendid\n")
    (own / "baseline.csv").write_bytes(b"\xff\xfe\x00")
    (own / "contexts.csv").write_text("")
    (labelled / "published" / "citations.csv").unlink()
    citations = load(labelled)
    names = ["published/citations.csv", "citations/labels-bob.csv", "citations/contexts.csv", "citations/baseline.csv"]
    assert [problem.file for problem in citations.problems] == names
    assert all(name in citations.problem_notice() for name in names)
    assert list(citations.labels) == ["labels-ann.csv"]
    assert "label &#x27;splendid&#x27; is not one of" in citations.problem_notice()
    assert "could not be read" in counts_table(citations.counts)
    assert "could not be read" in citation_figure(citations.counts)


def test_a_missing_folder_is_an_empty_page(tmp_path):
    citations = load(tmp_path / "nowhere")
    assert isinstance(citations, Citations)
    assert [problem.file for problem in citations.problems] == ["published/citations.csv"]


def test_a_new_label_file_makes_the_pages_anew(tmp_path, monkeypatch):
    monkeypatch.delenv("NDCORE_RUNS", raising=False)
    (tmp_path / "runs" / "published").mkdir(parents=True)
    before = inputs_digest(tmp_path)
    write_labels(tmp_path / "runs" / "citations" / "labels.csv", ANN)
    after = inputs_digest(tmp_path)
    assert after != before
    cache = tmp_path / "runs" / "citations" / "cache"
    cache.mkdir()
    (cache / "page.csv").write_text("texts do not matter to the pages")
    assert inputs_digest(tmp_path) == after
