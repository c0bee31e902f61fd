"""The study in one page: what is drawn is what the files hold, and what is said follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndcore.study import NETWORKS
from ndreport.evidence.published import Published, load_all
from ndreport.pages.intro.figure import SERIES, compared, compared_alt, compared_figure
from ndreport.pages.intro.findings import about_compared

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
    assert compared_figure(published).count("<figure") == 2


def test_the_sentence_says_what_the_printed_averages_are_nearer_to(published):
    frame = compared(published)
    assert "In 19 of 20 settings" in about_compared(frame)  # the other one averages a run that did not finish
    swapped = frame.rename(columns={"train": "test", "test": "train"})
    assert "In 1 of 20 settings" in about_compared(swapped)
    assert "10 of 10 networks" in about_compared(frame)
    assert "succeeded better" in about_compared(frame)
    assert "succeeded better" not in about_compared(frame.rename(columns={"printed": "test", "test": "printed"}))


def test_without_files_the_page_says_so():
    frame = compared(Published())
    assert frame.empty
    assert "could not be read" in about_compared(frame)
    assert "nothing to show" in compared_alt(frame)
    assert compared_figure(Published()).count("<figure") == 2
