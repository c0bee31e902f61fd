"""Tables 4 and 5, coverage and paired differences, on records made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from record_factory import make_record

from ndcore.experiment.config import RunConfig
from ndcore.study import EPOCHS
from ndreport.evidence.csv_files import read
from ndreport.evidence.published import ACCURACIES, load_all
from ndreport.evidence.rules import comparisons
from ndreport.evidence.runs import coverage, differences, follows_recipe
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.accuracy_table import accuracy_table, accuracy_view, against_view
from ndreport.pages.tables_4_and_5.pairs import pairs
from ndreport.pages.tables_4_and_5.rows import accuracy_rows
from ndreport.rendering.links import anchors

OWN = "this report, test"
PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def accuracies() -> pd.DataFrame:
    return read(ACCURACIES, PUBLISHED)


@pytest.fixture(scope="module")
def compared() -> pd.DataFrame:
    return comparisons(load_all(PUBLISHED)[0])


def one(rows: pd.DataFrame, ours: str, norm: str, epochs: int) -> pd.Series:
    """The row of one setting."""
    return rows.query("ours == @ours and norm == @norm and epochs == @epochs").iloc[0]


def test_rows_hold_published_values_and_the_mean_of_our_runs(accuracies):
    records = [make_record(46.0, 38.0), make_record(48.0, 40.0, seed=1), make_record(50.0, 45.0, repeat=1)]
    row = one(accuracy_rows(accuracies, records, "cifar10"), "resnet18d", "bn", 1)
    assert row["test_top1"] == pytest.approx(48.0)
    assert row["running_train_top1"] == pytest.approx(41.0)
    assert (row["runs"], row["seeds"], row["repeats"]) == (3, 2, 2)
    assert row["run_ids"] == tuple(r.run_id for r in (records[0], records[2], records[1]))
    vgg = one(accuracy_rows(accuracies, records, "cifar10"), "vgg16", "nd", 1)
    assert (vgg["original"], vgg["reproduced"], vgg["attempt_1"]) == (74.18, 74.20, 74.06)
    assert vgg["original_source"] == "Re Table 4 row (1) ND 1 Org."
    assert math.isnan(vgg["test_top1"])


def test_the_final_epoch_counts_not_the_best(accuracies):
    record = make_record(60.0, 50.0, arch="vgg16", epochs=20)
    row = one(accuracy_rows(accuracies, [record], "cifar10"), "vgg16", "bn", 20)
    assert row["test_top1"] == record.epochs[-1].test.top1


def test_a_network_of_the_study_that_is_two_of_ours_is_not_counted_twice(accuracies):
    rows = accuracy_rows(accuracies, [], "cifar10")
    assert len(rows) == 66
    assert rows["original"].count() == 60
    assert rows["attempt_3"].count() == 60


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 0.01},
        {"batch_size": 64},
        {"precision": "bf16"},
        {"weight_decay": 0.0},
        {"train_images": 12_800},
        {"norm": "nd", "update_every": 2},
        {"norm": "nd", "sampling_stride": 4},
        {"norm": "nd", "block": 32},
        {"norm": "nd", "n_iter": 4},
    ],
)
def test_runs_that_leave_the_recipe_do_not_enter_the_tables(accuracies, change):
    records = [make_record(**change), make_record(failed=True, **change)]
    assert not follows_recipe(records[0].config)
    rows = accuracy_rows(accuracies, records, "cifar10")
    assert (rows["runs"].sum(), rows["failed_runs"].sum()) == (0, 0)


def test_runs_of_other_data_epochs_and_failed_runs_do_not_enter_a_cell(accuracies, material):
    records = [make_record(dataset="cifar100"), make_record(epochs=3), make_record(failed=True)]
    rows = accuracy_rows(accuracies, records, "cifar10")
    assert rows["runs"].sum() == 0
    view = accuracy_view(pairs(replace(material, records=records), "cifar10", 1))
    cell = view.loc["ResNet-18 (resnet18d)", (OWN, "BN")]
    assert cell.text == "failed"
    assert not cell.present


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
@pytest.mark.parametrize("epochs", EPOCHS)
def test_no_cell_is_blank_and_every_cell_says_where_it_comes_from(material, dataset, epochs):
    view = accuracy_view(pairs(replace(material, records=[make_record(dataset=dataset)]), dataset, epochs))
    values = [value for _, row in view.iterrows() for value in row]
    assert len(view) == 11
    assert view.index.is_unique
    assert all(v.text.strip() and v.note.strip() and v.link for v in values)
    own = [v for v in view[OWN].to_numpy().ravel() if not v.present]
    assert {v.text for v in own} == {"not run"}
    assert len(own) == 3 * 11 - (epochs == 1)
    for value in own:
        assert "time: " in value.note
        assert "test accuracy to expect of " in value.note
        for command in value.command.split(" && "):
            values = dict(
                zip(*[iter(command.removeprefix("ndcore run --").replace(" --", " ").split())] * 2, strict=True)
            )
            numbers = {name: int(values[name]) for name in ("epochs", "seed")}
            assert RunConfig.parse(values | numbers).command() == command


def test_a_value_stands_beside_the_network_that_it_belongs_to(material):
    """The label ResNet-18: logs name resnet18 on CIFAR-10 and resnet18d on CIFAR-100, both after 20 epochs."""
    found = {
        place: accuracy_view(pairs(replace(material, records=[]), *place)).map(lambda value: value.text)
        for place in (("cifar10", 1), ("cifar10", 20), ("cifar100", 20))
    }
    printed = "reproduction, as printed"
    assert [table.loc["ResNet-18 (resnet18)", (printed, "BN")] for table in found.values()] == [
        "see resnet18d",
        "92.35",
        "see resnet18d",
    ]
    assert [table.loc["ResNet-18 (resnet18d)", (printed, "BN")] for table in found.values()] == [
        "46.56",
        "see resnet18",
        "68.49",
    ]
    assert {table.loc["ResNet-18 (resnet18d)", ("original, as printed", "ND")] for table in found.values()} == {
        "see resnet18"
    }


def test_the_verdict_is_about_test_images(material):
    def verdicts(dataset: str, epochs: int) -> list:
        view = accuracy_view(pairs(replace(material, records=[]), dataset, epochs))
        return [v for v in view.iloc[:, 0] if v.present]

    assert {(v.text, v.kind) for v in verdicts("cifar10", 1)} == {("probably yes", "partial")}
    assert {(v.text[:4], v.kind) for place in ("cifar10", "cifar100") for v in verdicts(place, 20)} == {
        ("yes,", "good")
    }
    unknown = [v for place in (("cifar10", 100), ("cifar100", 1), ("cifar100", 100)) for v in verdicts(*place)]
    assert {(v.text, v.kind) for v in unknown} == {("not known", "open")}
    assert len(unknown) == 30


def test_the_time_and_the_result_to_expect_are_those_of_the_same_network(material):
    """VGG-16 ND on CIFAR-10 after 20 epochs: original 93.25, logs 92.72 to 92.96, attempts of 978 to 1,288 seconds."""
    row = accuracy_view(pairs(replace(material, records=[]), "cifar10", 20)).loc["VGG-16"]
    value = row[OWN, "ND"]
    assert "test accuracy to expect of ND: 92.72 to 93.25 %" in value.note
    assert "16 min to 22 min on the reproduction's GPU" in value.note
    assert row[OWN, "ND − BN"].command.count("ndcore run ") == 2


def test_an_average_that_is_not_the_mean_is_marked(material):
    view = accuracy_view(pairs(material, "cifar10", 100))
    value = view.loc["MobileNet v2", ("reproduction, as printed", "BN")]
    assert value.text == "≠ 96.34"
    assert "94.80" in value.note
    assert value.number == 96.34


def test_the_table_without_published_values_says_missing_and_keeps_our_runs():
    material = Material(records=[make_record(46.0)], problems=[])
    view = accuracy_view(pairs(material, "cifar10", 1))
    assert view.loc["VGG-16", ("original, as printed", "BN")].text == "missing"
    assert view.loc["VGG-16", ("reproduction", "ND ahead on test?")].text == "missing"
    assert view.loc["ResNet-18 (resnet18d)", (OWN, "BN")].text == "46.00"
    assert "missing" in accuracy_table(material, comparisons(material.published), "cifar10", 1)
    assert against_view(comparisons(material.published), "cifar10", 1).empty


def test_both_readings_of_the_threshold_stand_beside_the_printed_colour(compared):
    view = against_view(compared, "cifar100", 1)
    assert [v.text for v in view["ND"].loc["ResNeXt-29"]] == ["−8.25", "▼ lower by more", "• within", "red ▼"]
    assert [v.text for v in view["BN"].loc["VGG-16"]] == ["−0.54", "▼ lower by more", "• within", "black •"]
    assert "reproduced 22.68, original 30.93" in view["ND"].loc["ResNeXt-29"].iloc[1].note


def test_without_the_colours_their_column_says_missing(compared):
    view = against_view(compared.assign(printed=""), "cifar10", 20)["BN"]
    assert view.loc["VGG-16"].iloc[2].text == "▲ higher"
    assert view.loc["VGG-16"].iloc[3].text == "missing"


def test_coverage_counts_settings_and_at_most_three_runs_each():
    records = [make_record(seed=seed) for seed in range(5)] + [make_record(norm="nd", dataset="cifar100")]
    records += [make_record(dataset="digits"), make_record(failed=True, norm="nd"), make_record(lr=0.5)]
    covered = coverage(records)
    assert (covered.settings, covered.cells) == (120, 360)
    assert (covered.settings_run, covered.cells_run) == (2, 4)
    assert coverage([]).cells_run == 0


def test_differences_pair_runs_that_differ_in_their_norm_only():
    bn, nd = make_record(46.6, 38.2), make_record(58.7, 52.1, norm="nd")
    others = [make_record(norm="nd", seed=1), make_record(norm="nd", lr=0.2), make_record(norm="nd", epochs=2)]
    (pair,) = differences([nd, *others, bn])
    assert pair.test == pytest.approx(12.1)
    assert pair.running_train == pytest.approx(13.9)
    assert 0 < pair.test_standard_error < 3


def test_a_run_on_other_images_is_no_partner():
    bn, nd = make_record(), make_record(norm="nd")
    other = nd.data.model_copy(update={"fingerprint": {"train": "99" * 32, "test": "88" * 32}})
    assert differences([bn, nd.model_copy(update={"data": other})]) == []


def test_every_record_has_its_own_anchor():
    names = anchors([make_record(), make_record(failed=True), make_record(failed=True), make_record(norm="nd")])
    assert len(set(names)) == 4
    assert names[2].endswith("-failed-2")
