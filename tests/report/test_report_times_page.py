"""Tables, figures and sentences of the pages on Tables 8 and 9 and on Table 10."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from cost_factory import step_rows, write_bench

from ndcore.study import NETWORKS
from ndreport.evidence.bench import load_bench
from ndreport.evidence.corrected_times import corrected_settings, seconds_per_epoch, time_ratios
from ndreport.evidence.published import Published, load_all
from ndreport.evidence.time_statements import check
from ndreport.pages.times import check_findings, figures, findings, tables

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


def material(published: Published):
    times = corrected_settings(published)
    ratios = time_ratios(times)
    return times, ratios, check(times, ratios)


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(PUBLISHED)[0]


@pytest.fixture(scope="module")
def page(published):
    return material(published)


@pytest.fixture(scope="module")
def nothing():
    return material(Published())


@pytest.fixture
def costs(tmp_path):
    write_bench(tmp_path, [*step_rows("vgg16"), *step_rows("resnet18", nd=4.0)])
    return load_bench(tmp_path)[0].costs


def test_the_recounted_tables_hold_all_printed_times_with_their_sources(page):
    times, ratios, _ = page
    for dataset, number in (("cifar10", 8), ("cifar100", 9)):
        view = tables.times_view(times, ratios, dataset)
        assert len(view) == 3 * len(NETWORKS)
        printed = [view[norm, "printed"].iloc[i] for norm in ("BN (s)", "ND (s)") for i in range(len(view))]
        assert len(printed) == 60
        assert all(value.note.startswith(f"Re Table {number} ") for value in printed)
        assert all(value.text and value.note for column in view for value in view[column] if column[1] != "epochs")
        marked = sum(value.text.endswith("≠") for value in printed)
        assert marked == {8: 0, 9: 25}[number]


def test_a_wrong_printed_time_and_a_corrected_mean_say_what_they_are(page):
    times, ratios, _ = page
    view = tables.times_view(times, ratios, "cifar100")
    row = view[[value.text == "20" for value in view["training", "epochs"]]].loc["EfficientNet"]
    assert row["ND (s)", "printed"].text == "2683.59 ≠"
    assert row["ND (s)", "printed"].note.endswith("not the mean of its attempts but: the mean of BN 100")
    assert row["BN (s)", "corrected"].text == "539.68 ≠"
    assert "attempt 3" in row["BN (s)", "corrected"].note
    assert row["BN (s)", "attempts"].text == "521.30 to 566.00"
    assert row["ND / BN", "printed"].text == "6.93"
    assert row["ND / BN", "mean of attempts"].text == "1.43"
    assert row["ND / BN", "corrected"].text == "1.03"


def test_statements_are_judged_place_by_place(page):
    view = tables.statements_view(page[2])
    assert len(view) == 36
    gap = view[[value.text.startswith("largest") for value in view["about"]]]
    assert gap.loc["CIFAR-100, 1 epoch", "printed"].text == "fails: DenseNet-121"
    assert gap.loc["CIFAR-100, 1 epoch", "printed"].kind == "bad"
    assert gap.loc["CIFAR-100, 1 epoch", "corrected"].text == "holds: DPN-92"
    assert gap.loc["CIFAR-100, 100 epochs", "corrected"].text == "fails: DenseNet-121"


def test_seconds_per_epoch_carry_word_and_glyph(page):
    view = tables.per_epoch_view(seconds_per_epoch(page[0]), "cifar10")
    assert len(view) == 2 * len(NETWORKS)
    cell = view.loc["ResNet-18, BN", ("over an epoch of 100", "of 20")]
    assert (cell.text, cell.kind) == ("5.50× longer", "bad")
    assert view.loc["DPN-92, ND", ("over an epoch of 100", "of 20")].text.endswith("alike")
    assert "shorter" in tables.per_epoch_table(seconds_per_epoch(page[0]), "cifar100")


def test_ranges_name_the_networks(page):
    view = tables.ranges_view(page[1])
    assert view.loc["CIFAR-100, 20 epochs", ("printed", "most")].text == "6.93 EfficientNet"
    assert view.loc["CIFAR-100, 20 epochs", ("corrected", "least")].text == "1.03 EfficientNet"
    assert view.loc["CIFAR-100, 100 epochs", ("corrected", "most")].text == "4.56 DenseNet-121"


def test_sentences_of_the_page(page):
    times, ratios, checks = page
    about = findings.about_ratios(ratios)
    assert "- as printed: 1.02× (EfficientNet, CIFAR-10, 100 epochs) to 9.31× (SENet-18, CIFAR-10, 1 epoch)" in about
    assert about.count("ND takes longer in 60") == 3
    corrections = check_findings.about_corrections(times)
    assert "In 4 settings an attempt is not what its place says" in corrections
    assert "corrected **2740.86 s** from 2 runs" in corrections
    said = check_findings.about_statements(checks)
    assert "printed times in **5 of 6** (not: CIFAR-100, 1 epoch: DenseNet-121)" in said
    assert "corrected times in **5 of 6** (not: CIFAR-100, 100 epochs: DenseNet-121)" in said
    assert "corrected times in **5 of 6** (not: CIFAR-100, 20 epochs: EfficientNet)" in said
    ranges = check_findings.about_range(checks, ratios)
    assert "that is the range of CIFAR-10, 100 epochs; over all of them it is **2 % to 831 %**" in ranges
    epochs = check_findings.about_epochs(seconds_per_epoch(times))
    assert "- CIFAR-10, 1 epoch: **0 of 20**, 1.40× to 5.24×" in epochs
    assert "not MobileNet v2 BN (0.79×)" in epochs


def test_sentences_flip_when_the_times_do(published):
    times = published.times.assign(value=published.times["value"].where(published.times["norm"] == "nd", 1e6))
    flipped, ratios, checks = material(replace(published, times=times))
    assert "ND takes longer in 0" in findings.about_ratios(ratios)
    assert "holds with the printed times in **0 of 6**" in check_findings.about_statements(checks)
    assert "range of none" in check_findings.about_range(checks, ratios)
    assert "**0 of 20**" in check_findings.about_epochs(seconds_per_epoch(flipped))


def test_without_times_everything_says_so(nothing):
    times, ratios, checks = nothing
    for sentence in (
        findings.about_ratios(ratios),
        check_findings.about_corrections(times),
        check_findings.about_statements(checks),
        check_findings.about_range(checks, ratios),
        check_findings.about_epochs(seconds_per_epoch(times)),
    ):
        assert sentence == findings.NO_TIMES
    for shown in (
        tables.times_table(times, ratios, "cifar10"),
        tables.per_epoch_table(seconds_per_epoch(times), "cifar100"),
        tables.statements_table(checks),
        tables.ranges_table(ratios),
    ):
        assert "missing" in shown
    assert "nothing to show" in figures.bars_figure(times, "cifar10")
    assert "nothing to show yet" in figures.ratios_figure(ratios, [])


def test_bars_state_least_and_most_and_differ_in_pattern(page):
    drawn = BeautifulSoup(figures.bars_figure(page[0], "cifar100"), "html.parser")
    titles = [title.get_text() for title in drawn.find_all("title")]
    assert len(titles) == 3
    assert titles[1] == (
        "Printed training times, CIFAR-100, 20 epochs, two bars per network: BN 205 seconds (VGG-16) to 2,386 (DPN-92) "
        "and ND 1,076 seconds (ResNet-18) to 13,685 (DPN-92); the bar of ND is longer for 10 of 10 networks."
    )
    assert [figure["id"] for figure in drawn.find_all("figure")] == ["figure-5-a", "figure-5-b", "figure-5-c"]
    assert len({pattern for _, pattern in figures.BARS.values()}) == 2


def test_dots_state_the_ratios_and_our_own_beside_them(page, costs):
    drawn = BeautifulSoup(figures.ratios_figure(page[1], costs), "html.parser")
    titles = [title.get_text() for title in drawn.find_all("title")]
    assert "20 epochs 1.03× to 4.48×, geometric mean 3.12×, printed ratio elsewhere for 10 of 10" in titles[1]
    assert "ours, one CPU 1.50× to 4.00×" in titles[0]
    alone = figures.ratios_alt(page[1], [], "cifar10")
    assert "CPU" not in alone
    markers = [*(m for m, _ in figures.DOTS.values()), *(m for _, m in figures.HERE.values())]
    assert len(set(markers)) == len(markers)
