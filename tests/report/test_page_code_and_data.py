"""Findings about code and data: the file is checked, the evidence is computed, tests lead to our records."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndcore.problems import Problem
from ndcore.study import NETWORKS
from ndreport.evidence.published import Published, load_all
from ndreport.material import Material
from ndreport.pages.code_and_data.counted import NUMBERS
from ndreport.pages.code_and_data.ledger import EFFECTS, THEMES
from ndreport.pages.code_and_data.ledger import load as load_findings
from ndreport.pages.code_and_data.own import best_epochs, repeats
from ndreport.pages.code_and_data.sections import about_findings, evidence_of, load, overview_table, sections
from ndreport.pages.networks import counts
from ndreport.rendering.stated import NOTHING

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
    assert set(NUMBERS) == {finding.id for finding in findings if finding.evidence}


def test_the_evidence_holds_no_typed_number():
    for finding in load_findings(PUBLISHED)[0]:
        text = re.sub(r"\{[^}]*\}|`[^`]*`|\b[A-Z][A-Za-z]+-\d+\b", "", finding.evidence)
        assert re.findall(r"\d+", text) == [], finding.id


def test_the_sentences_hold(material):
    """What the evidence and the consequences say beside their numbers."""
    found = {ident: compute(material) for ident, compute in NUMBERS.items()}
    kept = found["efficientnet-keeps-bn"]["kept"]
    assert kept.layers["FastDeconv"] == kept.layers["Delinear"] == 1  # "only the first convolution and the classifier"
    assert found["depth-of-resnet"]["bn"] > found["depth-of-resnet"]["nd"] > 2  # "took far longer"
    macs = [found["depth-of-resnet"][name].macs for name in ("resnet", "senet")]
    assert macs[0] == pytest.approx(macs[1], rel=0.01)  # "as many multiply-adds"
    sizes = found["preact34"]
    assert sizes["log_bn"] == counts("preact34", "bn").parameters != sizes["preact18"].parameters
    assert sizes["log_nd"] == counts("preact18", "nd").parameters
    assert counts("resnet18d_full", "nd").layers["BatchNorm2d"] == 0  # "none in our resnet18d_full"
    assert found["imagenet-initialisation"]["default"] != pytest.approx(
        found["imagenet-initialisation"]["kaiming"], 0.5
    )
    blocks = found["blocks-interleave"]
    assert blocks["held"] == blocks["channels"]  # "every channel is in every block"
    assert len(NETWORKS) - 1 == 9  # "Nine networks answer the question of both papers, not ten"
    refused = material.published.repository.query("item == 'runs_as_released' and value != 'yes'")
    assert len(refused) == 4  # "cannot repeat four of the ten networks"
    logged = material.published.recovered.query("arch == 'resnet18' and metric == 'top1'")["flag"]
    assert set(logged) == {"resnet", "resnet18d"}  # "the logs prove that it ran both"
    assert found["freezing-ends"]["first"] < found["freezing-ends"]["second"] < 20  # thaws within the longer trainings


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
        (
            "biases-and-dead-parameters",
            ["13 convolutions", "17 batch normalisations", "passes 16: 128 dead"],
        ),
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


def test_damaged_files_take_the_evidence_with_them_and_nothing_else(material):
    empty = replace(material, published=Published(), problems=[Problem("published/times.csv", "is damaged")])
    texts = {finding.id: evidence_of(empty, finding) for finding in load_findings(PUBLISHED)[0]}
    for ident in ("depth-of-resnet", "preact34", "two-networks-named-resnet18", "learning-rate-of-vgg11"):
        assert texts[ident] == NOTHING
    assert "15 iterations, frozen" in texts["stems-differ"]


@pytest.mark.parametrize("text", ["{unknown} layers", "{stems.size}"])
def test_evidence_that_cannot_be_computed_fails_the_build(material, text):
    finding = next(f for f in load_findings(PUBLISHED)[0] if f.id == "stems-differ")
    with pytest.raises((KeyError, AttributeError)):
        evidence_of(material, finding.model_copy(update={"evidence": text}))


def test_a_test_that_was_run_leads_to_its_record_and_another_says_not_run(material, runs):
    html = sections(load(material, runs), "networks")
    items = BeautifulSoup(html, "html.parser").select("#two-networks-named-resnet18 li")
    assert [item.get_text().split(": ")[0] for item in items].count("not run") == 3
    [link] = [item.a["href"] for item in items if item.a]
    assert link == f"our-runs.html#run-{material.records[0].run_id}"


def test_our_own_repeats_and_epochs_are_told_for_none_one_and_many():
    first, again = make_record(46.0), make_record(46.0, repeat=1)
    other = again.model_copy(update={"model": again.model.model_copy(update={"weights_sha256": "cd" * 32})})
    more = [make_record(9.0, dataset="cifar100"), make_record(9.0, dataset="cifar100", repeat=1)]
    assert "None of our own runs was repeated" in repeats([first])
    one = "We ran one setting again with the same seed (CPU): the trained weights"
    assert repeats([first, again]) == f"{one} are the same to the last bit."
    assert repeats([first, other]) == f"{one} differ."
    assert repeats([first, other, *more]).endswith("to the last bit in 1 of 2 settings.")
    assert "none has more than one epoch" in best_epochs([first])
    assert "In our one record" in best_epochs([make_record(90.0, epochs=20)])
    assert "In our 2 records" in best_epochs([make_record(90.0, epochs=20), make_record(90.0, epochs=20, seed=1)])


def test_the_overview_counts_and_can_be_searched(material, runs):
    found = load(material, runs)
    assert f"{len(found.findings)} findings" in about_findings(found)
    table = BeautifulSoup(overview_table(found), "html.parser")
    assert len(table.select("tbody tr")) == len(found.findings)
    assert table.select_one(".nd-table")["data-filters"] == "1 3 4"
    shown = [row.select("td")[0].get_text() for row in table.select("tbody tr")]
    assert shown == sorted(shown, key=list(EFFECTS.values()).index)
    assert {shown[0], shown[-1]} == {"changes a conclusion", "changes nothing"}
    counted = re.search(r"Of these (\d+) change a conclusion", about_findings(found))
    assert int(counted[1]) == shown.count("changes a conclusion") > 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("- id: preact34", "- id: same-seed", "same-seed: an id that is there twice"),
        ("strength: open", "strength: sure", "strength"),
        ("effect: oddity", "effect: strange", "effect"),
        ("  effect: oddity\n", "", "effect"),
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
    assert about_findings(found) == NOTHING
    assert "nothing to show" in overview_table(found)
