"""What every attempt was measured on: derived from the raw evidence, and equal to what the file of accuracies says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_factory import make_record
from scipy.stats import binom

from ndreport.evidence.corrections import SETTING
from ndreport.evidence.decimals import CHANCE, LEVEL, digit_test, pattern, patterns
from ndreport.evidence.published import Published
from ndreport.evidence.resemblance import OURS, STUDY_LOG, resemblance
from ndreport.evidence.splits import COLUMNS, DECIMAL, LOG, NEITHER, is_share_of, measured_on, split_summary


def one(measured, *place):
    """The row of one attempt."""
    return measured.set_index([*SETTING, "attempt"]).loc[place]


def test_derived_split_and_evidence_are_those_of_the_file_in_every_row(published):
    derived = measured_on(published)
    stated = published.accuracies.query("study == 're' and attempt.notna()")
    both = derived.merge(stated.astype({"attempt": int}), on=[*SETTING, "attempt"], suffixes=("", "_stated"))
    assert len(both) == len(derived) == 360
    assert both["split"].tolist() == both["split_stated"].tolist()
    assert both["split_evidence"].tolist() == both["split_evidence_stated"].tolist()


def test_numbers_of_every_block(published):
    summary = split_summary(measured_on(published))
    assert summary.to_dict("index") == {
        ("cifar10", 1): dict(attempts=60, test=0, train=0, open=60, by_log=0, by_decimal=0),
        ("cifar10", 20): dict(attempts=60, test=60, train=0, open=0, by_log=60, by_decimal=0),
        ("cifar10", 100): dict(attempts=60, test=0, train=48, open=12, by_log=0, by_decimal=48),
        ("cifar100", 1): dict(attempts=60, test=0, train=46, open=14, by_log=0, by_decimal=46),
        ("cifar100", 20): dict(attempts=60, test=0, train=60, open=0, by_log=58, by_decimal=2),
        ("cifar100", 100): dict(attempts=60, test=0, train=46, open=14, by_log=0, by_decimal=46),
    }


def test_no_attempt_with_a_third_decimal_is_called_a_test_accuracy(published):
    measured = measured_on(published)
    fine = measured[measured["first_version"].notna() & ~measured["coarse"]]
    assert len(fine) == 189
    assert set(fine["split"]) == {"train"}


def test_without_logs_only_decimals_speak_and_without_decimals_only_logs(published):
    without_logs = measured_on(replace(published, recovered=Published().recovered))
    assert set(without_logs["kind"]) == {DECIMAL, NEITHER}
    assert (without_logs["kind"] == DECIMAL).sum() == 189
    without_first = measured_on(replace(published, first_version=Published().first_version))
    assert set(without_first["kind"]) == {LOG, NEITHER}
    nothing = measured_on(Published())
    assert nothing.empty
    assert nothing.columns.tolist() == COLUMNS
    assert split_summary(nothing).empty


def test_a_value_that_is_logged_as_both_kinds_proves_nothing(published):
    place = ("cifar10", "vgg16", "bn", 20, 1)
    recovered = published.recovered.copy()
    same = recovered.query(
        "dataset == 'cifar10' and arch == 'vgg16' and norm == 'bn' and epochs == 20 and metric == 'top1'"
    )
    other = same[(same["split"] == "train") & (same["attempt"] == 2)]
    recovered.loc[other.index, "value"] = 90.18
    assert one(measured_on(published), *place)["split"] == "test"
    row = one(measured_on(replace(published, recovered=recovered)), *place)
    assert (row["split"], row["kind"]) == ("", NEITHER)


def test_a_value_that_is_no_longer_logged_flips_to_open_or_to_its_decimals(published):
    accuracies = published.accuracies.copy()
    first = published.first_version.copy()
    place = "dataset == 'cifar10' and arch == 'vgg16' and norm == 'bn' and epochs == 20 and attempt == 1"
    first.loc[first.query(place).index, "value"] = 90.5
    row = one(
        measured_on(replace(published, accuracies=accuracies, first_version=first)), "cifar10", "vgg16", "bn", 20, 1
    )
    assert row["kind"] == NEITHER
    first.loc[first.query(place).index, "value"] = 90.502
    row = one(measured_on(replace(published, first_version=first)), "cifar10", "vgg16", "bn", 20, 1)
    assert (row["split"], row["kind"]) == ("train", DECIMAL)


@given(st.integers(0, 50_000))
def test_shares_of_images(right):
    percent = 100 * right / 50_000
    assert is_share_of(percent, 50_000)
    assert is_share_of(percent, 10_000) == (right % 5 == 0)
    assert not is_share_of(float("nan"), 10_000)


def test_decimals_of_every_block(published):
    found = patterns(measured_on(published))
    assert {block: (p.values, p.coarse) for block, p in found.items()} == {
        ("cifar10", 1): (60, 60),
        ("cifar10", 20): (60, 60),
        ("cifar10", 100): (60, 12),
        ("cifar100", 1): (60, 14),
        ("cifar100", 20): (58, 9),
        ("cifar100", 100): (60, 14),
    }
    assert found["cifar10", 1].p_at_least == pytest.approx(0.2**60)
    assert all(p.p_all_train > LEVEL for block, p in found.items() if block not in {("cifar10", 1), ("cifar10", 20)})


def test_pattern_counts_how_many_can_be_tests():
    all_coarse = pattern(60, 60)
    assert (all_coarse.fewest_test, all_coarse.most_test) == (59, 60)  # one training accuracy: 0.2, two: 0.04
    none_coarse = pattern(60, 0)
    assert (none_coarse.fewest_test, none_coarse.most_test) == (0, 0)
    assert pattern(10, 2).p_all_train == pytest.approx(1.0)
    assert pattern(10, 2).expected == pytest.approx(2.0)
    for values, coarse in ((0, 0), (3, 4), (3, -1)):
        with pytest.raises(ValueError, match="cannot have at most two decimals"):
            pattern(values, coarse)


@given(st.integers(1, 80).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_bounds_of_a_pattern_are_where_the_probability_crosses_the_level(sizes):
    values, coarse = sizes
    p = pattern(values, coarse)
    assert 0 <= p.fewest_test <= coarse
    assert 0 <= p.most_test <= coarse
    if p.most_test < coarse:
        assert binom.cdf(coarse - p.most_test - 1, values - p.most_test - 1, CHANCE) < LEVEL
    if p.fewest_test:
        assert binom.sf(coarse - p.fewest_test, values - p.fewest_test + 1, CHANCE) < LEVEL


def test_last_digits_of_the_logs_are_even_and_none_is_preferred(published):
    digits = digit_test(published)
    assert digits.counts == {0: 26, 2: 14, 4: 29, 6: 26, 8: 25}
    assert digits.p > LEVEL
    assert digit_test(Published()) is None


def test_resemblance_counts_only_where_the_two_accuracies_are_far_apart(published):
    records = [make_record(57.7, 44.8, norm="nd"), make_record(15.5, 9.1, dataset="cifar100")]
    records.append(make_record(74.0, 74.2, arch="vgg16", norm="nd"))
    found = resemblance(published, records)
    assert (found["who"] == STUDY_LOG).sum() == 5
    ours = found[found["who"] == OURS].set_index(["dataset", "arch", "norm"])
    assert (ours.loc[("cifar10", "resnet18", "nd"), ["nearer", "decisive"]] == ["test", True]).all()
    assert (ours.loc[("cifar100", "resnet18", "bn"), ["nearer", "decisive"]] == ["train", True]).all()
    assert not ours.loc[("cifar10", "vgg16", "nd"), "decisive"]
    logs = found[(found["who"] == STUDY_LOG) & found["decisive"]]
    assert logs[["dataset", "arch", "norm", "nearer"]].to_numpy().tolist() == [
        ["cifar10", "vgg16", "nd", "test"],
        ["cifar10", "preact18", "nd", "test"],
    ]
    assert resemblance(Published(), records).empty
