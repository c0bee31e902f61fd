"""What a layer does besides the formula: sampling, padding, eps, running averages, folding."""

from __future__ import annotations

import numpy as np
import pytest

from ndreport.explained import practice
from ndreport.explained.photographs import Photograph, load


@pytest.fixture(scope="module")
def corners() -> list[Photograph]:
    return [Photograph(p.name, p.shows, p.credit, p.address, p.pixels[200:260, 260:340]) for p in load()]


def test_an_iteration_more_moves_the_matrix_more_than_anything_else(corners):
    found = practice.changes(corners)
    assert [set(change.moved) for change in found] == [{"china", "flower"}] * len(found)
    most = max(found, key=lambda change: min(change.moved.values()))
    assert most.what == "one iteration more"
    assert all(0 < change.moved[name] < 1 for change in found for name in change.moved)
    assert all(change.apart_from_scale[n] <= change.moved[n] * (1 + 1e-9) for change in found for n in change.moved)


def test_a_common_factor_is_no_difference_apart_from_scale(monkeypatch, corners):
    real = practice.newton_schulz_isqrt
    monkeypatch.setattr(practice, "newton_schulz_isqrt", lambda c, n: real(c, 5) * (2 if n > 5 else 1))
    doubled = next(change for change in practice.changes(corners) if change.what == "one iteration more")
    assert doubled.moved == pytest.approx({"china": 1, "flower": 1})
    assert doubled.apart_from_scale == pytest.approx({"china": 0, "flower": 0}, abs=1e-9)


def test_running_averages_forget_the_identity_and_are_no_root_of_an_average(corners):
    running = practice.running_averages(corners, steps=(1, 10, 60))
    assert running.start_weight == pytest.approx((0.9, 0.9**10, 0.9**60))
    assert running.distance[0] > running.distance[1] > running.distance[2] > 0
    assert running.roots_against_root > 1e-3


def test_the_mean_of_two_equal_roots_is_the_root(corners):
    running = practice.running_averages([corners[0], corners[0]], steps=(200,))
    assert running.roots_against_root < 1e-6
    assert running.distance[0] < 1e-4


def test_folding_changes_nothing_but_rounding(corners):
    fold = practice.fold_check(corners[0])
    assert fold.double < 1e-12
    assert fold.double < fold.single < 1e-4
    assert fold.plain < 1e-6


def test_a_wrong_whitening_would_be_seen(monkeypatch, corners):
    real = practice.patches
    monkeypatch.setattr(practice, "patches", lambda x, **options: real(x, **options).flip(-1))
    assert practice.fold_check(corners[0]).double > 0.1


def test_the_check_leaves_the_random_numbers_of_its_caller_alone(corners):
    torch = pytest.importorskip("torch")
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    practice.fold_check(corners[0])
    np.testing.assert_array_equal(torch.rand(3), expected)
