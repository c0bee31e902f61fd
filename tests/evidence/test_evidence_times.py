"""Tables 8 to 10 recounted: every printed time, the corrected times, and what the study says about its figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndcore.study import EPOCHS, NETWORKS, NORMS
from ndreport.evidence.corrected_times import (
    BASES,
    COMPARABLE,
    comparable,
    corrected_settings,
    seconds_per_epoch,
    time_ratios,
)
from ndreport.evidence.imagenet_times import parse, total_times
from ndreport.evidence.published import IMAGENET, Published, load_all
from ndreport.evidence.time_statements import GAP, LEAST, MOST, PERCENT, RANGE, SLOWER, check
from ndreport.evidence.times import disagreeing_times
from ndreport.pages.times.recount import CUT_OFF, what_it_is

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"
BN_100, MIXED = "the mean of BN 100", "a mean of test and training times of ND 100"
NOT_THE_MEAN = [
    ("vgg16", "nd", 20, 1104.37, 696.65, BN_100),
    ("vgg16", "bn", 100, 1274.84, 1104.37, MIXED),
    ("resnet18", "nd", 20, 1076.18, 900.41, BN_100),
    ("resnet18", "bn", 100, 1713.0, 1076.18, MIXED),
    ("preact18", "nd", 20, 1370.68, 1016.8, BN_100),
    ("preact18", "bn", 100, 1856.72, 1370.69, MIXED),
    ("densenet121", "nd", 20, 5578.77, 4678.99, BN_100),
    ("densenet121", "bn", 100, 9109.3, 5578.78, MIXED),
    ("resnext29", "nd", 20, 4498.96, 2603.28, BN_100),
    ("resnext29", "bn", 100, 4574.03, 4498.96, MIXED),
    ("mobilenetv2", "bn", 1, 32.96, 32.97, CUT_OFF),
    ("mobilenetv2", "nd", 20, 2845.72, 1646.75, BN_100),
    ("mobilenetv2", "bn", 100, 2880.88, 2845.72, MIXED),
    ("mobilenetv2", "nd", 100, 8181.95, 8181.96, CUT_OFF),
    ("dpn92", "bn", 1, 158.08, 153.08, "not found in the attempts"),
    ("dpn92", "nd", 20, 13684.59, 6419.59, BN_100),
    ("dpn92", "bn", 100, 11472.35, 13684.59, MIXED),
    ("pnasneta", "bn", 1, 27.09, 27.10, CUT_OFF),
    ("pnasneta", "nd", 1, 89.98, 89.99, CUT_OFF),
    ("pnasneta", "nd", 20, 1815.56, 1609.64, BN_100),
    ("pnasneta", "bn", 100, 2956.37, 1815.56, MIXED),
    ("senet18", "nd", 20, 1691.54, 1554.16, BN_100),
    ("senet18", "bn", 100, 2433.31, 1691.54, MIXED),
    ("efficientnet", "nd", 20, 2683.59, 554.80, BN_100),
    ("efficientnet", "bn", 100, 1090.063, 2683.59, MIXED),
]
"""The printed times of Table 9 that are not the mean of their attempts: printed, mean, and what they are."""


@pytest.fixture(scope="module")
def published() -> Published:
    published, problems = load_all(PUBLISHED)
    assert problems == []
    return published


@pytest.fixture(scope="module")
def frame(published) -> pd.DataFrame:
    return corrected_settings(published)


@pytest.fixture(scope="module")
def ratios(frame) -> pd.DataFrame:
    return time_ratios(frame)


@pytest.fixture(scope="module")
def checks(frame, ratios) -> pd.DataFrame:
    return check(frame, ratios)


def test_all_printed_times_are_recomputed_and_exactly_25_are_something_else(frame):
    assert len(frame) == 2 * len(NETWORKS) * len(NORMS) * len(EPOCHS) == 120
    assert frame[["printed", *BASES]].notna().all(axis=None)
    wrong = disagreeing_times(frame)
    assert set(wrong["dataset"]) == {"cifar100"}
    assert {(r.arch, r.norm, r.epochs) for r in wrong.itertuples()} == {row[:3] for row in NOT_THE_MEAN}
    right = frame.drop(wrong.index)
    assert ((right["printed"] - right["mean"]).abs() < 0.00501).all()


@pytest.mark.parametrize(("arch", "norm", "epochs", "printed", "mean", "what"), NOT_THE_MEAN)
def test_a_printed_time_that_is_not_the_mean(frame, arch, norm, epochs, printed, mean, what):
    wrong = disagreeing_times(frame)
    row = wrong[(wrong["arch"] == arch) & (wrong["norm"] == norm) & (wrong["epochs"] == epochs)].iloc[0]
    assert row["printed"] == printed
    assert row["mean"] == pytest.approx(mean, abs=0.00501)
    assert what_it_is(row["cut_off"], row["equals"]) == what


@pytest.mark.parametrize(
    ("arch", "norm", "runs", "mean", "corrected"),
    [
        ("resnet18", "bn", 3, 446.33, 227.18),
        ("resnet18", "nd", 3, 900.41, 893.23),
        ("dpn92", "bn", 2, 2385.98, 2740.86),
        ("efficientnet", "bn", 3, 387.08, 539.68),
    ],
)
def test_four_means_change_when_their_attempts_are_corrected(frame, arch, norm, runs, mean, corrected):
    changed = frame[frame["correction"] != ""]
    assert len(changed) == 4
    row = changed[(changed["arch"] == arch) & (changed["norm"] == norm)].iloc[0]
    assert (row["dataset"], row["epochs"], row["runs"]) == ("cifar100", 20, runs)
    assert row["mean"] == pytest.approx(mean, abs=0.00501)
    assert row["corrected"] == pytest.approx(corrected, abs=0.00501)
    assert row["correction"].startswith("attempt 3: ")
    assert row["shortest"] <= row["corrected"] <= row["longest"]


def test_elsewhere_the_corrected_mean_is_the_mean(frame):
    same = frame[frame["correction"] == ""]
    assert same["corrected"].to_numpy() == pytest.approx(same["mean"].to_numpy())
    assert (same["runs"] == 3).all()


def test_ratios_are_quotients_of_nd_and_bn(ratios):
    row = ratios.query("dataset == 'cifar100' and arch == 'efficientnet' and epochs == 20").iloc[0]
    assert row["printed"] == pytest.approx(2683.59 / 387.08)
    assert row["corrected"] == pytest.approx(554.80 / 539.68, rel=1e-4)
    assert row["low"] <= row["corrected"] <= row["high"]
    assert row["gap_printed"] == pytest.approx(2683.59 - 387.08)
    assert ratios["corrected"].between(ratios["low"], ratios["high"]).all()


def test_seconds_per_epoch_of_one_epoch_are_comparable_on_no_network_of_cifar10(frame):
    per = seconds_per_epoch(frame)
    assert len(per) == 2 * len(NETWORKS) * len(NORMS)
    counts = {(d, e): int(g[f"times_{e}"].map(comparable).sum()) for d, g in per.groupby("dataset") for e in (1, 20)}
    assert counts == {("cifar10", 1): 0, ("cifar10", 20): 15, ("cifar100", 1): 10, ("cifar100", 20): 19}
    assert (per["times_100"] == 1).all()
    vgg = per.iloc[0]
    assert vgg["extra"] == pytest.approx(37.3833 - 990.4733 / 100, abs=1e-3)


def test_comparable_is_a_factor_either_way():
    assert comparable(1)
    assert comparable(COMPARABLE)
    assert comparable(1 / COMPARABLE)
    assert not comparable(COMPARABLE + 0.01)
    assert not comparable(1 / COMPARABLE - 0.01)


def fails(checks: pd.DataFrame, statement: str, base: str) -> dict[tuple[str, int], str]:
    rows = checks[(checks["statement"] == statement) & ~checks[f"holds_{base}"].astype(bool)]
    return {(row.dataset, row.epochs): getattr(row, f"found_{base}") for row in rows.itertuples()}


def test_what_the_study_says_about_its_figures(checks):
    assert len(checks) == 36
    for base in BASES:
        assert fails(checks, SLOWER, base) == {}
        assert fails(checks, MOST, base) == {}
    assert fails(checks, GAP, "printed") == {("cifar100", 1): "DenseNet-121"}
    assert fails(checks, GAP, "corrected") == {("cifar100", 100): "DenseNet-121"}
    assert fails(checks, LEAST, "printed") == {}
    assert fails(checks, LEAST, "corrected") == {("cifar100", 20): "EfficientNet"}
    ranges = checks[checks["statement"] == RANGE]
    assert ranges.loc[ranges["holds_printed"].astype(bool), ["dataset", "epochs"]].to_numpy().tolist() == [
        ["cifar10", 100]
    ]


def test_statements_flip_with_the_data(published):
    times = published.times.copy()
    where = (times["arch"] == "dpn92") & (times["norm"] == "nd") & (times["metric"] == "train_seconds")
    times.loc[where, "value"] = 5.0
    frame = corrected_settings(replace(published, times=times))
    flipped = check(frame, time_ratios(frame))
    assert set(fails(flipped, SLOWER, "printed").values()) == {"9 of 10"}
    assert len(fails(flipped, GAP, "printed")) == 6
    assert set(fails(flipped, LEAST, "printed").values()) == {"DPN-92"}
    assert len(fails(flipped, RANGE, "printed")) == 6


def test_without_times_nothing_is_known(published):
    for nothing in (Published(), replace(published, times=Published().times)):
        frame = corrected_settings(nothing)
        assert len(frame) == 120
        assert frame[list(BASES)].isna().all(axis=None)
        checks = check(frame, time_ratios(frame))
        assert checks[[f"holds_{base}" for base in BASES]].isna().all(axis=None)
        assert seconds_per_epoch(frame)["extra"].isna().all()


def test_the_statement_of_the_study_is_kept_as_it_is_printed():
    assert PERCENT == (2, 358)


@given(
    days=st.integers(0, 9), hours=st.integers(0, 23), minutes=st.integers(0, 59), stray=st.sampled_from(["", "8", "x"])
)
def test_a_printed_time_is_read_whatever_stands_before_it(days, hours, minutes, stray):
    seconds, left = parse(f"{stray} {days}d,{hours}h, {minutes} min")
    assert seconds == ((days * 24 + hours) * 60 + minutes) * 60
    assert left == stray


def test_a_string_without_a_time_is_none():
    seconds, left = parse("soon")
    assert seconds != seconds  # noqa: PLR0124 (NaN)
    assert left == "soon"


def test_table_10_is_the_spreadsheet_without_its_seconds(published):
    times = total_times(published.imagenet)
    assert len(times) == 7
    assert (times["printed"] == times["parsed"]).all()
    assert (times["spreadsheet"] - times["parsed"]).between(0, 59).all()
    assert dict(zip(times["arch"] + times["norm"], times["stray"], strict=True))["resnet18nd"] == "8"
    assert (times["stray"] != "").sum() == 1
    nd = times[times["norm"] == "nd"].set_index("arch")["over_bn"].round(3).to_dict()
    assert nd == {"vgg11": 1.752, "resnet18": 2.723, "densenet121": 1.438}


def test_table_10_without_its_file_is_all_missing():
    times = total_times(IMAGENET.empty())
    assert len(times) == 7
    assert times[["printed", "parsed", "spreadsheet", "over_bn"]].isna().all(axis=None)
