"""The averaged squared deviation, the spread of the attempts, and prediction intervals."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndreport.evidence.deviations import (
    COLUMNS,
    NOT_PROVEN,
    PRINTED_RANGE,
    TEST,
    THRESHOLD,
    TRAIN,
    deviations,
    equal_deviation,
    logged_deviations,
    prediction_interval,
    squared_deviation,
    threshold,
)
from ndreport.evidence.published import Published, load_all

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"
percents = st.floats(0, 100)


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(PUBLISHED)[0]


@pytest.fixture(scope="module")
def frame(published):
    return deviations(published)


def one(frame, dataset, arch, norm, epochs):
    query = "dataset == @dataset and arch == @arch and norm == @norm and epochs == @epochs"
    return frame.query(query).iloc[0]


def test_squared_deviation_is_that_of_the_paper():
    """PreAct-18 BN, 1 epoch, CIFAR-10: original 55.15 %, attempts 17.53, 10.72 and 21.02 %, by hand."""
    by_hand = ((0.1753 - 0.5515) ** 2 + (0.1072 - 0.5515) ** 2 + (0.2102 - 0.5515) ** 2) / 2
    assert squared_deviation([17.53, 10.72, 21.02], 55.15) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(0.2277, abs=5e-5)
    assert squared_deviation([17.53, 10.72, 21.02], 55.15, ddof=0) == pytest.approx(by_hand * 2 / 3)
    assert isnan(squared_deviation([17.53], 55.15))


def test_printed_ranges_are_reproduced(frame):
    for dataset, (low, high) in PRINTED_RANGE.items():
        here = frame.loc[frame["dataset"] == dataset, "squared"]
        assert (round(here.min(), 2), round(here.max(), 2)) == (low, high)
    assert PRINTED_RANGE == {"cifar10": (0.00, 0.23), "cifar100": (0.00, 0.11)}
    assert (frame["squared"] < THRESHOLD).all()
    assert frame["squared_mean"].max() == pytest.approx(0.1518, abs=5e-5)


@given(st.lists(percents, min_size=2, max_size=5), percents)
def test_squared_deviation_is_variance_and_bias(values, original):
    """Σ (v − a)² = Σ (v − v̄)² + n (v̄ − a)²: it mixes spread and bias, and is never below the variance."""
    n, fractions = len(values), np.array(values) / 100
    found = squared_deviation(values, original)
    expected = fractions.var(ddof=1) + n / (n - 1) * (fractions.mean() - original / 100) ** 2
    assert found == pytest.approx(expected, abs=1e-12)
    assert squared_deviation(values, original, ddof=0) == pytest.approx(found * (n - 1) / n)


@given(st.floats(0.001, 0.6), st.integers(2, 6))
def test_equal_deviation_inverts_the_squared_deviation(squared, number):
    points = equal_deviation(squared, number)
    assert squared_deviation([points] * number, 0) == pytest.approx(squared)


def test_the_threshold_lets_pass_what_is_no_reproduction(frame):
    found = threshold(frame)
    assert found.points == pytest.approx(100 / sqrt(3))
    assert (found.settings, found.half, found.chance) == (120, 120, 40)
    assert found.exchanged == found.pairs == 2 * 3 * 2 * 10 * 9
    strict = threshold(frame.assign(original=99.0))
    assert strict.chance == 0


@given(st.lists(percents, min_size=2, max_size=6), st.floats(-50, 50))
def test_a_prediction_interval_is_centred_and_moves_with_the_values(values, shift):
    low, high = prediction_interval(values)
    assert (low + high) / 2 == pytest.approx(np.mean(values), abs=1e-6)
    assert high - low >= 2 * 1.96 * np.std(values, ddof=1) - 1e-9
    moved = prediction_interval([v + shift for v in values])
    assert moved == pytest.approx((low + shift, high + shift), abs=1e-6)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_a_prediction_interval_covers_one_more_value_as_often_as_it_says(number):
    generator = np.random.default_rng(0)
    draws = generator.normal(70, 2, size=(4000, number + 1))
    inside = [low <= row[-1] <= high for row in draws for low, high in [prediction_interval(row[:-1])]]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_one_value_predicts_nothing():
    assert all(map(isnan, prediction_interval([50.0])))


def test_what_attempts_were_measured_on(frame):
    measured = frame.groupby(["dataset", "epochs"])["split"].agg(set).to_dict()
    assert measured == {
        ("cifar10", 1): {NOT_PROVEN}, ("cifar10", 20): {TEST}, ("cifar10", 100): {TRAIN},
        ("cifar100", 1): {TRAIN}, ("cifar100", 20): {TRAIN}, ("cifar100", 100): {TRAIN},
    }  # fmt: skip


def test_corrected_attempts_are_used_for_the_spread_and_published_ones_for_the_studys_measure(frame):
    row = one(frame, "cifar100", "dpn92", "bn", 20)
    assert row["runs"] == 2
    assert row["mean"] == pytest.approx(85.06, abs=0.02)
    assert "did not finish" in row["corrected"]
    assert row["squared"] == pytest.approx(
        squared_deviation([float(v) for v in row["values"].split(", ")], 74.87), abs=1e-5
    )
    assert (frame["corrected"] != "").sum() == 4
    assert one(frame, "cifar10", "pnasneta", "bn", 20)["high"] - one(frame, "cifar10", "pnasneta", "bn", 20)[
        "low"
    ] == pytest.approx(19.35, abs=0.01)


def test_logs_give_forty_settings_of_test_accuracies(published):
    logged = logged_deviations(published)
    assert len(logged) == 40
    assert set(logged["split"]) == {TEST}
    assert logged.groupby("dataset")["inside"].sum().to_dict() == {"cifar10": 18, "cifar100": 12}
    vgg = one(logged, "cifar100", "vgg16", "bn", 20)
    assert vgg["mean"] == pytest.approx(61.21, abs=0.01)
    assert one(logged, "cifar100", "dpn92", "bn", 20)["runs"] == 2
    published_test = deviations(published).query("dataset == 'cifar10' and epochs == 20")
    same = logged[logged["dataset"] == "cifar10"]
    assert same["mean"].to_numpy() == pytest.approx(published_test["mean"].to_numpy(), abs=0.0101)


def test_times_alone_make_no_rows(published):
    assert deviations(replace(published, accuracies=Published().accuracies)).empty


def test_without_files_there_are_no_rows(published):
    for frame in (deviations(Published()), logged_deviations(Published())):
        assert frame.empty
        assert list(frame.columns) == COLUMNS
    without = logged_deviations(replace(published, accuracies=Published().accuracies))
    assert without["original"].isna().all()
    assert without["inside"].isna().all()
    assert threshold(deviations(Published())).settings == 0
