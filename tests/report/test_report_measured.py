"""The page on what was measured: what it says, where it flips, and what it says without files."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndreport.evidence.decimals import digit_test, pattern, patterns
from ndreport.evidence.published import Published, load_all
from ndreport.evidence.resemblance import resemblance
from ndreport.evidence.splits import measured_on, split_summary
from ndreport.pages.measured import findings, tables
from ndreport.pages.measured.corrected import corrected, corrected_table
from ndreport.pages.measured.implications_findings import about_implications
from ndreport.rendering.prose import probability

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"
EMPTY = Published()


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(PUBLISHED)[0]


@pytest.fixture(scope="module")
def measured(published):
    return measured_on(published)


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def texts(html: str) -> list[list[str]]:
    """What every cell of a table shows, without its note."""
    page = soup(html)
    for note in page.select(".nd-note"):
        note.decompose()
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in page.select("tbody tr")]


def test_blocks_are_summed_up_with_their_certainty(measured):
    words = findings.about_blocks(split_summary(measured), patterns(measured))
    assert "**360** single accuracies" in words
    assert "**60** are proven test" in words
    assert "**200** are proven running training" in words
    assert "**100** are not proven" in words
    assert "The other 60 (CIFAR-10 after 1 epoch) are very probably test accuracies" in words


def test_verdicts_flip_with_the_evidence(measured):
    summary, found = split_summary(measured), patterns(measured)
    say = {block: tables.verdict(row, found.get(block)) for block, row in summary.iterrows()}
    assert {block: (v.text, v.kind) for block, v in say.items()} == {
        ("cifar10", 1): ("test: suggested", "partial"),
        ("cifar10", 20): ("test: proven", "good"),
        ("cifar10", 100): ("running training: proven for 48", "partial"),
        ("cifar100", 1): ("running training: proven for 46", "partial"),
        ("cifar100", 20): ("running training: proven", "good"),
        ("cifar100", 100): ("running training: proven for 46", "partial"),
    }
    unproven = summary.loc[("cifar10", 1)]
    assert tables.verdict(unproven, pattern(60, 14)).text == "open"
    assert tables.verdict(unproven, None).text == "open"
    both = summary.loc[("cifar10", 20)].copy()
    both["train"] = 1
    assert tables.verdict(both, None).kind == "bad"


def test_every_attempt_can_be_linked_to_and_says_what_it_is(measured):
    html = tables.cells_table(measured)
    rows = texts(html)
    assert len(rows) == 360
    assert len({row["id"] for row in soup(html).select("tbody tr")}) == 360
    assert sum(row[7] == "running training" for row in rows) == 200
    assert all(cell for row in rows for cell in row)


def test_tables_as_they_should_have_read(published):
    rows = corrected(published)
    ten, hundred = (texts(corrected_table(rows, dataset, 20)) for dataset in ("cifar10", "cifar100"))
    assert len(ten) == len(hundred) == 10
    vgg = hundred[0]
    assert vgg[:5] == ["VGG-16", "63.22", "69.04", "61.21", "3"]
    assert vgg[5:] == ["71.97", "88.43", "71.74", "3", "+8.75", "+19.39", "+10.53"]
    dpn = next(row for row in hundred if row[0] == "DPN-92")
    assert dpn[4] == "2 of 3"
    assert "**10** of 10 networks, by +4.18 points" in findings.about_corrected(rows, "cifar10", 20)
    assert "**10** of 10 networks, by +6.38 points" in findings.about_corrected(rows, "cifar100", 20)
    missing = findings.about_missing(split_summary(measured_on(published)), rows)
    assert missing.count("**missing**") == 4


def test_implications_are_those_of_the_mixture(published, measured):
    words = about_implications(published, measured)
    assert "72 of 120 printed averages" in words
    assert "56 of these 72 stand in the 4 blocks" in words
    assert "17 of 20 values are above the original's" in words
    assert "on test images it is 8 of 20 and −2.26 points" in words
    assert "94 of the 120 attempts" in words
    assert words.count("(CIFAR-10") + words.count("(CIFAR-100") >= 6
    # without a single proven training accuracy nothing is put down to them
    tested = measured.assign(split="test")
    words = about_implications(published, tested)
    assert "exceptions" not in words
    assert "high accuracies" not in words
    assert "systematic" not in words


def test_resemblance_is_said_only_where_it_is_clear(published):
    words = findings.about_resemblance(resemblance(published, [make_record(74.0, 74.2, arch="vgg16", norm="nd")]))
    assert words.startswith("6 settings can be compared")
    assert "in 2 of them" in words
    html = tables.resemblance_table(resemblance(published, [make_record(57.7, 44.8, norm="nd")]))
    assert [row[-1] for row in texts(html)].count("?too close to tell") == 3


def test_pages_without_files_say_so(measured):
    nothing = measured_on(EMPTY)
    summary = split_summary(nothing)
    for words in (
        findings.about_blocks(summary, {}),
        findings.about_logs(nothing, EMPTY),
        findings.about_decimals(nothing, digit_test(EMPTY)),
        findings.about_open(summary, {}),
        findings.about_corrected(corrected(EMPTY), "cifar10", 20),
        findings.about_missing(summary, corrected(EMPTY)),
        about_implications(EMPTY, nothing),
    ):
        assert "could not be read" in words or "Without the logs" in words
    for html in (
        tables.summary_table(summary, {}),
        tables.decimals_table({}, []),
        tables.cells_table(nothing),
        tables.resemblance_table(resemblance(EMPTY, [])),
        corrected_table(corrected(EMPTY), "cifar10", 20),
    ):
        assert "nothing to show yet" in html


@pytest.mark.parametrize(
    ("p", "text"), [(1, "1"), (0.551, "0.55"), (0.00195, "0.0019"), (1.153e-42, "1.2 × 10⁻⁴²"), (0.1, "0.10")]
)
def test_probabilities_have_two_digits(p, text):
    assert probability(p) == text
