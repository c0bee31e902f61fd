"""ImageNet: rounding, origin of the baselines, gains, and the part of the uncertainty that can be computed."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndreport.evidence.imagenet import (
    VALIDATION_IMAGES,
    binomial_error,
    imagenet_gains,
    imagenet_values,
    independent_difference_error,
    smallest_difference_error,
)
from ndreport.evidence.published import Published
from ndreport.evidence.splits import is_share_of


@pytest.fixture(scope="module")
def values(published):
    return imagenet_values(published)


def test_printed_values_are_the_spreadsheet_rounded_to_two_decimals(values):
    assert len(values) == 14
    assert values["single"].round(2).tolist() == values["reproduced"].tolist()


def test_all_baselines_and_nothing_else_are_those_of_the_model_zoo(values):
    assert values["from_zoo"].tolist() == (values["norm"] != "nd").tolist()
    assert values["from_zoo"].sum() == 8


def test_a_baseline_that_is_not_from_the_model_zoo_shows(published):
    zoo = published.model_zoo.copy()
    zoo.loc[0, "value"] += 0.01
    assert imagenet_values(replace(published, model_zoo=zoo))["from_zoo"].sum() == 7


def test_gains_over_bn_shrink_and_turn_for_densenet(values):
    gains = imagenet_gains(values).query("baseline == 'bn'").set_index(["arch", "metric"])
    assert gains["original"].to_dict() == {
        ("vgg11", "top1"): 1.57,
        ("vgg11", "top5"): 0.68,
        ("resnet18", "top1"): 1.48,
        ("resnet18", "top5"): 1.06,
        ("densenet121", "top1"): 1.08,
        ("densenet121", "top5"): 0.58,
    }
    assert gains["reproduced"].tolist() == [0.594, 0.35, 0.858, 0.542, -0.216, -0.262]
    changes = gains["original"] + gains["nd_change"] - gains["baseline_change"]
    assert changes.tolist() == pytest.approx(gains["reproduced"].tolist(), abs=1e-9)


def test_every_spreadsheet_value_is_a_share_of_50000_images(values):
    assert all(is_share_of(value, VALIDATION_IMAGES) for value in values["single"])
    assert not is_share_of(69.613, VALIDATION_IMAGES)


def test_files_that_are_missing_leave_the_rest(published):
    without_zoo = imagenet_values(replace(published, model_zoo=Published().model_zoo))
    assert without_zoo["zoo_accuracy"].isna().all()
    assert not without_zoo["from_zoo"].any()
    assert len(imagenet_gains(without_zoo)) == 8
    empty = imagenet_values(Published())
    assert empty.empty
    assert imagenet_gains(empty).empty


@given(st.integers(0, 50_000), st.integers(0, 50_000))
def test_standard_errors_of_shares_and_their_differences(one, other):
    p, q = one / 50_000, other / 50_000
    assert binomial_error(100 * p) == pytest.approx(100 * sqrt(p * (1 - p) / 50_000), abs=1e-9)
    least, independent = smallest_difference_error(100 * (p - q)), independent_difference_error(100 * p, 100 * q)
    paired = 100 * sqrt((abs(p - q) - (p - q) ** 2) / 50_000)  # one network is right wherever the other is
    assert least == pytest.approx(paired, abs=1e-9)
    assert least <= independent + 1e-9


def test_no_error_is_known_of_a_missing_value():
    assert isnan(binomial_error(float("nan")))
