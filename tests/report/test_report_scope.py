"""Scope, settings, hardware, software: complete, and every difference has a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from record_factory import make_record

from ndcore.experiment.config import RunConfig
from ndreport.evidence.published import Published, load_all
from ndreport.material import Material
from ndreport.pages.scope.tables import about_design, design_view, setup_table, setup_view, topics

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def material() -> Material:
    published, problems = load_all(PUBLISHED)
    return Material([make_record(46.0), make_record(58.0, norm="nd", seed=1)], problems, published)


def test_the_plan_adds_up_and_is_counted_against_the_spreadsheet(material):
    view = design_view(material)
    assert view["runs, printed"].map(lambda v: v.number).tolist() == [90] * 4
    assert view["runs, in the spreadsheet"].map(lambda v: v.number).tolist() == [90] * 4
    assert view["runs, this report"].map(lambda v: v.text).tolist() == ["1", "1", "none", "none"]
    assert "**367**" in about_design(material)
    assert "in every row" in about_design(material)


def test_a_plan_that_does_not_add_up_is_said(material):
    design = material.published.design.copy()
    design.loc[design["metric"] == "attempts", "value"] = 4
    changed = replace(material, published=replace(material.published, design=design))
    assert "not in 4 rows" in about_design(changed)


def test_phrases_wrap_in_their_cells(material):
    assert 'class="nd-table nd-words" id="setup-software"' in setup_table(material, "Software")


def test_every_difference_has_a_reason_and_every_entry_a_source(material):
    assert topics(material)[0] == "Scope"
    for topic in topics(material):
        view = setup_view(material, topic)
        for column in (c for c in view.columns if "differs" in c):
            assert [v.text for v in view[column] if v.text.startswith("≠") and len(v.text) < 4] == [], (topic, column)
        assert all(v.note for name in view.columns if "differs" not in name for v in view[name])


def test_settings_of_table_3_are_there_and_ours_are_the_defaults_of_the_code(material):
    view = setup_view(material, "Hyper-parameters, CIFAR")
    printed = view["Obadage et al. 2024"].map(lambda v: v.text)
    assert printed[["learning rate", "optimizer", "batch size", "sampling stride"]].tolist() == [
        "0.1",
        "SGD",
        "128",
        "3",
    ]
    own = view["This report"].map(lambda v: v.text)
    assert own["learning rate"] == str(RunConfig.model_fields["lr"].default) == "0.1"
    assert own["seeds"] == "0, 1"
    imagenet = setup_view(material, "Hyper-parameters, ImageNet")["Obadage et al. 2024"].map(lambda v: v.text)
    assert imagenet[["batch size", "epochs", "sampling stride"]].tolist() == ["256", "90", "3"]
    assert imagenet["learning rate"].startswith("0.01, 0.1, 0.1")


def test_without_records_and_with_damaged_files_the_page_says_so():
    empty = Material([], [])
    assert topics(empty) == []
    assert "could not be read" in about_design(empty)
    assert {v.text for v in design_view(empty)["runs, printed"]} == {"missing"}
    published = load_all(PUBLISHED)[0]
    view = setup_view(Material([], [], published), "Hardware")
    assert view.loc["CPU", "This report"].text == "not run"
    assert setup_view(Material([], [], Published()), "Hardware").empty
