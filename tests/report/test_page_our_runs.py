"""The page of our own runs: every record with what made it, the tables of all of them, and how many there are."""

from __future__ import annotations

import base64

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record, write_examples

from ndcore.experiment.folders import PROJECT
from ndcore.experiment.records import RunRecord, read
from ndcore.training.conditions import Conditions, Session
from ndreport.evidence.runs import differences
from ndreport.material import Material, load
from ndreport.pages.our_runs.overview import about_records, differences_view, environments_view, runs_view
from ndreport.pages.our_runs.provenance import commit, provenance_facts, sections


def saved(link) -> str:
    """The content behind a download link."""
    return base64.b64decode(link["href"].split("base64,")[1]).decode()


def test_sections_show_command_provenance_and_the_record_itself():
    records = [make_record(46.6, 38.2), make_record(failed=True), make_record(90.0, 95.0, epochs=20, arch="vgg16")]
    page = BeautifulSoup(sections(records), "html.parser")
    assert len(page.find_all("section")) == 3
    first, failed, _ = page.find_all("section")
    text = first.get_text()
    for needed in (records[0].code.command, "0123456789ab, clean", "12" * 32, records[0].digest, "data 0.5 s"):
        assert needed in text
    assert len(first.find_all("svg")) == 2
    assert not failed.find_all("svg")
    assert "This run failed in epoch 1" in failed.get_text()
    assert "loss is nan" in failed.get_text()
    document = saved(first.find("a", download=f"{records[0].run_id}.json"))
    assert RunRecord.model_validate_json(document) == records[0]


def test_a_record_that_was_made_before_there_were_some_of_the_fields_is_saved_as_its_file():
    path = PROJECT / "runs" / "cifar10-resnet18d-bn-e1-s0-r0-d7b1b773.json"
    page = BeautifulSoup(sections([read(path)]), "html.parser")
    assert saved(page.find("a", download=path.name)) == path.read_text()


CONDITIONS = Conditions(
    device="cpu",
    device_name="CPU",
    cpu="Example CPU",
    cpu_capability="AVX2",
    cpu_extensions=(),
    threads=2,
    packages={"torch": "2.14.1"},
    settings={},
    source_sha256="ab" * 32,
)
OTHER = CONDITIONS.model_copy(update={"threads": 1})
RESUMED = "2: the run was interrupted and resumed"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([None], "one, uninterrupted"),
        ([CONDITIONS, CONDITIONS], f"{RESUMED}, always under the same conditions"),
        ([None, CONDITIONS], f"{RESUMED}; whether under the same conditions is not recorded"),
        (
            [CONDITIONS, OTHER],
            f"{RESUMED}; session 2: threads 2 → 1; machine, code and packages below are those of the last",
        ),
    ],
)
def test_what_changed_between_the_sessions_of_a_run_is_told(conditions, expected):
    sessions = tuple(Session(epoch=1, step=0, started_utc="2025", conditions=c) for c in conditions)
    record = make_record().model_copy(update={"sessions": sessions})
    assert dict(provenance_facts(record))["Sessions"] == expected


def test_overview_tables_link_to_the_sections():
    records = [make_record(46.6), make_record(58.7, norm="nd"), make_record(failed=True)]
    targets = {s["id"] for s in BeautifulSoup(sections(records), "html.parser").find_all("section")}
    for view in (runs_view(records), environments_view(records), differences_view(differences(records))):
        links = {v.link.split("#")[1] for _, row in view.iterrows() for v in row if v.link}
        assert links
        assert links <= targets
    assert "failed" in runs_view(records).iloc[2].map(lambda v: v.text).tolist()


@pytest.mark.parametrize(
    ("git_commit", "dirty", "expected"),
    [(None, None, "not known"), ("a" * 40, True, "uncommitted"), ("a" * 40, False, "clean"), ("a" * 40, None, "state")],
)
def test_commit_says_whether_the_tree_was_clean(git_commit, dirty, expected):
    assert expected in commit(git_commit, dirty)


def test_the_sentence_counts_the_records(tmp_path):
    write_examples(tmp_path)
    assert about_records(load(tmp_path)).startswith(
        "9 records: 2 networks on CIFAR-10, CIFAR-100 and digits; 7 complete, 2 failed runs"
    )
    assert (
        about_records(Material([make_record()], [])) == "1 record: 1 network on CIFAR-10; 1 complete, no failed runs."
    )
    assert "no record" in about_records(Material([], []))
