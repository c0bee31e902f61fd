"""Statistics of paired differences: known values, data where they flip, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndreport.evidence.equivalence import tost
from ndreport.evidence.paired import (
    ALPHA,
    bootstrap_interval,
    compare,
    hodges_lehmann,
    holm,
    shift_interval,
    smallest_p,
    smallest_unpaired_p,
    wilcoxon_p,
)

TEN = [1.1, 2.2, 3.3, -0.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
distinct = st.lists(st.integers(-2000, 2000).filter(bool), min_size=6, max_size=11, unique_by=abs)


def test_known_values():
    found = compare(TEN)
    assert (found.number, found.ahead, found.equal, found.behind) == (10, 9, 0, 1)
    assert found.wilcoxon == pytest.approx(4 / 1024)  # rank sum 1 at most, on either side: {}, {1}
    assert found.sign == pytest.approx(22 / 1024)
    assert found.smallest == pytest.approx(2 / 1024)
    assert found.shift == pytest.approx(np.median([(a + b) / 2 for i, a in enumerate(TEN) for b in TEN[i:]]))
    assert found.bootstrap[0] < found.mean < found.bootstrap[1]


def test_one_network_more_behind_turns_the_tests():
    ahead, mixed = compare([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), compare([1, -2, 3, -4, 5, -6, 7, -8, 9, -10])
    assert ahead.wilcoxon < ALPHA < mixed.wilcoxon
    assert ahead.sign < ALPHA < mixed.sign
    assert ahead.interval[0] > 0 > mixed.interval[0]


def test_zeros_leave_the_tests_and_ties_are_counted_exactly():
    assert compare([0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).wilcoxon == compare([1, 2, 3, 4, 5, 6, 7, 8]).wilcoxon
    assert compare([0, 1, 2, 3]).equal == 1
    assert compare([0, 0, 0]).wilcoxon == compare([0, 0, 0]).sign == 1.0
    # |d| = 1, 1, 1 with signs + + -: rank sums 4 of 6; of 8 assignments those as far from 3 as that are all but none
    assert wilcoxon_p(np.array([1.0, 1.0, -1.0])) == pytest.approx(1.0)
    assert wilcoxon_p(np.array([2.0, 2.0, 2.0])) == pytest.approx(2 / 8)
    # differences that are equal but for rounding are tied
    assert compare([0.1 + 0.2, 0.3, -0.3, 1]).wilcoxon == compare([0.3, 0.3, -0.3, 1]).wilcoxon


@pytest.mark.parametrize("number", range(1, 12))
def test_smallest_p_is_what_all_signs_alike_give(number):
    assert smallest_p(number) == pytest.approx(min(1, 2 / 2**number))
    assert compare([float(k + 1) for k in range(number)]).testable == (2 / 2**number < ALPHA)


def test_three_repeats_cannot_be_significant():
    assert smallest_p(3) == pytest.approx(0.25)
    assert smallest_unpaired_p(3, 3) == pytest.approx(0.1)
    assert smallest_unpaired_p(3, 2) == pytest.approx(0.2)
    found = compare([100, 200, 300])
    assert not found.testable
    assert all(map(math.isnan, (*found.interval, *found.bootstrap)))


@pytest.mark.parametrize(("number", "cut"), [(6, 1), (7, 3), (8, 4), (9, 6), (10, 9), (11, 11)])
def test_interval_runs_between_the_walsh_averages_of_the_tables(number, cut):
    """Hollander & Wolfe, Table A.4: the lower end is the average at one more than the critical rank sum."""
    d = np.arange(1.0, number + 1) ** 2
    averages = np.sort([(a + b) / 2 for i, a in enumerate(d) for b in d[i:]])
    assert shift_interval(d) == pytest.approx((averages[cut - 1], averages[-cut]))


def test_interval_and_test_agree():
    for moved in np.linspace(-12, 12, 49):
        d = np.asarray(TEN) - moved
        low, high = shift_interval(d)
        if (np.abs(np.subtract.outer(np.abs(d), np.abs(d)))[~np.eye(10, dtype=bool)] > 1e-9).all() and d.all():
            assert (low > 0 or high < 0) == (wilcoxon_p(d) <= ALPHA)


@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [math.inf], [[1.0, 2.0]]])
def test_differences_have_to_be_finite_numbers(bad):
    with pytest.raises(ValueError, match="finite numbers"):
        compare(bad)


def test_bootstrap_is_the_same_every_time_and_survives_equal_differences():
    d = np.asarray(TEN)
    assert bootstrap_interval(d) == bootstrap_interval(d)
    assert bootstrap_interval(np.full(10, 2.5)) == (2.5, 2.5)


@settings(max_examples=40, deadline=None)
@given(distinct)
def test_signs_turned_round_turn_everything_round(values):
    one, other = compare(values), compare([-v for v in values])
    assert (one.ahead, one.behind) == (other.behind, other.ahead)
    assert one.wilcoxon == pytest.approx(other.wilcoxon)
    assert one.sign == pytest.approx(other.sign)
    assert one.shift == pytest.approx(-other.shift)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))


@settings(max_examples=40, deadline=None)
@given(distinct.flatmap(lambda v: st.tuples(st.just(v), st.permutations(v))))
def test_the_order_of_the_networks_does_not_matter(pair):
    one, other = map(compare, pair)
    assert (one.wilcoxon, one.sign, one.shift, one.interval) == (
        other.wilcoxon,
        other.sign,
        other.shift,
        other.interval,
    )


@given(distinct, st.integers(-500, 500))
def test_shift_and_interval_move_with_the_differences(values, by):
    d = np.asarray(values, dtype=float)
    assert hodges_lehmann(d + by) == pytest.approx(hodges_lehmann(d) + by)
    assert shift_interval(d + by) == pytest.approx(np.add(shift_interval(d), by))


def test_holm_multiplies_step_by_step_and_never_decreases():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@given(distinct, st.floats(0.1, 500), st.floats(1.01, 5))
def test_a_wider_margin_makes_equivalence_easier(values, margin, wider):
    d = np.asarray(values, dtype=float)
    assert tost(d, margin * wider, ALPHA)[0] <= tost(d, margin, ALPHA)[0]


def test_equivalence_is_shown_exactly_where_the_interval_lies_within_the_margin():
    d = np.array([0.2, -0.1, 0.3, 0.0, 0.1, -0.2, 0.15, 0.05])
    for margin in np.linspace(0.05, 0.6, 23):
        p, low, high = tost(d, margin, ALPHA)
        assert (p < ALPHA) == (-margin < low and high < margin)
