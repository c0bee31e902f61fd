"""The page on Table 10: its table, and that its sentences still say what the numbers say."""

from __future__ import annotations

from dataclasses import replace

from ndreport.evidence.imagenet_times import total_times
from ndreport.evidence.published import IMAGENET
from ndreport.pages.table10 import COLUMNS, numbers, total_times_table
from ndreport.rendering.columns import view
from ndreport.rendering.glued import wanted


def test_the_sentences_hold(material):
    found = numbers(material)
    assert wanted("table10") <= found.keys()
    assert found["times"] == found["cut"] == 7  # "are those of the spreadsheet without their seconds"
    assert found["vgg11_nd"] == "1.75×"
    assert all(float(found[f"{arch}_nd"][:-1]) > 1 for arch in ("vgg11", "resnet18", "densenet121"))
    assert float(found["vgg11_none"][:-1]) < 1
    assert found["stray_cell"] == "ResNet-18 ND"
    assert found["stray_text"].startswith(f"{found['stray']} 1d,")


def test_the_table_shows_strings_seconds_and_the_stray_character(material):
    cells = view(total_times(material.published.imagenet), COLUMNS, lambda row: f"{row.label}, {row.norm}")
    assert cells.loc["ResNet-18, nd", "printed"].text == "8 1d,11h, 48 min"
    assert cells.loc["ResNet-18, nd", "in the string, but no time"].text == '"8"'
    assert cells.loc["ResNet-18, bn", "spreadsheet − printed (s)"].text == "54"
    assert cells.loc["VGG-11, none", "over BN"].text == "0.79"
    assert cells.loc["DenseNet-121, nd", "minutes per epoch"].text == f"{483030 / 90 / 60:.2f}"


def test_numbers_flip_with_the_values(material):
    frame = material.published.imagenet
    single = (frame["metric"] == "total_seconds") & frame["attempt"].notna()
    wrong = frame.assign(value=frame["value"].mask(single, frame["value"] + 61))
    changed = replace(material, published=replace(material.published, imagenet=wrong))
    assert numbers(changed)["cut"] == 0


def test_a_missing_file_is_said(material):
    assert "missing" in total_times_table(total_times(IMAGENET.empty()))
