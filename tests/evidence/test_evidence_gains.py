"""ND minus BN per network, with test and training accuracies kept apart."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_factory import make_record
from scipy.stats import t

from ndreport.evidence.gains import original_gains, own_pairs, reproduced_gains, single_runs, welch
from ndreport.evidence.published import Published

samples = st.lists(st.integers(0, 10_000).map(lambda n: n / 100), min_size=3, max_size=5)


@given(samples, samples)
def test_welch_agrees_with_its_formula(one, other):
    low, high = welch(np.array(one), np.array(other))
    if len(set(one)) == len(set(other)) == 1:
        assert isnan(low)
        assert isnan(high)
        return
    parts = [np.var(sample, ddof=1) / len(sample) for sample in (one, other)]
    freedom = sum(parts) ** 2 / sum(p**2 / (len(s) - 1) for p, s in zip(parts, (one, other), strict=True))
    half = t.ppf(0.975, freedom) * sqrt(sum(parts))
    middle = np.mean(one) - np.mean(other)
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-6)


def test_welch_needs_two_runs_of_each():
    assert all(isnan(end) for end in welch(np.array([1.0]), np.array([1.0, 2.0])))


def test_single_runs_hold_both_accuracies_where_a_log_is_public(published):
    runs = single_runs(published)
    counts = runs.groupby(["dataset", "epochs", "split"]).size().to_dict()
    assert counts == {
        ("cifar10", 1, "not proven"): 60,
        ("cifar10", 20, "test"): 60,
        ("cifar10", 20, "train"): 60,
        ("cifar10", 100, "train"): 60,
        ("cifar100", 1, "train"): 60,
        ("cifar100", 20, "test"): 59,  # one run did not finish
        ("cifar100", 20, "train"): 59,
        ("cifar100", 100, "train"): 60,
    }
    proven = runs[(runs["epochs"] == 100) & (runs["dataset"] == "cifar10")]["proven"]
    assert proven.sum() == 48


def test_single_runs_use_the_run_that_belongs_to_the_place(published):
    runs = single_runs(published).query("dataset == 'cifar100' and epochs == 20 and arch == 'resnet18'")
    third = runs.query("attempt == 3").set_index(["norm", "split"])["value"]
    assert third["bn", "train"] == pytest.approx(67.634)
    assert third["nd", "train"] == pytest.approx(69.148)


def test_contradicting_evidence_makes_the_split_of_a_network_unknown(published):
    accuracies = published.accuracies.copy()
    place = accuracies.query("dataset == 'cifar10' and arch == 'vgg16' and epochs == 100 and attempt == 1").index
    accuracies.loc[place[0], "split"] = "test"
    runs = single_runs(replace(published, accuracies=accuracies))
    assert set(runs.query("dataset == 'cifar10' and arch == 'vgg16' and epochs == 100")["split"]) == {"not proven"}


def test_nd_is_ahead_on_test_in_every_network_at_20_epochs(published):
    gains = reproduced_gains(published).query("epochs == 20 and split == 'test'")
    assert gains.groupby("dataset")["gain"].agg(["size", "min"])["size"].tolist() == [10, 10]
    assert (gains["gain"] > 0).all()
    assert gains.groupby("dataset")["gain"].mean().round(2).to_dict() == {"cifar10": 4.18, "cifar100": 6.38}


def test_bn_is_ahead_on_training_accuracy_in_some_networks_at_100_epochs(published):
    gains = reproduced_gains(published).query("epochs == 100 and split == 'train'")
    behind = gains[gains["gain"] < 0]
    assert set(behind[["dataset", "arch"]].itertuples(index=False, name=None)) == {
        ("cifar10", "resnext29"),
        ("cifar10", "dpn92"),
        ("cifar100", "resnet18"),
        ("cifar100", "preact18"),
        ("cifar100", "senet18"),
    }


def test_an_interval_is_missing_only_where_no_attempt_differs(published):
    gains = reproduced_gains(published)
    without = gains[gains["low"].isna()]
    assert without[["dataset", "arch", "epochs"]].to_numpy().tolist() == [["cifar100", "resnext29", 100]]
    known = gains.dropna(subset=["low"])
    assert ((known["low"] < known["gain"]) & (known["gain"] < known["high"])).all()


def test_original_gains_are_positive_everywhere(published):
    gains = original_gains(published)
    assert len(gains) == 60
    assert gains["gain"].min() == pytest.approx(0.36)
    assert original_gains(Published()).empty


def test_own_pairs_follow_the_recipe_and_belong_to_the_panel():
    bn, nd = make_record(46.6), make_record(58.7, norm="nd")
    others = [make_record(norm=norm, lr=0.5) for norm in ("bn", "nd")]
    others += [make_record(norm=norm, dataset="cifar100") for norm in ("bn", "nd")]
    (pair,) = own_pairs([bn, nd, *others], "cifar10", 1)
    assert pair.test == pytest.approx(12.1)
    assert own_pairs([bn, nd, *others], "cifar10", 20) == []
