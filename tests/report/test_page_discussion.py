"""The discussion: its sentences still say what the numbers say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ndreport.evidence.published import Published, load_all
from ndreport.evidence.runs import coverage
from ndreport.pages.discussion import LIBRARIES, numbers
from ndreport.rendering.glued import wanted


@pytest.fixture(scope="module")
def found(material) -> dict[str, object]:
    return numbers(material)


def test_the_sentences_hold(material, found):
    assert wanted("discussion") <= found.keys()
    assert found["test_ahead"] == found["test_pairs"] == 20  # "ahead wherever the reproduction's logs tell"
    assert found["test_epochs"] == "20 epochs"
    assert found["untested_epochs"] == "1 and 100"
    assert (found["untested"], found["settings"]) == (80, 120)
    logs = material.published.recovered.query("epochs != 20 and metric == 'top1' and split == 'test'")
    assert len(logs) > 0  # test accuracies of other runs are proven: "no attempt", "these attempts"
    assert logs["attempt"].isna().all()
    single = material.accuracies.query("epochs != 20 and attempt.notna()")
    assert not single["split"].eq("test").any()
    assert found["longer"] == found["timed"] == 60  # "takes longer"
    assert 2 * found["unjudged"] == found["attempts"]  # "Half of the attempts on CIFAR"
    assert 1 < found["change_a_conclusion"] < found["findings"]
    assert found["seeds"] == "1 seed"  # "has one seed"
    assert found["own_seeds"].endswith(("seed", "seeds"))
    covered = coverage(material.records)
    assert covered.cells_run < covered.cells / 2  # "Most was not run again"
    assert found["imagenet_runs"] == 7
    assert found["imagenet_largest"] == "0.86"


def test_what_is_said_of_difficulties_holds(material, found):
    assert (found["refused"], found["networks"]) == (4, 10)  # "refuses ... of ... networks"
    assert found["unnamed"] == found["libraries"] == len(LIBRARIES)
    entries = material.published.setup.query("study == 're' and topic == 'Software'").set_index("item")["entry"]
    assert entries[list(LIBRARIES)].str.match(r"\d+\.\d+").all()  # "names all of its own versions"
    assert material.published.attempts["arch"].nunique() == found["networks"]  # "all networks have results"
    assert found["small_gpu"] != found["large_gpu"]
    assert found["imagenet_data"].endswith("GB")
    assert float(found["cifar_hours"].replace(",", "")) > 24  # "too weak ... in its run time"


def test_the_higher_accuracies_are_those_on_training_images(found):
    assert found["retested_higher"] > found["retested"] / 2 > found["retested_test_higher"]
    assert (
        float(found["retested_change"].replace("−", "-")) > 0 > float(found["retested_test_change"].replace("−", "-"))
    )


def test_numbers_flip_with_the_values(material, found):
    logs = material.published.recovered
    low = logs["value"].mask((logs["norm"] == "nd") & (logs["split"] == "test") & (logs["metric"] == "top1"), 1.0)
    changed = numbers(replace(material, published=replace(material.published, recovered=logs.assign(value=low))))
    assert changed["test_ahead"] == 0 < found["test_ahead"]


def test_without_files_the_numbers_cannot_be_computed(material):
    with pytest.raises((KeyError, IndexError, ValueError)):
        numbers(replace(material, published=Published()))
    assert load_all(material.folder / "published")[1] == []
