"""Intervals of a proportion, and what it does to them that the cases come in clusters (contexts in papers)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 9_999


@dataclass(frozen=True)
class Interval:
    """Lowest and highest value that the data leave, at the confidence that the function states."""

    low: float
    high: float


def wilson(count: float, total: float, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of Wilson (1927) for the proportion `count / total`; an effective size need not be whole."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415 - half a second

    return Interval(*map(float, proportion_confint(count, total, alpha=1 - confidence, method="wilson")))


def clopper_pearson(count: float, total: float, confidence: float = CONFIDENCE) -> Interval:
    """The interval of Clopper and Pearson (1934): holds at least the confidence, whatever the true proportion is."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415 - half a second

    return Interval(*map(float, proportion_confint(count, total, alpha=1 - confidence, method="beta")))


def none_of(total: int, confidence: float = CONFIDENCE) -> float:
    """How large a proportion may be of which `total` independent cases showed none: exact, one-sided.

    The largest p with (1 − p)^total ≥ 1 − confidence; close to 3 / total at 95 % ("rule of three").
    """
    return clopper_pearson(0, total, 1 - 2 * (1 - confidence)).high


def effective_size(total: int, clusters: int, correlation: float = 1.0) -> float:
    """Independent cases that `total` cases in `clusters` of equal size are worth (Kish 1965).

    Args:
        correlation: within a cluster; 0: the cases are independent, 1: the cases of a cluster always agree.
    """
    return total / (1 + (total / clusters - 1) * correlation)


def least_effective_size(total: int, clusters: int) -> float:
    """The same with cases that always agree within a cluster, and sizes as unequal as they can be.

    One cluster then holds all cases but one for each other cluster: (Σ size)² / Σ size² is smallest.
    """
    return total**2 / ((total - clusters + 1) ** 2 + clusters - 1)


def clusters_with(count: int, total: int, clusters: int) -> tuple[int, int]:
    """Fewest and most clusters that can hold `count` of `total` cases, if every cluster holds at least one case."""
    return max(min(count, 1), clusters - (total - count)), min(count, clusters)


def clustered(hits: Sequence[int], sizes: Sequence[int], confidence: float = CONFIDENCE) -> Interval | None:
    """Percentile bootstrap of Σ hits / Σ sizes over whole clusters.

    None where it says nothing: fewer than two clusters, or a proportion that is the same in all of them.

    Args:
        hits: cases of interest in each cluster.
        sizes: cases in each cluster, none zero.
    """
    shares = {hit / size for hit, size in zip(hits, sizes, strict=True)}
    if len(shares) < 2:
        return None
    from scipy.stats import bootstrap  # noqa: PLC0415 - half a second

    found = bootstrap(
        (np.asarray(hits), np.asarray(sizes)),
        lambda hits, sizes, axis: hits.sum(axis=axis) / sizes.sum(axis=axis),
        paired=True,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))
