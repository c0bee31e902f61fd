"""Scope, settings, hardware, software: complete, and every difference has a reason."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import pandas as pd
import pytest
from record_factory import make_record

from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import RunRecord
from ndreport.evidence.published import Published, load_all
from ndreport.evidence.runs import coverage
from ndreport.material import Material
from ndreport.pages.scope.side_by_side import design_view, numbers, setup_table, setup_view, topics
from ndreport.rendering.glued import wanted

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


def test_our_runs_are_counted_as_on_the_first_page(material):
    """Five runs of a setting stand for its three; what leaves the recipe counts for none."""
    more = [*(make_record(seed=seed) for seed in range(5)), make_record(lr=0.5), make_record(norm="nd", failed=True)]
    view = design_view(replace(material, records=more))
    assert view["runs, this report"].map(lambda v: v.text).tolist() == ["3", "none", "none", "none"]
    assert coverage(more).cells_run == 3


def test_the_sentences_hold(material):
    found = numbers(material)
    assert wanted("scope") <= found.keys()
    assert found["wrong_rows"] == 0  # "every row is the product of its other columns"
    assert (found["planned"], found["imagenet"], found["total"]) == (360, 7, 367)
    assert found["imagenet"] == found["norms"] * found["imagenet_networks"] + 1  # "and one more without any"
    factors = [found[name] for name in ("networks", "norms", "lengths", "datasets", "attempts")]
    assert prod(factors) == found["planned"]


def test_the_recipe_on_cifar_is_the_same_and_software_and_hardware_are_not(material):
    """ "it kept optimiser, learning rate, schedule, batch size and augmentation"."""
    settings = setup_view(material, "Hyper-parameters, CIFAR")
    kept = settings.loc[["optimizer", "learning rate", "schedule", "batch size", "augmentation"]]
    for column in ("differs from Ye et al.?", "differs from Obadage et al.?"):
        assert {value.text for value in kept[column]} == {"= same"}
    for topic in ("Hardware", "Software"):
        assert {v.text[0] for v in setup_view(material, topic)["differs from Ye et al.?"]} <= {"≠", "–"}


def test_the_versions_of_pytorch_stand_where_their_source_says(material):
    """ "The reproduction's text and its files name different versions of PyTorch"."""
    entry = setup_view(material, "Software").loc["PyTorch", "Obadage et al. 2024"]
    assert entry.text == "1.13, elsewhere 1.13.1"
    for place in ("Re §4.5, text of 2024", "Re requirements.txt (commit 932d470)", "Re content.tex (commit b06aac9)"):
        assert place in entry.note


def test_an_entry_leads_to_the_file_at_its_commit(material):
    software = setup_view(material, "Software")["Ye et al. 2020"]
    [address] = {value.link.split("/blob/")[0] for value in software if value.present}
    assert address == "https://github.com/yechengxi/deconvolution"
    assert "/022836f" in software["operating system"].link
    assert setup_view(material, "Scope")["Obadage et al. 2024"]["networks, CIFAR"].link.endswith("#setup-csv")


def test_a_plan_that_does_not_add_up_is_counted(material):
    design = material.published.design.copy()
    design.loc[design["metric"] == "attempts", "value"] = 4
    changed = replace(material, published=replace(material.published, design=design))
    assert numbers(changed)["wrong_rows"] == 4


def on(device: str, record: RunRecord, **config) -> RunRecord:
    environment = record.environment.model_copy(update={"device": device, "device_name": device})
    return record.model_copy(update={"environment": environment, "config": record.config.model_copy(update=config)})


def entries(material: Material, records: list[RunRecord], topic: str) -> pd.DataFrame:
    return setup_view(replace(material, records=records), topic)


def test_what_is_said_of_gpus_follows_the_records(material):
    on_cpu, gpu = material.records[0], on("cuda", material.records[1])
    differs, place = "differs from Obadage et al.?", "accelerator, CIFAR"
    assert "no run here used a GPU" in entries(material, [on_cpu], "Hardware").loc[place, differs].text
    assert "another machine" in entries(material, [on_cpu, gpu], "Hardware").loc[place, differs].text
    assert "CPUs could run" in entries(material, [on_cpu], "Scope").loc["networks, CIFAR", differs].text
    assert "CPUs" not in entries(material, [gpu], "Scope").loc["networks, CIFAR", differs].text
    needed = [
        entries(material, records, "Recommended minimum").loc["GPU memory, CIFAR", "This report"]
        for records in ([on_cpu], [on_cpu, gpu], [gpu], [])
    ]
    assert [value.text for value in needed[:2]] == ["no GPU needed"] * 2
    assert [value.note for value in needed[:2]] == [
        "every record so far comes from a CPU",
        "1 of 2 records come from a CPU",
    ]
    assert "GiB" in needed[2].text
    assert needed[3].text == "not run"


def test_imagenet_is_not_run_until_a_record_says_otherwise(material):
    record = on("cuda", material.records[0], dataset="imagenet", epochs=90)
    for topic in topics(material):
        for item, row in entries(material, [record], topic).iterrows():
            if "ImageNet" in f"{topic} {item}":
                assert row["This report"].present, item
                assert row["differs from Obadage et al.?"].text not in ("≠ ", "≠"), item
                assert entries(material, [], topic).loc[item, "This report"].text == "not run"


def test_phrases_wrap_in_their_cells(material):
    assert 'nd-words" id="setup-software"' in setup_table(material, "Software")


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
    assert {v.text for v in design_view(empty)["runs, printed"]} == {"missing"}
    published = load_all(PUBLISHED)[0]
    view = setup_view(Material([], [], published), "Hardware")
    assert view.loc["CPU", "This report"].text == "not run"
    assert setup_view(Material([], [], Published()), "Hardware").empty
