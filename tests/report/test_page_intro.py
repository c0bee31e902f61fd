"""The study in one page: what is drawn is what the files hold, and what is said follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from record_factory import make_record, write_examples

from ndcore.study import NETWORKS
from ndreport.evidence.corrected_times import BASES, corrected_settings, time_ratios
from ndreport.evidence.families import paired_tests
from ndreport.evidence.paired import ALPHA
from ndreport.evidence.published import Published, load_all
from ndreport.evidence.runs import differences
from ndreport.evidence.series import paired_values
from ndreport.material import Material, load
from ndreport.pages.intro import (
    SERIES,
    about_coverage,
    about_differences,
    compared,
    compared_alt,
    compared_figure,
    numbers,
    rerun,
)
from ndreport.rendering.glued import wanted
from ndreport.rendering.stated import NOTHING

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(PUBLISHED)[0]


def test_every_network_is_drawn_with_both_norms_and_all_four_values(published):
    frame = compared(published)
    assert len(frame) == 2 * len(NETWORKS)
    assert frame[list(SERIES)].notna().all().all()
    vgg = frame.set_index(["arch", "norm"]).loc[("vgg16", "nd")]
    assert vgg["printed"] == 88.43
    assert vgg["test"] == pytest.approx(71.74)
    assert vgg["original"] == 71.97


def test_a_run_that_did_not_finish_is_in_no_mean(published):
    dpn = compared(published).set_index(["arch", "norm"]).loc[("dpn92", "bn")]
    assert dpn["test"] == pytest.approx((72.58 + 70.87) / 2)


def test_the_alternative_text_holds_every_value(published):
    frame = compared(published)
    text = compared_alt(frame)
    assert "VGG-16 ND original 72.0, test 71.7, train 88.4, printed 88.4" in text
    assert text.count("printed ") == len(frame)
    assert compared_figure(frame).count("<figure") == 2


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    material = load(PUBLISHED.parent)
    tested = paired_tests(paired_values(material.published, material.records))
    ratios = time_ratios(corrected_settings(material.published))
    return numbers(tested, ratios, [], material)


def test_the_sentences_hold(published, found):
    assert wanted("intro") <= found.keys()
    for dataset in ("cifar10", "cifar100"):
        assert found[f"{dataset}_ahead"] == found[f"{dataset}_original"] == "10 of 10"  # "every one of its networks"
        assert float(found[f"{dataset}_holm"]) < ALPHA  # "the claim holds"
        assert found[f"{dataset}_interval"].count("+") == 2
    assert (found["compared"], found["nearer_train"]) == (20, 19)  # the other one averages a run that did not finish
    assert float(found["from_train"]) < float(found["from_test"])
    assert float(found["test_from_original"]) < float(found["printed_from_original"])  # "succeeded better"
    ratios = time_ratios(corrected_settings(published))
    assert len(ratios) == found["settings"] == 60
    assert (ratios[list(BASES)] > 1).all(axis=None)  # "ND takes longer than BN in each"
    assert found["longer_most"].startswith("4.58× (ResNet-18, CIFAR-10")
    assert (found["unjudged"], found["probable"], found["attempts"]) == (
        180,
        60,
        360,
    )  # "half of the reproduction cannot be judged"
    assert found["imagenet_reproduced"] == "2 of 3"


def test_the_first_paragraph_says_how_much_was_run_again():
    assert rerun([]) == "none of the 360 trainings on CIFAR and none of the 7 on ImageNet"
    one, more = make_record(), [make_record(epochs=20, norm="nd"), make_record(dataset="digits"), make_record(lr=0.5)]
    assert rerun([one]) == "1 of the 360 trainings on CIFAR (1 epoch, on a CPU) and none of the 7 on ImageNet"
    assert rerun([one, *more]).startswith("2 of the 360 trainings on CIFAR (1 epoch and 20 epochs, on a CPU)")


def test_without_files_the_page_says_so():
    frame = compared(Published())
    assert frame.empty
    assert compared_figure(frame) == NOTHING


def test_our_own_runs_are_told_for_none_one_and_many(tmp_path):
    assert "cover **none** of these settings" in about_coverage(Material([], []))
    assert "no complete records" in about_coverage(Material([], []))
    assert "no pair" in about_differences([])
    write_examples(tmp_path)
    material = load(tmp_path)
    assert "**5** of these settings and **6** of the single runs" in about_coverage(material)
    pairs = differences(material.records)
    many = about_differences(pairs)
    assert many.startswith("2 pairs of our own runs, equal in everything but the normalisation, come from one seed")
    assert "- CIFAR-100: ND has the higher test accuracy in the one pair; +9.70 on the test set" in many
    assert about_differences(pairs[:1]).startswith(
        "1 pair of our own runs, equal in everything but the normalisation, comes"
    )
