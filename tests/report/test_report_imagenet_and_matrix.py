"""The pages on ImageNet and on the evidence for every value."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from record_factory import make_record

from ndcore.study import EPOCHS
from ndreport.evidence.imagenet import imagenet_gains, imagenet_values
from ndreport.evidence.matrix import evidence
from ndreport.evidence.published import Published, load_all
from ndreport.evidence.runs import coverage
from ndreport.pages.imagenet import findings
from ndreport.pages.imagenet.figure import gains_alt, gains_figure
from ndreport.pages.imagenet.tables import gains_table, gains_view, origin_table, origin_view, values_table, values_view
from ndreport.pages.matrix.figure import boxes, matrix_alt, matrix_figures
from ndreport.pages.matrix.findings import about_matrix
from ndreport.pages.matrix.tables import cifar_table, cifar_view, imagenet_table, imagenet_view, matrix_download

REPOSITORY = Path(__file__).parents[2]
DATASETS = ("cifar10", "cifar100")


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(REPOSITORY / "runs" / "published")[0]


@pytest.fixture(scope="module")
def values(published):
    return imagenet_values(published)


@pytest.fixture(scope="module")
def matrix(published):
    records = [make_record(), make_record(seed=1), make_record(norm="nd", arch="vgg16")]
    return evidence(published, records)


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


def test_every_one_of_the_374_values_has_a_cell_that_names_it(matrix):
    notes = [value.note for d in DATASETS for epochs in EPOCHS for value in cells(cifar_view(matrix, d, epochs))]
    notes += [value.note for value in cells(imagenet_view(matrix))]
    for row in matrix.itertuples():
        found = [note for note in notes if re.search(rf"{re.escape(row.reproduced_source)}(;|$)", note)]
        assert len(found) == 1, row.reproduced_source
        assert found[0].startswith(f"{row.reproduced:g} %")
        assert row.original_source in notes


def test_cells_of_the_matrix_say_split_logs_and_runs(matrix):
    view = cifar_view(matrix, "cifar100", 20)
    assert view.shape == (10, 12)
    assert view.loc["ResNet-18", ("ND", "attempt 3")].text == "training ✗"
    assert view.loc["ResNet-18", ("ND", "logs")].text == "3 of 3"
    assert view.loc["ResNet-18", ("ND", "ours")].text == "not run"
    first = cifar_view(matrix, "cifar10", 1)
    assert first.loc["ResNet-18", ("BN", "ours")].text == "resnet18d: 2 runs, 2 seeds"
    assert first.loc["VGG-16", ("ND", "ours")].text == "1 run, 1 seed"
    assert first.loc["VGG-16", ("BN", "attempt 1")].text == "not proven"
    assert first.loc["VGG-16", ("BN", "logs")].text == "none"
    for html in (cifar_table(matrix, "cifar10", 1), imagenet_table(matrix)):
        assert "<table>" in html


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_figure_of_the_matrix_states_every_box(matrix, dataset):
    drawn = boxes(matrix, dataset)
    assert len(drawn) == 60
    assert (
        "".join(drawn["letters"]).count("?")
        == ((matrix["dataset"] == dataset) & (matrix["split"] == "not proven")).sum()
    )
    alt = matrix_alt(drawn, dataset)
    assert sum(alt.count(f"{row.letters} log") for row in drawn[drawn["logs"] > 0].itertuples()) >= 20
    assert len(re.findall(r"[TR?]{3} (?:no )?log, ", alt)) == 60
    assert "VGG-16 ND" in alt
    assert matrix_figures(matrix).count("<svg") == 2


def test_the_matrix_can_be_saved_with_one_row_per_value(matrix):
    encoded = re.search(r"base64,([^\"]+)", matrix_download(matrix))[1]
    saved = pd.read_csv(io.BytesIO(base64.b64decode(encoded)))
    assert len(saved) == 374
    assert saved["own_run_ids"].notna().sum() == 6


def test_counts_of_the_matrix_are_computed(matrix):
    about = about_matrix(matrix, coverage([make_record()]))
    assert "**374** single values" in about
    assert "- CIFAR-10: 180, 3 runs per cell; split proven for 108, log public for 60, run by ourselves for 6" in about
    assert "**260** of 374 values, 60 of them test accuracies; 120 values have a log" in about
    assert "**1** of the 120 settings" in about


def test_the_matrix_without_files_keeps_every_place():
    matrix = evidence(Published(), [])
    assert {value.text for value in cells(cifar_view(matrix, "cifar10", 1))} == {"missing", "none", "not run"}
    assert {value.text for value in cells(imagenet_view(matrix))} == {"missing", "not run"}
    assert "––– no log" in matrix_alt(boxes(matrix, "cifar10"), "cifar10")
    assert "180 missing in the files" in about_matrix(matrix, coverage([]))
