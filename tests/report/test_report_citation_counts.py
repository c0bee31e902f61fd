"""The printed citation counts, their intervals, and agreement: against textbook values and by enumeration."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from ndcore.errors import UserError
from ndreport.evidence.agreement import agreement
from ndreport.evidence.citation_counts import CITATIONS, LABELS, load_citations, read_citations
from ndreport.evidence.proportions import (
    clopper_pearson,
    clustered,
    clusters_with,
    effective_size,
    least_effective_size,
    none_of,
    wilson,
)

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


def test_the_counts_are_those_of_section_2_and_table_1():
    counts = read_citations(PUBLISHED)
    assert (counts.papers.value, counts.contexts.value) == (31, 59)
    assert {label: counts.labels[label].value for label in LABELS} == {"positive": 13, "neutral": 46, "negative": 0}
    assert {label: counts.examples[label].value for label in LABELS} == {"positive": 1, "neutral": 1, "negative": 0}
    assert all("Table 1" in printed.source for printed in counts.examples.values())
    assert counts.contexts.source == "Re Section 2"
    assert all(len(printed.description.split()) <= 12 for printed in counts.examples.values())


def test_the_data_dictionary_describes_the_file():
    text = (PUBLISHED / "README.md").read_text().split("## citations.csv")[1]
    assert all(f"| `{column}` |" in text for column in CITATIONS.columns)
    assert f"{len((PUBLISHED / 'citations.csv').read_text().splitlines()) - 1} rows" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("study,metric", "study,measure", "columns"),
        ("contexts,neutral,46,", "contexts,neutral,45,", "add up to 58, not to 59"),
        ("contexts,neutral,46,", "contexts,neutral,-46,", "line 5: -46 is not a count"),
        ("contexts,neutral,46,", "contexts,mixed,46,", "line 5: label is 'mixed', not one of"),
        ("contexts,neutral,46,", "contexts,positive,46,", "line 5: this value is there twice"),
        ("papers,,31,papers", "papers,,60,papers", "60 papers cannot have 59 contexts"),
        ("papers,,31,papers", "papers,,31,people", "line 2: unit is 'people', not one of"),
        (
            "re,examples,negative,0,examples,no row and no example in the table,Re Table 1\n",
            "",
            "holds 7 values; there are 8",
        ),
        ("papers,,31,papers", "papers,,31,contexts", "lacks papers"),
    ],
)
def test_a_damaged_file_is_one_clear_problem(tmp_path, old, new, expected):
    text = (PUBLISHED / "citations.csv").read_text()
    assert old in text
    (tmp_path / "citations.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=expected):
        read_citations(tmp_path)
    counts, problems = load_citations(tmp_path)
    assert counts is None
    assert [problem.file for problem in problems] == ["published/citations.csv"]


def test_a_missing_file_is_a_problem_too(tmp_path):
    assert "cannot be read as CSV" in load_citations(tmp_path)[1][0].reason


def test_intervals_agree_with_their_definitions():
    """Wilson by its quadratic equation, Clopper–Pearson by the tails of the binomial distribution."""
    count, total, z = 13, 59, 1.959963984540054
    for p in (wilson(count, total).low, wilson(count, total).high):
        assert abs(count / total - p) == pytest.approx(z * (p * (1 - p) / total) ** 0.5)
    exact = clopper_pearson(count, total)
    assert binom.sf(count - 1, total, exact.low) == pytest.approx(0.025)
    assert binom.cdf(count, total, exact.high) == pytest.approx(0.025)


@pytest.mark.parametrize("total", [1, 31, 59, 1000])
def test_none_of_many_bounds_the_proportion(total):
    bound = none_of(total)
    assert (1 - bound) ** total == pytest.approx(0.05)
    assert bound < 3 / total
    assert none_of(total, confidence=0.99) > bound


def test_effective_sizes():
    assert effective_size(59, 31, correlation=0) == 59
    assert effective_size(59, 31) == pytest.approx(31)
    assert effective_size(59, 59) == 59
    assert least_effective_size(59, 59) == 59
    assert least_effective_size(10, 1) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 4), st.data())
def test_bounds_over_clusters_are_those_of_an_enumeration(clusters, more, data):
    """Every way to spread `total` cases over clusters of at least one, and the hits over these."""
    total = clusters + more
    count = data.draw(st.integers(0, total))
    spreads = [s for s in product(range(1, more + 2), repeat=clusters) if sum(s) == total]
    assert least_effective_size(total, clusters) == pytest.approx(
        min(total**2 / sum(n * n for n in s) for s in spreads)
    )
    hits = [h for s in spreads for h in product(*(range(n + 1) for n in s)) if sum(h) == count]
    with_hits = [sum(n > 0 for n in h) for h in hits]
    assert clusters_with(count, total, clusters) == (min(with_hits), max(with_hits))


def test_clustering_widens_the_interval_and_says_nothing_without_variation():
    sizes = np.full(30, 4)
    together = np.repeat([4, 0], 15)
    apart = np.full(30, 2)
    assert clustered(apart, sizes) is None
    assert clustered([1], [3]) is None
    wide, narrow = clustered(together, sizes), wilson(60, 120)
    assert wide.high - wide.low > 1.6 * (narrow.high - narrow.low)
    assert clustered(together, sizes) == wide


def labelled(table: list[list[int]]) -> tuple[dict, dict]:
    """Two labellings with this table."""
    pairs = [(a, b) for i, a in enumerate(LABELS) for j, b in enumerate(LABELS) for _ in range(table[i][j])]
    return {k: a for k, (a, _) in enumerate(pairs)}, {k: b for k, (_, b) in enumerate(pairs)}


def test_kappa_and_its_interval_are_those_of_the_formulas():
    """Fleiss's example of two raters and three diagnoses, κ 0.676; variance of Fleiss, Cohen and Everitt (1969)."""
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    found = agreement(*labelled(table))
    assert found.table.to_numpy().tolist() == table
    assert (found.common, found.same, found.most_frequent) == (100, 89, 80)
    p = np.array(table) / 100
    rows, columns, same = p.sum(axis=1), p.sum(axis=0), p.trace()
    chance = rows @ columns
    kappa = (same - chance) / (1 - chance)
    assert kappa == pytest.approx(0.676, abs=0.0005)
    agreed = (p.diagonal() * (1 - (rows + columns) * (1 - kappa)) ** 2).sum()
    weights = (columns[:, None] + rows[None, :]) ** 2
    differed = (1 - kappa) ** 2 * ((p * weights).sum() - (p * weights).trace())
    deviation = ((agreed + differed - (kappa - chance * (1 - kappa)) ** 2) / (100 * (1 - chance) ** 2)) ** 0.5
    assert found.kappa == pytest.approx(kappa)
    assert found.kappa_interval.low == pytest.approx(kappa - 1.959964 * deviation)
    assert found.kappa_interval.high == pytest.approx(kappa + 1.959964 * deviation)
    assert found.same_interval == wilson(89, 100)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=3, max_size=3))
def test_agreement_has_no_order_and_no_hidden_nan(table):
    first, second = labelled(table)
    one, other = agreement(first, second), agreement(second, first)
    assert (one.table.to_numpy() == other.table.to_numpy().T).all()
    assert one.kappa == (None if other.kappa is None else pytest.approx(other.kappa))
    if one.kappa is not None:
        assert -1 <= one.kappa <= 1
    if one.kappa_interval:
        assert -1 <= one.kappa_interval.low <= one.kappa <= one.kappa_interval.high <= 1


def test_only_contexts_that_both_have_labelled_count():
    found = agreement({1: "positive", 2: "neutral", 3: "neutral"}, {2: "neutral", 3: "positive", 4: "negative"})
    assert (found.common, found.same) == (2, 1)
    assert agreement({}, {1: "neutral"}).same_interval is None
