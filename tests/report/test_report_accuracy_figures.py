"""Attempts, Figures 2 and 3, and ND − BN: what is drawn, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from record_factory import make_record

from ndcore.study import EPOCHS, NETWORKS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.published import Published
from ndreport.evidence.rules import comparisons
from ndreport.material import Material, load
from ndreport.pages.tables_4_and_5 import comparison_findings as findings
from ndreport.pages.tables_4_and_5.attempts import attempts_table, attempts_view
from ndreport.pages.tables_4_and_5.comparison import counts_table, counts_view
from ndreport.pages.tables_4_and_5.figures import bars_alt, study_figure
from ndreport.pages.tables_4_and_5.gain_figure import gain_alt, gain_figure, gain_table, gain_view
from ndreport.pages.tables_4_and_5.gain_findings import about_gains, about_intervals
from ndreport.pages.tables_4_and_5.gain_series import gain_series
from ndreport.pages.tables_4_and_5.tables import accuracy_rows
from ndreport.rendering.stated import NOTHING

REPOSITORY = Path(__file__).parents[2]
DATASETS = ("cifar10", "cifar100")


@pytest.fixture(scope="module")
def material() -> Material:
    """The published values, and a pair of runs made by hand."""
    records = [make_record(46.6, 38.2), make_record(58.7, 52.1, norm="nd")]
    return replace(load(REPOSITORY / "runs"), records=records)


@pytest.fixture(scope="module")
def single(material):
    return attempts(material.published)


def cells(view):
    return [value for _, row in view.iterrows() for value in row]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("epochs", EPOCHS)
def test_every_attempt_stands_with_its_split_and_source(material, single, dataset, epochs):
    rows = accuracy_rows(material.accuracies, [], dataset)
    view = attempts_view(rows, single, epochs)
    assert view.shape == (20, 6)
    assert all(v.text.strip() and v.note.strip() and v.link for v in cells(view))
    here = single[(single["dataset"] == dataset) & (single["epochs"] == epochs)]
    for row in here.itertuples():
        label = next(n.label for n in NETWORKS if n.arch == row.arch)
        value = view.loc[f"{label}, {row.norm.upper()}", f"attempt {row.attempt}"]
        assert value.number == row.top1
        assert value.text.startswith(f"{row.top1:.2f} ")
        assert value.text.endswith("✗") == (bool(row.correction) and row.corrected_top1 != row.top1)


def test_spread_is_that_of_the_runs_that_belong_to_the_setting(material, single):
    view = attempts_view(accuracy_rows(material.accuracies, [], "cifar100"), single, 20)
    shifted = view.loc["ResNet-18, ND"]
    assert shifted["attempt 3"].text == "84.48 training ✗"
    assert "69.15" in shifted["attempt 3"].note
    assert shifted["attempt 3"].link == "measured.html"
    assert [shifted[name].text for name in ("mean", "range", "SD")] == ["74.32", "0.09", "0.05"]
    assert "2 runs" in view.loc["DPN-92, BN", "range"].note
    assert "log of this run: training 69.24, test 61.47" in view.loc["VGG-16, BN", "attempt 1"].note


def test_a_test_time_that_is_a_copy_leaves_the_accuracy_alone(material, single):
    view = attempts_view(accuracy_rows(material.accuracies, [], "cifar100"), single, 100)
    assert view.loc["EfficientNet, BN", "attempt 3"].text == "66.19 not proven"


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("epochs", EPOCHS)
def test_alt_text_of_the_studys_figure_states_every_value(material, dataset, epochs):
    rows = accuracy_rows(material.accuracies, [], dataset)
    alt = bars_alt(rows, dataset, epochs)
    here = rows[(rows["epochs"] == epochs) & rows["first_of_label"]]
    for label, pair in here.groupby("label", sort=False):
        values = [f"{v:.2f}" for v in pair[["original", "reproduced"]].to_numpy().ravel()]
        assert f"{label} {', '.join(values)}" in alt
    assert f"O_BN_{epochs}, R_BN_{epochs}, O_ND_{epochs}, R_ND_{epochs}" in alt


def test_the_studys_figure_keeps_its_number_and_says_what_its_bars_measure(material):
    rows = accuracy_rows(material.accuracies, [], "cifar100")
    html = study_figure(rows, material.accuracies, "cifar100")
    assert [html.count(f'id="figure-3-{panel}"') for panel in "abc"] == [1, 1, 1]
    assert "Figure 3 (b)" in html
    assert "on: 60 proven running training." in html


@pytest.mark.parametrize("dataset", DATASETS)
def test_alt_text_of_the_differences_states_every_point_and_interval(material, dataset):
    for epochs, drawn in gain_series(material, dataset).items():
        alt = gain_alt(drawn, dataset, epochs)
        gains = [gain for series in drawn for gain in series.gains]
        assert len(gains) >= 20
        for gain in gains:
            assert f"{gain.gain:+.2f}".replace("-", "−") in alt
        assert alt.count("[") == sum(gain.low == gain.low for gain in gains)


def test_test_and_training_values_are_different_series_with_different_marks(material):
    panels = gain_series(material, "cifar100")
    labels = {epochs: [series.label for series in drawn] for epochs, drawn in panels.items()}
    assert labels == {
        1: ["original, as printed", "reproduced, running training"],
        20: ["original, as printed", "reproduced, test", "reproduced, running training"],
        100: ["original, as printed", "reproduced, running training"],
    }
    every = [series for drawn in gain_series(material, "cifar10").values() for series in drawn]
    marks = {series.label: (series.marker, series.filled) for series in every}
    assert len(set(marks.values())) == len(marks) == 5
    assert "reproduced, not proven which" in marks


def test_our_pairs_are_drawn_in_the_row_of_their_own_network(material):
    panels = gain_series(material, "cifar10")
    (own,) = [series for series in panels[1] if series.label == "ours, test"]
    (gain,) = own.gains
    assert gain.row == "resnet18d"
    assert gain.gain == pytest.approx(12.1)
    assert gain.low < gain.gain < gain.high
    view = gain_view(panels)
    assert view.loc["resnet18d", ("1 epoch, ND − BN", "ours, test")].text.startswith("+12.10 [")
    assert view.loc["VGG-16", ("1 epoch, ND − BN", "ours, test")].text == "not run"
    assert view.loc["resnet18d", ("20 epochs, ND − BN", "reproduced, test")].text == "none"
    assert "Welch's 95 % interval" in view.loc["PNASNet-18", ("20 epochs, ND − BN", "reproduced, test")].note


def test_figures_and_tables_are_drawn(material, single):
    panels = gain_series(material, "cifar10")
    html = gain_figure(panels, "cifar10")
    assert html.count("<svg") == 3
    assert "Figure 2 (c) as differences" in html
    assert "gains-2" in gain_table(panels, "cifar10")
    rows = accuracy_rows(material.accuracies, [], "cifar10")
    assert "data-sort" in attempts_table(rows, single, "cifar10", 20)
    assert "rule-counts" in counts_table(comparisons(material.published))


def test_counts_add_up(material):
    view = counts_view(comparisons(material.published)).map(lambda value: value.number)
    assert view.loc["together"].tolist() == [83, 22, 29, 83, 35, 16, 81, 36, 17]
    assert (view.drop(index="together").sum() == view.loc["together"]).all()


def test_sentences_carry_computed_numbers(material, single):
    compared = comparisons(material.published)
    rules = findings.about_rules(compared, "cifar100")
    assert "**36** ▲ higher, **2** • within and **22** ▼ lower by more" in rules
    colours = findings.about_colours(compared)
    assert "in 120 of 134 values" in colours
    assert colours.count("\n- ") == 3
    assert "ResNeXt-29 ND, Table 5, CIFAR-100, 1 epoch: 22.68 % for 30.93 % (−8.25 points)" in colours
    assert "follow neither reading: 2. Values that equal the original's in both decimals: 1;" in colours
    assert "at most **19.35** (PNASNet-18 BN)" in findings.about_spread(single, "cifar10")
    corrections = findings.about_corrections(single, "cifar100")
    assert "56 of these are the run" in corrections
    assert corrections.count("\n- ") == 4
    assert "All of these are" in findings.about_corrections(single, "cifar10")
    gains = about_gains(gain_series(material, "cifar100"), "cifar100")
    assert "reproduced, test: ND ahead in **10** of 10 networks" in gains
    assert "reproduced, running training: ND ahead in **7** of 10 networks" in gains
    assert "wholly above zero for 4, wholly below for 3" in gains
    assert "95 %" in about_intervals()


def test_without_material_everything_says_so():
    nothing = Material([], [])
    single, compared = attempts(Published()), comparisons(Published())
    rows = accuracy_rows(nothing.accuracies, [], "cifar10")
    assert {value.text for value in cells(attempts_view(rows, single, 1))} == {"missing"}
    assert "missing, missing, missing, missing" in bars_alt(rows, "cifar10", 1)
    assert study_figure(rows, nothing.accuracies, "cifar10").count("not known") == 3
    panels = gain_series(nothing, "cifar10")
    assert panels == {1: [], 20: [], 100: []}
    assert gain_figure(panels, "cifar10").count("nothing to show yet") == 3
    assert {value.text for value in cells(gain_view(panels))} == {"not run"}
    assert "nothing to show" in counts_table(compared)
    for sentence in (
        findings.about_rules(compared, "cifar10"),
        findings.about_spread(single, "cifar10"),
        findings.about_corrections(single, "cifar10"),
        about_gains(panels, "cifar10"),
    ):
        assert sentence == NOTHING
    assert "could not be read" in findings.about_colours(compared)
