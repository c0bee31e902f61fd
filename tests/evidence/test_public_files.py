"""Public files are cited at a commit, with the lines that are meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ndreport.evidence.csv_files import read_cells
from ndreport.evidence.published import FILES, load_all
from ndreport.evidence.sources import KNOWN, REPOSITORIES, citations, with_commits
from ndreport.rendering.links import cited, public_file

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"
FILE_NAME = re.compile(r"[\w./*-]+\.(?:py|sh|ipynb|xlsx|txt|tex|md)\b")
"""What looks like the name of a file."""


def raw_sources() -> list[str]:
    """Every source text, as it is written in `runs/published/`."""
    tables = [read_cells(PUBLISHED / file.name, list(file.columns)) for file in FILES.values()]
    found = [text for table in tables for text in table["source"]]
    return found + [finding["source"] for finding in yaml.safe_load((PUBLISHED / "findings.yaml").read_text())]


def test_a_commit_is_named_by_all_of_its_digits_and_every_study_has_files():
    assert [commit for _, commit in KNOWN if not re.fullmatch(r"[0-9a-f]{40}", commit)] == []
    assert {study for study, _ in KNOWN} == set(REPOSITORIES)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("original models/deconv.py:291-293", "yechengxi/*/blob/eeae459*/models/deconv.py#L291-L293"),
        ("Original README.md", "yechengxi/*/blob/bc5065d*/README.md"),
        ("Original README.md (commit 022836f)", "yechengxi/*/blob/022836f*/README.md"),
        ("original models/*.py", "yechengxi/*/tree/eeae459*/models"),
        (
            "Re rep_values.xlsx rep_values_t1!CI7",
            "lamps-lab/*/blob/e348f22*/results/rep_values.xlsx",
        ),
        (
            "Re rep_values.xlsx (commit 2b061b0)",
            "lamps-lab/*/blob/2b061b0*/results/rep_values.xlsx",
        ),
        ("Re arg_parser.py:37", "lamps-lab/*/blob/9872dcb*/arg_parser.py#L37"),
        ("Re single_experiment_*.sh", "lamps-lab/*/tree/2b061b0*"),
    ],
)
def test_a_file_leads_to_its_commit_and_lines(text, url):
    owner, commit, end = map(re.escape, url.split("*"))
    pattern = f"https://github.com/{owner}(rep-network-)?deconvolution{commit}[0-9a-f]{{33}}{end}"
    assert re.fullmatch(pattern, public_file(text, ""))


def test_a_text_names_the_commit_of_every_file_once():
    text = with_commits("Re main.py and original models/vgg.py:47, cell A21")
    assert text == "Re main.py (commit 5937c17) and original models/vgg.py:47 (commit eeae459), cell A21"
    assert with_commits(text) == text
    assert public_file("Re Table 4", "page.html") == "page.html"


def test_a_text_becomes_html_with_a_link_for_every_file():
    html = cited("original models/deconv.py:11-40 & more")
    assert html.startswith('<a href="https://github.com/yechengxi/deconvolution/blob/eeae459')
    assert html.endswith(">original models/deconv.py, lines 11 to 40</a> (commit eeae459) &amp; more")


@pytest.mark.parametrize("text", ["original models/unknown.py", "Re main.py (commit eeae459)"])
def test_an_unknown_file_or_commit_is_refused(text):
    with pytest.raises(ValueError, match="is no public file"):
        with_commits(text)


def test_every_file_that_a_source_names_is_known():
    sources = raw_sources()
    assert len(sources) > 2000
    for text in sources:
        names = FILE_NAME.findall(text)
        assert [found.name for _, found in citations(text)] == names, text


def test_the_notes_of_values_name_file_sheet_cell_and_commit():
    published, problems = load_all(PUBLISHED)
    assert problems == []
    attempts = published.attempts["source"]
    pattern = r"Re rep_values\.xlsx \(commit e348f22\) rep_values_t1![A-Z]+\d+"
    assert attempts.str.fullmatch(pattern).all()
