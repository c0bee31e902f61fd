"""The pages on Tables 4 and 5: their sentences, attempts, Figures 2 and 3, and ND − BN."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from record_factory import make_record

from ndcore.study import EPOCHS, NETWORKS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.published import Published
from ndreport.evidence.rules import comparisons
from ndreport.evidence.runs import STUDY_DATASETS as DATASETS
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.attempts import another_runs, attempts_table, attempts_view
from ndreport.pages.tables_4_and_5.comparison import counts_table, counts_view
from ndreport.pages.tables_4_and_5.gain_figure import gain_alt, gain_figure, gain_table, gain_view
from ndreport.pages.tables_4_and_5.gain_series import gain_series
from ndreport.pages.tables_4_and_5.numbers import about_own_pairs, table4, table5
from ndreport.pages.tables_4_and_5.rows import accuracy_rows, disagreeing_averages
from ndreport.pages.tables_4_and_5.study_figure import bars_alt, study_figure
from ndreport.rendering.glued import wanted

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def material(material) -> Material:
    """The published values, and a pair of runs made by hand."""
    records = [make_record(46.6, 38.2), make_record(58.7, 52.1, norm="nd")]
    return replace(material, records=records)


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
    view = gain_view(panels, "cifar10", material.expected)
    assert view.loc["resnet18d", ("1 epoch, ND − BN", "ours, test")].text.startswith("+12.10 [")
    door = view.loc["VGG-16", ("1 epoch, ND − BN", "ours, test")]
    assert (door.text, door.command.count("ndcore run --arch vgg16 --norm ")) == ("not run", 2)
    assert view.loc["resnet18d", ("20 epochs, ND − BN", "reproduced, test")].text == "none"
    assert "Welch's 95 % interval" in view.loc["PNASNet-18", ("20 epochs, ND − BN", "reproduced, test")].note


def test_figures_and_tables_are_drawn(material, single):
    panels = gain_series(material, "cifar10")
    html = gain_figure(panels, "cifar10")
    assert html.count("<svg") == 3
    assert "Figure 2 (c) as differences" in html
    assert "gains-2" in gain_table(panels, "cifar10", material.expected)
    rows = accuracy_rows(material.accuracies, [], "cifar10")
    assert "data-sort" in attempts_table(rows, single, "cifar10", 20)
    assert "rule-counts" in counts_table(comparisons(material.published))


def test_counts_add_up(material):
    view = counts_view(comparisons(material.published)).map(lambda value: value.number)
    assert view.loc["together"].tolist() == [83, 22, 29, 83, 35, 16, 81, 36, 17]
    assert (view.drop(index="together").sum() == view.loc["together"]).all()


@pytest.fixture(scope="module")
def found(material) -> dict[str, dict]:
    return {"table4": table4(material), "table5": table5(material)}


@pytest.mark.parametrize("page", ["table4", "table5"])
def test_the_sentences_of_both_pages_hold(found, page):
    number = found[page]
    assert wanted(page) <= number.keys()
    assert number["networks"] == 10
    assert all(number[f"original_ahead_{epochs}"] == 10 for epochs in EPOCHS)  # "ahead in every network"
    assert number["test_ahead_20"] == number["train_ahead_20"] == 10
    assert number["test_below_20"] == number["train_below_20"] == 0  # "none wholly below"
    medians = [value for name, value in number.items() if "_median_" in name]
    assert all(median.startswith("+") for median in medians)
    assert number["logged"] + number["unchecked"] == number["attempts"] == 180


def test_the_sentences_about_table_4_hold(material, found):
    number = found["table4"]
    assert number["open_1"] == number["test_20"] == number["train_100"] + number["open_100"] == 60
    assert number["open_ahead_1"] == number["open_above_1"] == 10  # "every interval lies wholly above zero"
    assert (number["train_ahead_100"], number["train_above_100"], number["train_below_100"]) == (8, 6, 1)
    assert number["wrong"] == 0  # "each of these is the run that its place says"
    wrong = disagreeing_averages(accuracy_rows(material.accuracies, [], "cifar10"))
    assert len(wrong) == number["wrong_averages"] == 7
    assert {*wrong["norm"], *wrong["epochs"]} == {"bn", 100}  # "all of them belong to BN after a hundred epochs"
    assert "MobileNet v2 96.34 % for 94.80 % (+1.54)" in number["wrong_averages_named"]
    assert (number["widest_20"], number["widest_of_20"]) == ("19.35", "PNASNet-18 BN")


def test_the_sentences_about_table_5_hold(material, single, found):
    number = found["table5"]
    assert number["train_1"] + number["open_1"] == number["train_20"] == number["train_100"] + number["open_100"] == 60
    assert number["train_ahead_1"] == number["train_above_1"] == number["train_above_20"] == 10
    assert (number["train_ahead_100"], number["train_above_100"], number["train_below_100"]) == (7, 4, 3)
    assert number["right"] + number["wrong"] == number["logged"]
    assert number["wrong_averages"] == 0  # "every printed average is the mean of its three attempts"
    wrong = another_runs(single).set_index(["arch", "norm"])
    assert {*zip(wrong["dataset"], wrong["epochs"], wrong["attempt"], strict=True)} == {("cifar100", 20, 3)}
    starts = {setting: text.split(" stands")[0].split(":")[0] for setting, text in wrong["correction"].items()}
    assert starts == {
        ("resnet18", "bn"): "logged run 3 of resnet18 ND 20",
        ("resnet18", "nd"): "logged run 3 of resnext29 BN 20",
        ("dpn92", "bn"): "a run that did not finish",
        ("efficientnet", "bn"): "logged run 3 of the same setting",
    }
    assert wrong["corrected_top1"].isna().to_dict() == {setting: setting[0] == "dpn92" for setting in starts}
    assert (number["given_resnet18_nd"], number["right_resnet18_nd"]) == ("84.48 %", "69.15 %")


def test_counts_by_rule_are_those_of_the_table(material, found):
    view = counts_view(comparisons(material.published)).map(lambda value: value.number)
    names = [
        f"{rule}_{verdict}" for rule in ("relative", "absolute", "printed") for verdict in ("higher", "within", "lower")
    ]
    for page, row in (("table4", "Table 4, CIFAR-10"), ("table5", "Table 5, CIFAR-100")):
        assert [found[page][name] for name in names] == view.loc[row].tolist()
    assert [found["table5"][name] for name in names[:3]] == [36, 2, 22]


def own(*tops: float) -> list:
    """Pairs of runs with 40 % for BN."""
    pairs = [(make_record(40.0, seed=k), make_record(top, norm="nd", seed=k)) for k, top in enumerate(tops)]
    return [record for pair in pairs for record in pair]


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([], "We have no pair of our own runs on CIFAR-10 yet"),
        (own(52.1), "- 1 epoch: the only pair has ND − BN +12.10"),
        (own(52.0, 39.0), "- 1 epoch: ND is ahead in **1** of 2 pairs, by +5.50 in the median"),
        (own(39.0, 38.0), "ND is ahead in **none** of 2 pairs, by −1.50 in the median"),
    ],
)
def test_sentences_about_our_own_pairs_read_well(material, records, sentence):
    assert sentence in about_own_pairs(gain_series(replace(material, records=records), "cifar10"), "cifar10")


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
    assert {value.text for value in cells(gain_view(panels, "cifar10", nothing.expected))} == {"not run"}
    assert "could not be read" in counts_table(compared)
