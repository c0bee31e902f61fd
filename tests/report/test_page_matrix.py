"""The evidence matrix: its sentences, a cell for every value of the study, its figure and its file."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndcore.study import EPOCHS
from ndreport.evidence.matrix import evidence
from ndreport.evidence.published import Published
from ndreport.evidence.runs import coverage
from ndreport.material import Material
from ndreport.pages.intro import about_coverage
from ndreport.pages.matrix import (
    about_own,
    box_in_words,
    boxes,
    cifar_table,
    cifar_view,
    imagenet_table,
    imagenet_view,
    matrix_download,
    matrix_grid,
    numbers,
)  # fmt: skip
from ndreport.rendering.glued import wanted
from ndreport.rendering.svg import SPLIT_COLOURS

DATASETS = ("cifar10", "cifar100")


@pytest.fixture(scope="module")
def matrix(material):
    records = [make_record(), make_record(seed=1), make_record(norm="nd", arch="vgg16")]
    return evidence(material.published, records)


def cells(view):
    return [value for _, row in view.iterrows() for value in row]


def test_the_sentences_hold(material, matrix):
    found = numbers(material)
    assert wanted("matrix") <= found.keys()
    assert found["values"] == len(matrix) == found["cifar10"] + found["cifar100"] + found["imagenet"] == 374
    on_cifar = matrix[matrix["dataset"] != "imagenet"]
    assert set(on_cifar.groupby(["dataset", "arch", "norm", "epochs"]).size()) == {3}  # "three runs per cell"
    on_imagenet = matrix[matrix["dataset"] == "imagenet"]
    assert set(on_imagenet.groupby(["arch", "norm", "metric"]).size()) == {1}  # "one run per cell"
    assert set(on_imagenet["split"]) == {"not proven"}  # "no split is proven"
    assert on_imagenet["logged_test"].isna().all()  # "no log is public"
    assert found["proven"] == found["cifar10_proven"] + found["cifar100_proven"] == 260
    assert found["logged"] == found["cifar10_logged"] + found["cifar100_logged"] == 120
    assert (found["test"], found["marked"]) == (60, 5)


@pytest.mark.parametrize(
    ("records", "sentence", "runs"),
    [
        ([], "cover **none** of the 120 settings on CIFAR (none on CIFAR-10 and none on CIFAR-100)", "none"),
        ([make_record()], "cover **1** of the 120 settings on CIFAR (1 on CIFAR-10 and none on CIFAR-100)", "1"),
        ([make_record(), make_record(dataset="cifar100")], "(1 on CIFAR-10 and 1 on CIFAR-100)", "2"),
        ([make_record(seed=seed) for seed in range(5)], "cover **1** of the 120 settings", "3"),
    ],
)
def test_our_own_coverage_reads_well(records, sentence, runs):
    words = about_own(records)
    assert sentence in words
    assert f"They stand for **{runs}** of the 360 single runs" in words
    assert words.endswith("None of our own runs is on ImageNet.")


def test_the_boxes_and_cells_agree_with_what_the_sentence_counts(material):
    """The page of the study in one page counts with the same function."""
    covered, found = coverage(material.records), evidence(material.published, material.records)
    on_cifar = found[found["dataset"] != "imagenet"].drop_duplicates(["dataset", "arch", "norm", "epochs"])
    assert covered.settings_run == (on_cifar["own_runs"] > 0).sum()
    assert covered.cells_run == on_cifar["own_runs"].clip(upper=3).sum()
    assert covered.settings_run == sum((boxes(found, dataset)["seeds"] > 0).sum() for dataset in DATASETS)
    assert f"**{covered.settings_run}**" in about_own(material.records)
    assert f"**{covered.settings_run}**" in about_coverage(material)
    assert f"**{covered.cells_run}**" in about_coverage(material)


def test_every_one_of_the_374_values_has_a_cell_that_names_it(material, matrix):
    notes = [
        value.note
        for d in DATASETS
        for epochs in EPOCHS
        for value in cells(cifar_view(matrix, d, epochs, material.expected))
    ]
    notes += [value.note for value in cells(imagenet_view(matrix, material.published))]
    for row in matrix.itertuples():
        found = [note for note in notes if re.search(rf"{re.escape(row.reproduced_source)}(;|$)", note)]
        assert len(found) == 1, row.reproduced_source
        assert found[0].startswith(f"{row.reproduced:g} %")
        assert row.original_source in notes


def test_cells_of_the_matrix_say_split_logs_and_runs(material, matrix):
    view = cifar_view(matrix, "cifar100", 20, material.expected)
    assert view.shape == (10, 12)
    assert view.loc["ResNet-18", ("ND", "attempt 3")].text == "training ✗"
    assert view.loc["ResNet-18", ("ND", "logs")].text == "3 of 3"
    assert view.loc["ResNet-18", ("ND", "ours")].text == "not run"
    first = cifar_view(matrix, "cifar10", 1, material.expected)
    assert first.loc["ResNet-18", ("BN", "ours")].text == "resnet18d: 2 runs, 2 seeds"
    assert first.loc["VGG-16", ("ND", "ours")].text == "1 run, 1 seed"
    assert first.loc["VGG-16", ("BN", "attempt 1")].text == "not proven"
    assert first.loc["VGG-16", ("BN", "logs")].text == "none"
    for html in (cifar_table(matrix, "cifar10", 1, material.expected), imagenet_table(matrix, material.published)):
        assert "<table>" in html


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_figure_of_the_matrix_states_every_box(matrix, dataset):
    drawn = boxes(matrix, dataset)
    assert len(drawn) == 60
    not_proven = (matrix["dataset"] == dataset) & (matrix["split"] == "not proven")
    assert "".join(drawn["letters"]).count("?") == not_proven.sum()
    grid = BeautifulSoup(matrix_grid(matrix, dataset), "html.parser")
    assert [cell.get_text() for cell in grid.thead.find_all("th")] == [
        *("1 epoch", "20 epochs", "100 epochs"),
        *("BN", "ND") * 3,
    ]
    [vgg16] = [row for row in grid.tbody.find_all("tr") if row.th.get_text() == "VGG-16"]
    boxes_of_it = drawn[drawn["label"] == "VGG-16"].set_index(["epochs", "norm"])
    places = [(epochs, norm) for epochs in EPOCHS for norm in ("bn", "nd")]
    for row, cell in zip(boxes_of_it.loc[places].itertuples(), vgg16.find_all("td"), strict=True):
        assert cell.span.get_text() == f"{row.letters}{'L' if row.logs else '·'} {row.seeds}"
        assert cell.find(class_="nd-note").get_text() == box_in_words(row)
        assert SPLIT_COLOURS[row.split] in cell["style"]
    saved = pd.read_csv(io.BytesIO(base64.b64decode(grid.a["href"].split("base64,")[1])))
    assert saved["letters"].tolist() == drawn["letters"].tolist()


def test_the_matrix_can_be_saved_with_one_row_per_value(matrix):
    encoded = re.search(r"base64,([^\"]+)", matrix_download(matrix))[1]
    saved = pd.read_csv(io.BytesIO(base64.b64decode(encoded)))
    assert len(saved) == 374
    assert saved["own_run_ids"].notna().sum() == 6


def test_the_matrix_without_files_keeps_every_place(material):
    empty = evidence(Published(), [])
    assert {value.text for value in cells(cifar_view(empty, "cifar10", 1, Material([], []).expected))} == {
        "missing",
        "none",
        "not run",
    }
    assert {value.text for value in cells(imagenet_view(empty, Published()))} == {"missing", "not run"}
    assert matrix_grid(empty, "cifar10").count(">3 missing; no log; no seeds of ours<") == 60
    assert set(numbers(replace(material, published=Published())).values()) == {0}  # shown as "missing"
