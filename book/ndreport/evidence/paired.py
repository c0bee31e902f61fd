"""Paired differences over networks: exact tests, a robust shift with its interval, a bootstrap interval, Holm.

All by scipy and statsmodels. The differences are rounded to `DIGITS` decimals first, so that two equal ones are equal.

- *Zeros* say nothing about a direction: the signed-rank test and the sign test leave them out (Wilcoxon's rule); the
  Hodges–Lehmann shift and the bootstrap keep them.
- *Ties*: equal absolute differences share their mean rank, and the distribution of the signed-rank sum is then that of
  all assignments of signs to these very ranks, each counted, instead of scipy's one for distinct ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import nan

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

ALPHA = 0.05
DIGITS = 6
RESAMPLES = 9999
SEED = 20201120
"""Of the bootstrap: the interval is the same in every build."""


@dataclass(frozen=True)
class Paired:
    """What the differences of one setting say, in the unit of the differences."""

    number: int
    ahead: int
    """Differences above zero."""
    equal: int
    behind: int
    mean: float
    bootstrap: tuple[float, float]
    """Bootstrap interval (BCa) of the mean; NaN where the setting is not `testable`."""
    shift: float
    """Hodges–Lehmann: median of the means of all pairs of differences, each with itself too."""
    interval: tuple[float, float]
    """Shifts that the two-sided exact signed-rank test does not reject; NaN where it can reject none."""
    wilcoxon: float
    """Two-sided p of the exact signed-rank test."""
    sign: float
    """Two-sided p of the exact sign test."""
    smallest: float
    """The smallest p that either test can give with so many differences other than zero."""

    @property
    def testable(self) -> bool:
        """Whether any outcome at all could have been significant at `ALPHA`."""
        return self.smallest < ALPHA


def compare(differences: Sequence[float]) -> Paired:
    """Tests and estimates of paired differences.

    Args:
        differences: one finite number per network.

    Raises:
        ValueError: no difference, or one that is not finite.
    """
    d = np.round(np.asarray(differences, dtype=float), DIGITS)
    if d.ndim != 1 or not len(d) or not np.isfinite(d).all():
        raise ValueError(f"paired differences have to be finite numbers, at least one of them; got {differences!r}")
    ahead, behind = int((d > 0).sum()), int((d < 0).sum())
    smallest = smallest_p(ahead + behind)
    return Paired(
        number=len(d),
        ahead=ahead,
        equal=len(d) - ahead - behind,
        behind=behind,
        mean=float(d.mean()),
        bootstrap=bootstrap_interval(d) if smallest < ALPHA else (nan, nan),
        shift=hodges_lehmann(d),
        interval=shift_interval(d),
        wilcoxon=wilcoxon_p(d),
        sign=float(stats.binomtest(ahead, ahead + behind).pvalue) if ahead + behind else 1.0,
        smallest=smallest,
    )


def wilcoxon_p(differences: np.ndarray) -> float:
    """Two-sided p of the exact Wilcoxon signed-rank test; 1 if all differences are zero."""
    d = differences[differences != 0]
    if not len(d):
        return 1.0
    tied = len(np.unique(np.abs(d))) < len(d)
    method = stats.PermutationMethod(n_resamples=2 ** len(d)) if tied else "exact"
    return float(stats.wilcoxon(d, method=method).pvalue)


@cache
def smallest_p(number: int) -> float:
    """The smallest two-sided p of the exact signed-rank test, and of the sign test, with so many differences."""
    return float(stats.wilcoxon(np.arange(1.0, number + 1), method="exact").pvalue) if number else 1.0


@cache
def smallest_unpaired_p(one: int, other: int) -> float:
    """The smallest two-sided p of the exact Mann–Whitney test of so many runs against so many others."""
    return float(stats.mannwhitneyu(np.arange(one), one + np.arange(other), method="exact").pvalue)


def walsh_averages(differences: np.ndarray) -> np.ndarray:
    """Means of all pairs of differences, each with itself too, in ascending order."""
    first, second = np.triu_indices(len(differences))
    return np.sort((differences[first] + differences[second]) / 2)


def hodges_lehmann(differences: np.ndarray) -> float:
    """The shift that makes the differences most nearly symmetric about zero: the median of their Walsh averages."""
    return float(np.median(walsh_averages(differences)))


def shift_interval(differences: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """Interval of the shift that belongs to the exact signed-rank test: from one Walsh average to another.

    As many are cut off at each end as the test at level `alpha` takes; NaN where even the smallest p is above it. With
    ties it holds at least its level.
    """
    cut = _rejected(len(differences), alpha)
    if not cut:
        return nan, nan
    averages = walsh_averages(differences)
    return float(averages[cut - 1]), float(averages[-cut])


@cache
def _rejected(number: int, alpha: float) -> int:
    """How many of the smallest rank sums of the exact test together have a two-sided probability of at most `alpha`.

    The cumulative distribution is scipy's: for every sum, signs are chosen so that the positive ranks add up to it.
    """
    ranks, total = np.arange(1.0, number + 1), number * (number + 1) // 2
    rejected = 0
    for rank_sum in range(total // 2 + 1):
        signs, left = -np.ones(number), rank_sum
        for rank in range(number, 0, -1):
            if rank <= left:
                signs[rank - 1], left = 1, left - rank
        if 2 * stats.wilcoxon(signs * ranks, method="exact", alternative="less").pvalue > alpha:
            break
        rejected = rank_sum + 1
    return rejected


def bootstrap_interval(differences: np.ndarray) -> tuple[float, float]:
    """Bias-corrected and accelerated bootstrap interval of the mean over networks, with a fixed seed."""
    if np.ptp(differences) == 0:
        return float(differences[0]), float(differences[0])
    found = stats.bootstrap(
        (differences,), np.mean, n_resamples=RESAMPLES, confidence_level=1 - ALPHA, rng=np.random.default_rng(SEED)
    ).confidence_interval
    return float(found.low), float(found.high)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of one family of tests, corrected by Holm's step-down method."""
    return [float(p) for p in multipletests(p_values, alpha=ALPHA, method="holm")[1]] if len(p_values) else []
