"""Findings about code and data: the file is checked, the evidence is computed, tests lead to our records."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndreport.evidence.published import Published, load_all
from ndreport.material import Material
from ndreport.pages.code_and_data.ledger import THEMES
from ndreport.pages.code_and_data.ledger import load as load_findings
from ndreport.pages.code_and_data.sections import EVIDENCE, about_findings, evidence_of, load, overview_table, sections

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder of runs with the published values and without records."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(PUBLISHED, folder / "published")
    return folder


@pytest.fixture(scope="module")
def material() -> Material:
    return Material([make_record(46.0)], [], load_all(PUBLISHED)[0])


@pytest.fixture(scope="module")
def evidence(material) -> dict[str, str]:
    return {finding.id: evidence_of(material, finding) for finding in load_findings(PUBLISHED)[0]}


def test_the_file_is_whole_and_every_computation_belongs_to_a_finding():
    findings, problems = load_findings(PUBLISHED)
    assert problems == []
    assert len(findings) >= 20
    assert {finding.theme for finding in findings} == set(THEMES)
    assert set(EVIDENCE) <= {finding.id for finding in findings}


@pytest.mark.parametrize(
    ("ident", "said"),
    [
        ("efficientnet-keeps-bn", ["50 batch normalisations", "1 deconvolution ", "2,912,057", "2.91 million"]),
        (
            "two-networks-named-resnet18",
            ["resnet on CIFAR-10 (20 epochs)", "555.42 million", "37.02"],
        ),
        ("preact34", ["21,279,434 parameters, which is our `preact34`", "11,169,162", "10.13 %", "55.15 %"]),
        ("resnet18d-keeps-bn", ["3 batch normalisations stay beside 20"]),
        ("stems-differ", ["15 iterations, frozen, in resnet18d, senet18 and vgg16", "never frozen"]),
        ("biases-and-dead-parameters", ["13 convolutions", "17 batch normalisations", "passes 16: 128 dead"]),
        ("imagenet-initialisation", ["0.111", "0.059"]),
        ("blocks-interleave", ["2 blocks", "128 of the 128 channels", "4 and 5 of its 9"]),
        ("freezing-ends", ["first 101 of every 1,000"]),
        ("few-samples", ["10 of 36 in senet18 (worst: 15 for 64)", "7 of 20 in resnet18d"]),
        ("same-seed", ["PNASNet-18 BN, 20 epochs, CIFAR-10", "None of our own runs was repeated"]),
        ("learning-rate-of-vgg11", ["0.01, 0.1, 0.1"]),
    ],
)
def test_evidence_is_what_code_and_data_say(evidence, ident, said):
    assert [part for part in said if part not in evidence[ident]] == []


def test_no_evidence_fails_to_be_computed(evidence):
    assert [text for text in evidence.values() if "could not be" in text] == []


def test_damaged_files_take_the_evidence_with_them_and_nothing_else(material):
    empty = replace(material, published=Published())
    texts = {finding.id: evidence_of(empty, finding) for finding in load_findings(PUBLISHED)[0]}
    for ident in ("depth-of-resnet", "preact34", "same-seed", "learning-rate-of-vgg11"):
        assert "could not be" in texts[ident]
    assert "50 batch normalisations" in texts["efficientnet-keeps-bn"]


def test_a_test_that_was_run_leads_to_its_record_and_another_says_not_run(material, runs):
    html = sections(load(material, runs), "networks")
    items = BeautifulSoup(html, "html.parser").select("#two-networks-named-resnet18 li")
    assert [item.get_text().split(": ")[1] for item in items].count("not run") == 3
    [link] = [item.a["href"] for item in items if item.a]
    assert link == f"our-runs.html#run-{material.records[0].run_id}"


def test_repeats_of_a_seed_are_compared_bit_by_bit(material):
    finding = next(f for f in load_findings(PUBLISHED)[0] if f.id == "same-seed")
    repeats = replace(material, records=[make_record(46.0), make_record(46.0, repeat=1)])
    assert "1 setting again with the same seed on a CPU; in 1 of them" in evidence_of(repeats, finding)


def test_the_overview_counts_and_can_be_searched(material, runs):
    found = load(material, runs)
    assert f"{len(found.findings)} findings" in about_findings(found)
    table = BeautifulSoup(overview_table(found), "html.parser")
    assert len(table.select("tbody tr")) == len(found.findings)
    assert table.select_one(".nd-table")["data-filters"] == "1 2"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("- id: preact34", "- id: same-seed", "same-seed: an id that is there twice"),
        ("strength: open", "strength: sure", "strength"),
        ("{arch: preact34,", "{arch: preact35,", "preact35"),
        ("  theme: networks", "  thema: networks", "thema|theme"),
        ("- id: preact34", "- id: [preact34", "cannot be used"),
    ],
)
def test_a_damaged_file_is_one_problem_that_the_page_names(tmp_path, material, old, new, reason):
    (tmp_path / "published").mkdir()
    text = (PUBLISHED / "findings.yaml").read_text()
    assert old in text
    (tmp_path / "published" / "findings.yaml").write_text(text.replace(old, new, 1))
    found = load(material, tmp_path)
    assert found.findings == []
    assert any(part in found.problem.reason for part in reason.split("|"))
    assert "published/findings.yaml" in found.problem_notice()
    assert "could not be read" in about_findings(found)
    assert "nothing to show" in overview_table(found)
