"""The two readings of the study's colour rule, and the colours as printed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndreport.evidence.published import Published
from ndreport.evidence.rules import RULES, VERDICTS, comparisons, rule_counts, verdict

percentages = st.integers(0, 10_000).map(lambda n: n / 100)


@pytest.mark.parametrize(
    ("original", "reproduced", "relative", "absolute"),
    [
        (50.0, 50.01, "higher", "higher"),
        (50.0, 50.0, "within", "within"),  # no colour is defined for equal values
        (50.0, 45.0, "within", "within"),
        (50.0, 44.99, "lower", "within"),
        (50.0, 40.0, "lower", "within"),
        (50.0, 39.99, "lower", "lower"),
        (100.0, 90.0, "within", "within"),
        (100.0, 89.99, "lower", "lower"),
        (72.3, 65.07, "within", "within"),  # exactly ten percent, which binary fractions miss
    ],
)
def test_verdicts_at_the_thresholds(original, reproduced, relative, absolute):
    assert [verdict(original, reproduced, rule) for rule in RULES] == [relative, absolute]


def test_another_rule_is_refused():
    with pytest.raises(ValueError, match="squared"):
        verdict(50.0, 40.0, "squared")


@given(percentages, percentages)
def test_the_relative_reading_is_never_kinder(original, reproduced):
    """Ten percent of an accuracy are at most ten points."""
    relative, absolute = (VERDICTS.index(verdict(original, reproduced, rule)) for rule in RULES)
    assert relative >= absolute
    assert (relative == 0) == (absolute == 0) == (reproduced > original)


COUNTS = {
    ("cifar10", "relative"): (36, 17, 7),
    ("cifar10", "absolute"): (36, 18, 6),
    ("cifar10", "printed"): (36, 18, 6),
    ("cifar100", "relative"): (36, 2, 22),
    ("cifar100", "absolute"): (36, 14, 10),
    ("cifar100", "printed"): (36, 13, 11),
    ("imagenet", "relative"): (11, 3, 0),
    ("imagenet", "absolute"): (11, 3, 0),
    ("imagenet", "printed"): (9, 5, 0),
}


@pytest.mark.parametrize(("place", "expected"), COUNTS.items(), ids=lambda v: "-".join(map(str, v)))
def test_counts_of_every_table_by_every_rule(published, place, expected):
    dataset, rule = place
    compared = comparisons(published)
    counts = rule_counts(compared[compared["dataset"] == dataset], rule)
    assert tuple(counts[name] for name in VERDICTS) == expected


def test_counts_of_all_134_values_differ_from_those_in_the_discussion(published):
    """The discussion counts 116 within the threshold and 80 better."""
    compared = comparisons(published)
    counts = {rule: rule_counts(compared, rule) for rule in (*RULES, "printed")}
    assert {rule: (c["higher"], c["higher"] + c["within"]) for rule, c in counts.items()} == {
        "relative": (83, 105),
        "absolute": (83, 118),
        "printed": (81, 117),
    }


def test_printed_colours_are_the_absolute_reading_but_for_three_values(published):
    compared = comparisons(published)
    other = compared[compared["printed"] != compared["absolute"]]
    key = ["dataset", "arch", "norm", "epochs", "metric", "printed"]
    assert set(other[key].itertuples(index=False, name=None)) == {
        ("cifar100", "resnext29", "nd", 1, "top1", "lower"),
        ("imagenet", "vgg11", "none", 90, "top5", "within"),
        ("imagenet", "resnet18", "nd", 90, "top5", "within"),
    }
    assert (compared["printed"] == compared["relative"]).sum() == 120


def test_every_compared_value_has_both_sources_and_a_colour(published):
    compared = comparisons(published)
    assert len(compared) == 134
    assert (compared[["original_source", "reproduced_source", "printed", "printed_source"]] != "").all(axis=None)
    assert not compared.duplicated(["dataset", "arch", "norm", "epochs", "metric"]).any()


def test_without_colours_the_rules_still_hold_and_without_values_nothing_is_compared(published):
    compared = comparisons(replace(published, colours=Published().colours))
    assert set(compared["printed"]) == {""}
    assert rule_counts(compared, "relative")["higher"] == 83
    empty = comparisons(Published())
    assert empty.empty
    assert rule_counts(empty, "absolute") == dict.fromkeys(VERDICTS, 0)
