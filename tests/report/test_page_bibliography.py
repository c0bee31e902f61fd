"""How to cite: one source of truth, and every work that a page names is in the bibliography."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import BibliographyData, parse_file, parse_string
from record_factory import make_record

import ndcore
from ndreport.pages.bibliography import CITATION, NOT_KNOWN, address, cite_box

REPOSITORY = Path(__file__).parents[2]
STATED = yaml.safe_load((REPOSITORY / CITATION).read_text())
CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]*)`")


@pytest.fixture(scope="module")
def works() -> BibliographyData:
    return parse_file(REPOSITORY / "book" / "references.bib")


def box_for(records) -> BeautifulSoup:
    return BeautifulSoup(cite_box(records), "html.parser")


def test_the_version_and_the_licence_are_those_of_the_package():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert STATED["version"] == ndcore.__version__ == project["version"]
    assert STATED["license"] == project["license"]


def test_the_box_says_who_what_which_version_and_when():
    box = box_for([make_record(46.0)])
    year = make_record(46.0).finished_utc[:4]
    assert box.p.get_text() == f"The ndcore authors ({year}). {STATED['title']}. Version {STATED['version']}."
    facts = {row.th.get_text(): row.td.get_text() for row in box.select("tr")}
    assert facts["Newest record"] == make_record(46.0).finished_utc[:10]
    assert facts["Version"] == STATED["version"]


def test_without_a_record_there_is_no_date_and_no_year():
    box = box_for([])
    assert NOT_KNOWN in box.get_text()
    assert box.p.get_text().startswith(f"The ndcore authors. {STATED['title']}")
    assert "year" not in parse_string(box.pre.get_text(), "bibtex").entries["ndcore"].fields


def test_the_bibtex_can_be_read_and_holds_the_papers_too(works):
    entries = parse_string(box_for([make_record(46.0)]).pre.get_text(), "bibtex").entries
    assert len(entries) == 1 + len(STATED["references"])
    for key in ("ye2020", "obadage2024", "obadage2025"):
        listed = works.entries[key]
        assert entries[key].fields["year"] == listed.fields["year"]
        assert [p.last_names for p in entries[key].persons["author"]] == [
            p.last_names for p in listed.persons["author"]
        ]
    [report] = [e for k, e in entries.items() if k.startswith("ndcore")]
    assert report.fields["title"].strip("{}") == STATED["title"]


def test_errors_go_to_the_repository_whose_address_may_not_be_known(tmp_path):
    shutil.copy(REPOSITORY / "_config.yml", tmp_path)
    assert "repository from which you have this copy" in address(tmp_path)
    text = (tmp_path / "_config.yml").read_text()
    (tmp_path / "_config.yml").write_text(text.replace('url: ""', "url: https://example.org/repository"))
    assert address(tmp_path) == "https://example.org/repository"


def test_every_work_is_cited_and_every_citation_is_a_work(works):
    pages = [*(REPOSITORY / "book").glob("*.ipynb"), *(REPOSITORY / "book").glob("*.md")]
    cited = {key for page in pages for keys in CITED.findall(page.read_text()) for key in keys.split(",")}
    assert cited == set(works.entries)
