"""The page of our own runs: every record with what made it, the tables of all of them, and how many there are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record, write_examples

from ndcore.experiment.folders import PROJECT
from ndcore.experiment.records import RunRecord, read
from ndcore.training.conditions import Conditions, Session
from ndreport.build.record_pages import further_pages
from ndreport.evidence.runs import differences
from ndreport.material import Material, load
from ndreport.pages.our_runs.overview import about_records, differences_view, environments_view, runs_view
from ndreport.pages.our_runs.paging import MOST_RECORDS, RunPage, body, further, run_pages, sections, weight
from ndreport.pages.our_runs.provenance import commit, provenance_facts, section, title
from ndreport.rendering.links import anchors, link

LARGEST = 300_000
"""Bytes of a page."""
FRAME = 25_000
"""More bytes than navigation and head of a page have; `tests/book` measures whole pages."""


def first_page(records) -> BeautifulSoup:
    [page] = run_pages(records)
    return BeautifulSoup(sections(page), "html.parser")


def test_sections_show_command_provenance_and_curves_where_there_are_several_epochs():
    records = [make_record(46.6, 38.2), make_record(failed=True), make_record(90.0, 95.0, epochs=20, arch="vgg16")]
    page = first_page(records)
    assert len(page.find_all("section")) == 3
    first, failed, long = page.find_all("section")
    text = first.get_text()
    for needed in (records[0].code.command, "0123456789ab, clean", "12" * 32, records[0].digest, "data 0.5 s"):
        assert needed in text
    assert "test top-1 46.60 %" in text  # one epoch is a number, not a curve
    assert not first.find_all("svg")
    assert not failed.find_all("svg")
    assert "This run failed in epoch 1" in failed.get_text()
    assert "loss is nan" in failed.get_text()
    [curves] = long.find_all("svg")
    assert "running training top-1 accuracy 4.75 to 95.00 %; test top-1 accuracy 4.50 to 90.00 %" in curves.get_text()


def test_every_record_is_saved_as_a_file_of_its_own(tmp_path):
    """Also one that was made before there were some of the fields: it is saved as it was written."""
    path = PROJECT / "runs" / "cifar10-resnet18d-bn-e1-s0-r0-d7b1b773.json"
    (tmp_path / "runs" / "published").mkdir(parents=True)
    (tmp_path / "runs" / path.name).write_text(path.read_text())
    env = SimpleNamespace(found_docs={"book/our-runs"})
    app = SimpleNamespace(srcdir=tmp_path, outdir=tmp_path / "html", env=env)
    assert list(further_pages(app)) == []
    page = first_page([read(path)])
    file = tmp_path / "html" / "book" / page.find("a", download=True)["href"]
    assert file.read_text() == path.read_text()


def many(number: int, **config) -> list[RunRecord]:
    return [make_record(seed=seed, **config) for seed in range(number)]


@pytest.mark.parametrize(
    ("records", "pages"),
    [(many(30), 1), (many(31), 2), (many(80), 3), (many(80, failed=True), 3), (many(400), 14)],
    ids=["30", "31", "80", "80 failed", "400"],
)
def test_many_records_fill_several_pages_of_bounded_size(records, pages):
    found = run_pages(records)
    assert len(found) == pages
    assert [record for page in found for record in page.records] == records
    assert max(len(page.records) for page in found) <= MOST_RECORDS
    first = found[0].overview() + further(found) + sections(found[0])
    whole = [first, *(body(page, found) for page in found[1:])]
    assert max(len(html.encode()) for html in whole) < LARGEST - FRAME


@pytest.mark.parametrize("epochs", [1, 2, 10, 20, 100, 300])
def test_a_section_is_not_larger_than_it_counts(epochs):
    record = make_record(90.0, 95.0, epochs=epochs, arch="efficientnet_full", dataset="cifar100", norm="nd")
    [anchor] = anchors([record])
    assert weight(record) * 0.3 < len(section(record, anchor).encode()) <= weight(record)


def test_pages_of_long_runs_hold_fewer_records_and_one_is_never_split():
    found = run_pages(many(20, epochs=20))
    assert 1 < max(len(page.records) for page in found) < 10
    huge = make_record(failed=True)
    failure = huge.failure.model_copy(update={"message": "x" * 200_000})
    huge = huge.model_copy(update={"failure": failure})
    assert [len(page.records) for page in run_pages([make_record(), huge, make_record(seed=1)])] == [1, 1, 1]


def test_the_addresses_of_80_records_lead_to_them_from_every_page():
    """`our-runs.html#run-ID` is the section, or a line with the address of the section."""
    records = many(80)
    pages = run_pages(records)
    first = BeautifulSoup(pages[0].overview() + further(pages) + sections(pages[0]), "html.parser")
    others = {page.address: BeautifulSoup(body(page, pages), "html.parser") for page in pages[1:]}
    assert list(others) == ["our-runs-2.html", "our-runs-3.html"]
    direct = 0
    assert not first.select("summary a")  # a link within what opens and closes cannot be reached by every keyboard
    for record in records:
        address, anchor = link(record).split("#")
        assert address == pages[0].address == "our-runs.html"
        place = first.find(id=anchor)
        if place.name == "section":
            direct += 1
        else:
            address, anchor = place.a["href"].split("#")
            place = others[address].find("section", id=anchor)
        assert record.digest in place.get_text()
    assert direct == MOST_RECORDS
    for page in (first, *others.values()):
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert len(ids) == len(set(ids))
    for address, page in others.items():
        assert {a["href"] for a in page.nav.find_all("a")} == {"our-runs.html", *others} - {address}
        assert all(a["href"].startswith(f"{address}#run-") for a in page.select("td a"))


def test_the_build_writes_the_further_pages(tmp_path):
    (tmp_path / "runs" / "published").mkdir(parents=True)
    for record in many(35):
        record.write(tmp_path / "runs")
    app = SimpleNamespace(srcdir=tmp_path, outdir=tmp_path, env=SimpleNamespace(found_docs={"book/our-runs"}))
    [(name, context, template)] = further_pages(app)
    assert (name, template) == ("book/our-runs-2", "page.html")
    assert context["body"].count('class="nd-record"') == 5
    assert len(list((tmp_path / "runs" / "records").glob("*.json"))) == 35
    app.env.found_docs = set()
    assert list(further_pages(app)) == []


def test_the_title_of_a_run_says_what_is_not_the_recipe():
    assert title(make_record()) == "resnet18d, BN, CIFAR-10, 1 epoch, seed 0"
    other = make_record(norm="nd", repeat=1, block=16, failed=True)
    assert title(other) == "resnet18d, ND, CIFAR-10, 1 epoch, seed 0, repeat 1, block 16 (failed)"


def test_no_two_records_of_this_report_have_one_title(material):
    titles = [title(record) for record in material.complete]
    assert len(titles) == len(set(titles))


def test_a_page_without_records_is_there():
    [page] = run_pages([])
    assert page == RunPage(1)
    assert sections(page) == further([page]) == ""
    assert "nothing to show yet" in page.overview()


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
    targets = {s["id"] for s in first_page(records).find_all("section")}
    overview = runs_view(records, run_pages(records)[0].links)
    for view in (overview, environments_view(records), differences_view(differences(records))):
        links = {v.link.split("#")[1] for _, row in view.iterrows() for v in row if v.link}
        assert links
        assert links <= targets
    assert "failed" in overview.iloc[2].map(lambda v: v.text).tolist()


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
