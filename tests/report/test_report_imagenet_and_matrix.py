"""The pages on ImageNet and on the evidence for every value."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndreport.evidence.imagenet import imagenet_gains, imagenet_values
from ndreport.evidence.published import Published, load_all
from ndreport.pages.imagenet import findings
from ndreport.pages.imagenet.figure import gains_alt, gains_figure
from ndreport.pages.imagenet.tables import gains_table, gains_view, origin_table, origin_view, values_table, values_view

REPOSITORY = Path(__file__).parents[2]
DATASETS = ("cifar10", "cifar100")


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(REPOSITORY / "runs" / "published")[0]


@pytest.fixture(scope="module")
def values(published):
    return imagenet_values(published)


def cells(view):
    return [value for _, row in view.iterrows() for value in row]


def test_tables_6_and_7_hold_every_value_with_its_third_decimal(values):
    views = {number: values_view(values, number) for number in (6, 7)}
    assert [len(view) for view in views.values()] == [6, 8]
    assert all(v.text.strip() and v.note.strip() and v.link for view in views.values() for v in cells(view))
    nd = views[6].loc["VGG-11, ND, top-1"]
    assert nd["Obadage et al. 2024", "printed"].text == "71.95"
    assert nd["Obadage et al. 2024", "spreadsheet"].text == "71.946"
    assert nd["Obadage et al. 2024", "± drawing images"].text == "0.201"
    assert nd["Printed against original", "difference"].text == "+0.00"
    assert nd["This report", "top-1, top-5"].text == "not run"
    assert views[7].index[0] == "ResNet-18, BN, top-1"
    assert views[7].loc["ResNet-18, ND, top-5", ("Printed against original", "as printed")].text == "black •"


def test_every_baseline_is_shown_with_its_origin(values):
    view = origin_view(values)
    assert len(view) == 8
    assert {value.text for value in view["the two are"]} == {"equal"}
    assert {value.kind for value in view["the two are"]} == {"good"}
    changed = values.assign(from_zoo=False)
    assert {value.kind for value in origin_view(changed)["the two are"]} == {"bad"}
    assert view.loc["DenseNet-121, BN, top-1", "retrained − original"].text == "+1.234"


def test_gains_and_their_figure_state_the_same_values(values):
    gains = imagenet_gains(values)
    view = gains_view(gains, values)
    dense = view.loc["DenseNet-121, ND − BN, top-1"]
    assert [dense[name].text for name in ("gain, original", "gain, reproduced")] == ["+1.08", "−0.216"]
    assert dense["± at least"].number < dense["± if independent"].number
    alt = gains_alt(gains)
    assert "DenseNet-121, ND − BN, top-1 +1.08 in the original, −0.22 if both retrained" in alt
    assert alt.count(";") == len(gains) - 1
    assert "<svg" in gains_figure(gains)
    for html in (gains_table(gains, values), origin_table(values), values_table(values, 7)):
        assert "<table>" in html


def test_sentences_about_imagenet(values):
    gains = imagenet_gains(values)
    assert "**8** of 8 baselines" in findings.about_origin(values)
    shrinking = findings.about_shrinking(gains)
    assert "VGG-11 +1.57 to **+0.59**; ResNet-18 +1.48 to **+0.86**; DenseNet-121 +1.08 to **−0.22**" in shrinking
    assert "smaller in 6 of 6 comparisons, and in 6 of them" in shrinking
    assert "With DenseNet-121 BN is ahead of ND (2 comparisons)." in shrinking
    runs = findings.about_single_runs(values, gains)
    assert "**lower bound**" in runs
    assert runs.count("\n- ") == 6
    assert "14 of 14" in findings.about_decimals(values)
    assert "one in 16,384" in findings.about_decimals(values)


def test_imagenet_without_files_says_so():
    values = imagenet_values(Published())
    gains = imagenet_gains(values)
    assert "not compared" in findings.about_origin(values)
    for sentence in (
        findings.about_shrinking(gains),
        findings.about_single_runs(values, gains),
        findings.about_decimals(values),
    ):
        assert sentence == findings.NO_VALUES
    for html in (values_table(values, 6), origin_table(values), gains_table(gains, values), gains_figure(gains)):
        assert "nd-empty" in html
