"""Agreement of two measurements: Bland–Altman, Lin's coefficient and its interval, rank correlation."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ndreport.evidence.concordance import (
    agreement,
    bland_altman,
    concordance,
    concordance_interval,
    pairs,
    rank_correlation,
    rankings,
)
from ndreport.evidence.deviations import NOT_PROVEN, TEST, TRAIN
from ndreport.evidence.published import Published, load_all

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"
vectors = st.lists(st.floats(-100, 100), min_size=3, max_size=12, unique=True).map(np.array)


@pytest.fixture(scope="module")
def frame():
    return pairs(load_all(PUBLISHED)[0])


def test_concordance_of_a_documented_example():
    """The example in the documentation of torchmetrics' ConcordanceCorrCoef, whose variances are divided by n − 1."""
    x, y = np.array([3, -0.5, 2, 7]), np.array([2.5, 0.0, 2, 8])
    n, s_xy = len(x), np.cov(x, y)[0, 1]
    unbiased = 2 * s_xy / (x.var(ddof=1) + y.var(ddof=1) + (x.mean() - y.mean()) ** 2)
    assert unbiased == pytest.approx(0.9777, abs=5e-5)
    shift = (x.mean() - y.mean()) ** 2 * n / (n - 1)  # what the other divisor changes
    assert concordance(x, y) == pytest.approx(2 * s_xy / (x.var(ddof=1) + y.var(ddof=1) + shift))


@given(vectors)
def test_concordance_of_identical_values_is_one(x):
    assume(np.ptp(x) > 1e-3)
    assert concordance(x, x) == pytest.approx(1)


@given(vectors, st.floats(0.1, 50))
def test_a_shift_lowers_concordance_and_leaves_pearson(x, shift):
    assume(np.ptp(x) > 1)
    found = concordance(x, x + shift)
    assert found < 1
    assert concordance(x, x + 2 * shift) < found
    assert stats.pearsonr(x, x + shift)[0] == pytest.approx(1)


@given(vectors, st.floats(1.1, 5))
def test_a_change_of_scale_lowers_concordance(x, scale):
    assume(np.ptp(x) > 1)
    assert concordance(x, x * scale) < 1 - 1e-6
    assert concordance(x, x * scale) == pytest.approx(concordance(x * scale, x))


@given(vectors, st.randoms(use_true_random=False))
def test_concordance_is_never_above_pearson_in_size(x, random):
    y = np.array([random.uniform(-100, 100) for _ in x])
    assume(np.ptp(x) > 1e-3 and np.ptp(y) > 1e-3)
    assert abs(concordance(x, y)) <= abs(stats.pearsonr(x, y)[0]) + 1e-9


def test_concordance_works_along_an_axis():
    x = np.arange(12.0).reshape(3, 4) ** 1.5
    y = x[:, ::-1]
    assert concordance(x, y, axis=1) == pytest.approx([float(concordance(a, b)) for a, b in zip(x, y, strict=True)])


def test_concordance_interval_covers_the_true_coefficient():
    """Normal pairs with correlation 0.8 and equal moments have the coefficient 0.8; 95 % is reached up to small n."""
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(60):
        x = generator.normal(size=(30, 1))
        y = 0.8 * x + 0.6 * generator.normal(size=(30, 1))
        low, high = concordance_interval(x, y)
        assert low <= concordance(x.ravel(), y.ravel()) <= high
        inside += low <= 0.8 <= high
    assert inside >= 52


def test_concordance_interval_is_not_defined_where_nothing_varies():
    x = np.arange(6.0).reshape(3, 2)
    assert all(map(isnan, concordance_interval(x, x)))
    assert all(map(isnan, concordance_interval(x[:2], x[:2] + 1)))


@given(vectors, st.floats(-20, 20))
def test_bland_altman_of_a_shift_is_the_shift(x, shift):
    found = bland_altman(x, x + shift)
    assert found.bias == pytest.approx(shift, abs=1e-6)
    assert found.sd == pytest.approx(0, abs=1e-6)


def test_bland_altman_by_hand():
    found = bland_altman([1, 2, 3], [2, 2, 5])
    assert (found.number, found.bias, found.sd) == (3, 1, 1)
    assert (found.low, found.high) == (pytest.approx(-0.96), pytest.approx(2.96))
    assert found.bias_high == pytest.approx(1 + 4.302653 / 3**0.5)


def test_rank_correlation_is_exact_without_ties_only():
    x = list(range(10))
    same = rank_correlation(x, [v**3 for v in x])
    assert (same.tau, same.rho) == pytest.approx((1, 1))
    assert same.exact
    assert same.p == pytest.approx(2 / 3628800)  # two of the 10! orders are as extreme
    tied = rank_correlation([0, *x[:-1]], x)
    assert not tied.exact
    assert rank_correlation(x, x[::-1]).tau == pytest.approx(-1)


def test_pairs_are_apart_by_what_was_measured(frame):
    assert frame["split"].value_counts().to_dict() == {TRAIN: 80, TEST: 40, NOT_PROVEN: 20}
    assert not frame.duplicated(["split", "dataset", "epochs", "arch", "norm"]).any()
    assert set(frame.loc[frame["split"] == TEST, "epochs"]) == {20}


def test_agreement_and_rankings_of_the_study(frame):
    found = agreement(frame).set_index(["split", "dataset", "epochs"])
    assert len(found) == 7
    assert found.loc[(TEST, "cifar100", 20), "bias"] == pytest.approx(-2.26, abs=0.01)
    assert found.loc[(TRAIN, "cifar100", 100), "bias"] == pytest.approx(17.02, abs=0.01)
    assert (found["ccc_low"] <= found["ccc"]).all()
    assert (found["ccc"] <= found["ccc_high"]).all()
    assert (found["ccc"] <= found["pearson"] + 1e-9).all()
    ranks = rankings(frame)
    assert len(ranks) == 14
    assert (ranks["holm"] >= ranks["p"]).all()
    assert (~ranks["exact"]).sum() == 3  # two values are equal there


def test_too_few_networks_or_equal_values_are_left_out(frame):
    few = frame[frame["arch"].isin(("vgg16", "dpn92"))]
    assert agreement(few).empty
    assert rankings(few).empty
    assert rankings(frame.assign(original=50.0)).empty
    assert agreement(frame.assign(original=50.0)).empty


def test_without_files_there_is_nothing_to_compare():
    nothing = pairs(Published())
    assert agreement(nothing).empty
    assert rankings(nothing).empty
