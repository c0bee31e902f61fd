"""The page with the tables in the layout of the paper: every printed value stands in its place, unchanged."""

from __future__ import annotations

import pytest
from shown import shown

from ndreport.evidence.published import Published
from ndreport.pages import printed
from ndreport.rendering.glued import wanted


def test_the_sentences_hold(material):
    found = printed.numbers(material)
    assert wanted("printed") <= found.keys()
    assert found["coloured"] == 134


@pytest.mark.parametrize(("dataset", "column"), [("cifar10", "ND 20"), ("cifar100", "BN 1")])
def test_accuracies_stand_as_the_paper_prints_them(material, dataset, column):
    table = shown(printed.accuracies(material.published, dataset))
    assert table.shape == (10, 12)
    cells = [value.text for value in table.loc["(5) ResNeXt-29", [f"{column} / Org. Value", f"{column} / Rep. Avg"]]]
    assert cells == {"cifar10": ["94.05", "• 93.57"], "cifar100": ["17.98", "▼ 3.89"]}[dataset]


def test_the_colour_is_the_printed_one_even_where_the_rule_says_another(material):
    """VGG-11 without normalisation is higher in top-5, but black in the paper."""
    table = shown(printed.imagenet(material.published, number=6))
    assert [value.text for value in table.loc["ImageNet top-5"]] == [
        "88.63",
        "• 89.08",
        "89.81",
        "▲ 90.25",
        "90.49",
        "▲ 90.60",
    ]
    assert shown(printed.imagenet(material.published, number=7)).shape == (2, 8)


def test_times_keep_what_is_wrong_in_them(material):
    table = shown(printed.times(material.published, "cifar100"))
    assert table.shape == (10, 6)
    assert [value.text for value in table.loc["ResNet-18"]] == [
        "20.17",
        "56.87",
        "446.33",
        "1076.18",
        "1713.00",
        "4589.303",
    ]
    (row,) = shown(printed.table_10(material.published)).to_numpy()
    assert [value.text for value in row][3:5] == ["0d,13h, 8 min", "8 1d,11h, 48 min"]


def test_without_the_files_every_cell_says_missing():
    nothing = Published()
    tables = [printed.accuracies(nothing, "cifar10"), printed.imagenet(nothing, 7), printed.times(nothing, "cifar10")]
    for table in (*map(shown, tables), shown(printed.table_10(nothing))):
        assert {value.text for row in table.to_numpy() for value in row} == {"missing"}
