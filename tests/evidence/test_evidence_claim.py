"""The claim on the published values: who is ahead in how many networks, by how much, and what cannot be tested."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from record_factory import make_record

from ndcore.study import NETWORKS
from ndreport.evidence.equivalence import equivalence
from ndreport.evidence.families import paired_tests
from ndreport.evidence.improvements import averages_at_least, bn_not_behind, improvements
from ndreport.evidence.margin import FILE, load_margin
from ndreport.evidence.published import Published
from ndreport.evidence.repeats import against_spread
from ndreport.evidence.series import COLUMNS, logged_tests, paired_values
from ndreport.evidence.splits import measured_on

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def margin():
    margin, problems = load_margin(PUBLISHED)
    assert problems == []
    return margin


@pytest.fixture(scope="module")
def values(published):
    return paired_values(published, [])


@pytest.fixture(scope="module")
def tests(values):
    return paired_tests(values)


def by_setting(tested, who):
    return {(t.dataset, t.epochs): t for t in tested if t.who == who and t.paired}


def test_nd_is_ahead_in_ten_of_ten_networks_on_test_images(tests):
    logs = by_setting(tests, "logs")
    assert {place: (t.paired.ahead, t.paired.number) for place, t in logs.items()} == {
        ("cifar10", 20): (10, 10),
        ("cifar100", 20): (10, 10),
    }
    assert logs["cifar10", 20].paired.mean == pytest.approx(4.18, abs=0.005)
    assert logs["cifar100", 20].paired.mean == pytest.approx(6.38, abs=0.005)
    assert logs["cifar10", 20].paired.wilcoxon == pytest.approx(2 / 1024)
    assert logs["cifar10", 20].wilcoxon_holm == pytest.approx(4 / 1024)  # two settings


def test_every_source_has_the_settings_it_can_have(tests):
    sizes = {
        who: [t.paired is not None for t in tests if t.who == who] for who in ("original", "logs", "printed", "ours")
    }
    assert sizes == {"original": [True] * 6, "logs": [True] * 2, "printed": [True] * 6, "ours": [False] * 6}
    original = by_setting(tests, "original")
    assert all(t.paired.ahead == 10 for t in original.values())
    assert all(t.wilcoxon_holm == pytest.approx(12 / 1024) for t in original.values())  # six settings
    printed = by_setting(tests, "printed")
    assert {place: t.paired.ahead for place, t in printed.items() if t.paired.ahead < 10} == {
        ("cifar10", 100): 7,
        ("cifar100", 100): 7,
    }


def test_values_are_the_logged_ones_of_finished_runs(values):
    logs = values[values["who"] == "logs"].set_index(["dataset", "arch"])
    assert logs.loc[("cifar100", "vgg16"), ["bn", "nd"]].tolist() == pytest.approx([61.21, 71.74])
    assert logs.loc[("cifar100", "dpn92"), ["bn_runs", "nd_runs"]].tolist() == [2, 3]
    assert logs.loc[("cifar100", "dpn92"), "bn"] == pytest.approx((72.58 + 70.87) / 2)
    assert logs.loc[("cifar100", "resnet18"), ["bn", "nd"]].tolist() == pytest.approx([57.38, 59.6867], abs=1e-4)
    assert values.loc[values["who"] == "original", "network"].tolist()[:10] == [n.label for n in NETWORKS]


def test_our_own_values_are_pairs_of_equal_seeds(published):
    records = [make_record(40.0), make_record(44.0, seed=1), make_record(58.0, norm="nd")]
    records += [make_record(60.0, norm="nd", seed=1), make_record(99.0, norm="nd", seed=2), make_record(10.0, lr=0.5)]
    ours = paired_values(published, records).query("who == 'ours'")
    assert ours[["network", "bn", "nd", "gain", "bn_runs"]].to_numpy().tolist() == [
        ["ResNet-18 (resnet18d)", 42.0, 59.0, 17.0, 2]
    ]
    (own,) = by_setting(paired_tests(ours), "ours").values()
    assert not own.paired.testable


def test_one_network_turned_round_is_seen(published):
    recovered = published.recovered.copy()
    nd = recovered.query(
        "dataset == 'cifar10' and arch == 'senet18' and norm == 'nd' and metric == 'top1' and split == 'test'"
    )
    recovered.loc[nd.index, "value"] -= 5
    changed = paired_values(replace(published, recovered=recovered), []).query("who == 'logs'")
    logs = by_setting(paired_tests(changed), "logs")["cifar10", 20]
    assert (logs.paired.ahead, logs.paired.behind) == (9, 1)
    assert logs.paired.wilcoxon > 2 / 1024


def test_spread_over_repeats(published):
    rows = against_spread(published).set_index(["dataset", "arch"])
    assert len(rows) == 20
    assert (rows["gap"] > 0).all()
    assert rows["ratio"].min() == pytest.approx(2.96, abs=0.005)
    assert set(rows["smallest_p"].round(3)) == {0.1, 0.2}
    values = pd.Series([90.18, 90.6, 90.3]), pd.Series([92.96, 92.81, 92.72])
    pooled = ((values[0].var() + values[1].var()) / 2) ** 0.5
    assert rows.loc[("cifar10", "vgg16"), "pooled_sd"] == pytest.approx(pooled)
    assert rows.loc[("cifar10", "vgg16"), "gap"] == pytest.approx(92.72 - 90.6)
    assert against_spread(Published()).empty


def test_equivalence_within_the_stated_margin(published, margin):
    rows = equivalence(published, margin)
    assert rows["margin"].unique() == pytest.approx([0.5 * 2.331, 0.5 * 4.718])
    found = {tuple(r) for r in rows.loc[rows["equivalent"], ["dataset", "quantity", "without"]].to_numpy()}
    assert found == {("cifar10", "nd", ""), ("cifar100", "nd", "resnet18")}
    wide = margin.model_copy(update={"margin": margin.margin.model_copy(update={"fraction": 5.0})})
    assert equivalence(published, wide)["equivalent"].all()
    assert equivalence(published, None).empty
    assert equivalence(Published(), margin).empty


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("margin: [", "cannot be read"),
        ("margin: {quantity: original_mean_gain, fraction: -1}\nalpha: 0.05", "margin.fraction"),
        ("margin: {quantity: original_mean_gain, fraction: 0.5}\nalpha: 0.7", "alpha"),
        ("margin: {quantity: another, fraction: 0.5}\nalpha: 0.05", "margin.quantity"),
        ("- 1", "the whole"),
        ("", "the whole"),
    ],
)
def test_a_damaged_margin_is_a_problem_with_a_reason(tmp_path, text, says):
    if text is not None:
        (tmp_path / FILE).write_text(text)
    margin, (problem,) = load_margin(tmp_path)
    assert margin is None
    assert problem.file == f"published/{FILE}"
    assert says in problem.reason


def test_improvements_stand_where_training_accuracies_were_printed(published):
    blocks = improvements(published, measured_on(published))
    assert blocks[["values", "higher", "attempts", "train", "test"]].to_dict("index") == {
        ("cifar10", 1): dict(values=20, higher=8, attempts=60, train=0, test=0),
        ("cifar10", 20): dict(values=20, higher=8, attempts=60, train=0, test=60),
        ("cifar10", 100): dict(values=20, higher=20, attempts=60, train=48, test=0),
        ("cifar100", 1): dict(values=20, higher=0, attempts=60, train=46, test=0),
        ("cifar100", 20): dict(values=20, higher=17, attempts=60, train=60, test=0),
        ("cifar100", 100): dict(values=20, higher=19, attempts=60, train=46, test=0),
    }
    retested = blocks.loc[("cifar100", 20)]
    assert (retested["tested"], retested["test_higher"]) == (20, 8)
    assert retested["change"] == pytest.approx(10.30, abs=0.005)
    assert retested["test_change"] == pytest.approx(-2.26, abs=0.005)
    assert math.isnan(blocks.loc[("cifar10", 1), "test_change"])


def test_exceptions_and_high_accuracies(published):
    found = bn_not_behind(published)
    assert set(found[["dataset", "arch", "epochs"]].itertuples(index=False, name=None)) == {
        ("cifar10", "resnext29", 100),
        ("cifar10", "dpn92", 100),
        ("cifar10", "senet18", 100),
        ("cifar100", "resnet18", 100),
        ("cifar100", "preact18", 100),
        ("cifar100", "senet18", 100),
    }
    high = averages_at_least(published, 99.9)
    assert set(zip(high["dataset"], high["epochs"], strict=True)) == {("cifar10", 100), ("cifar100", 100)}
    assert len(high) == 17


def test_nothing_published_is_nothing_tested():
    values = paired_values(Published(), [])
    assert values.empty
    assert values.columns.tolist() == COLUMNS
    assert {t.paired for t in paired_tests(values)} == {None}
    assert logged_tests(Published()).empty
    assert bn_not_behind(Published()).empty
    assert improvements(Published(), measured_on(Published())).empty
