"""Agreement of two measurements of the same things: Bland–Altman, Lin's concordance, rank correlation.

Interval and test come from scipy. Lin's coefficient itself is written out: no maintained Python package offers it with
an interval (torchmetrics has the coefficient, for tensors; its documented example is a test of this module).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ndreport.evidence.deviations import NOT_PROVEN, TRAIN, deviations, logged_deviations
from ndreport.evidence.proportions import CONFIDENCE, RESAMPLES
from ndreport.evidence.published import Published

LIMIT = 1.96
"""Standard deviations between the bias and a limit of agreement (Bland and Altman 1986)."""
FEWEST = 3
"""Networks; fewer are not compared."""
SEED = 0
GROUP = ["split", "dataset", "epochs"]


@dataclass(frozen=True)
class BlandAltman:
    """Differences of two measurements, in their unit."""

    number: int
    bias: float
    """Mean difference, reproduced − original."""
    sd: float
    low: float
    """Lower limit of agreement: bias − 1.96 sd."""
    high: float
    bias_low: float
    """95 % interval of the bias, from Student's t."""
    bias_high: float


def bland_altman(original: Sequence[float], reproduced: Sequence[float]) -> BlandAltman:
    """Bias and limits of agreement (Bland and Altman 1986); at least two pairs."""
    differences = np.subtract(reproduced, original)
    n, bias, sd = len(differences), float(np.mean(differences)), float(np.std(differences, ddof=1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * sd / sqrt(n)
    return BlandAltman(n, bias, sd, bias - LIMIT * sd, bias + LIMIT * sd, bias - half, bias + half)


def concordance(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Lin's concordance correlation coefficient (Lin 1989), 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²), moments divided by n.

    1 for equal values, lower for every shift, change of scale or scatter; never above Pearson's correlation in size.
    NaN if nothing varies and nothing differs.

    Args:
        x, y: of the same shape; the pairs lie along `axis`.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    shift = x.mean(axis=axis) - y.mean(axis=axis)
    dx, dy = (v - v.mean(axis=axis, keepdims=True) for v in (x, y))
    below = (dx**2).mean(axis=axis) + (dy**2).mean(axis=axis) + shift**2
    with np.errstate(invalid="ignore"):
        return 2 * (dx * dy).mean(axis=axis) / below


def concordance_interval(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of `concordance` (bias-corrected and accelerated, `scipy.stats.bootstrap`, fixed seed).

    Whole networks are drawn, so that BN and ND of a network, which are not independent, stay together.

    Args:
        x, y: shape (networks, settings of a network).

    Returns:
        NaN where the coefficient cannot vary: fewer than `FEWEST` networks, or equal values in all of them.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < FEWEST or np.array_equal(x, y):
        return nan, nan

    def coefficient(chosen: np.ndarray, axis: int) -> np.ndarray:
        chosen = np.moveaxis(chosen, axis, -1)
        return concordance(*(v[chosen].reshape(*chosen.shape[:-1], -1) for v in (x, y)))

    found = stats.bootstrap(
        (np.arange(len(x)),), coefficient, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="BCa",
        vectorized=True, rng=np.random.default_rng(SEED),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


@dataclass(frozen=True)
class RankCorrelation:
    """Whether two measurements put the same things in the same order."""

    number: int
    tau: float
    """Kendall's τ (τ-b with ties)."""
    p: float
    """Two-sided, against no association."""
    exact: bool
    """Whether p is from the exact distribution, which needs that no two values are equal."""
    rho: float
    """Spearman's ρ."""


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> RankCorrelation:
    """Kendall's τ with its p, and Spearman's ρ, from scipy; at least two pairs, and values that vary."""
    exact = len(set(x)) == len(x) and len(set(y)) == len(y)
    found = stats.kendalltau(x, y, method="exact" if exact else "asymptotic")
    return RankCorrelation(len(x), float(found.statistic), float(found.pvalue), exact, float(stats.spearmanr(x, y)[0]))


def pairs(published: Published) -> pd.DataFrame:
    """Original and reproduced value of every setting, apart by what the reproduced one was measured on.

    Test: the logs of the trainings of 20 epochs. Running training, not proven: the published attempts, corrected. A
    reproduced value is the mean of the runs of its setting.

    Returns:
        The columns of `ndreport.evidence.deviations.COLUMNS`, settings without one of the two values left out.
    """
    frame = deviations(published)
    frames = [logged_deviations(published), frame[frame["split"].isin((TRAIN, NOT_PROVEN))]]
    both = pd.concat([f for f in frames if len(f)], ignore_index=True) if any(map(len, frames)) else frame
    return both.dropna(subset=["original", "mean"])


def agreement(frame: pd.DataFrame) -> pd.DataFrame:
    """Bland–Altman and Lin's coefficient per `GROUP`.

    Args:
        frame: from `pairs`.

    Returns:
        The columns `GROUP` and of `BlandAltman`; `ccc`, `ccc_low`, `ccc_high`; `pearson`.
    """
    rows = []
    for name, group in frame.groupby(GROUP, sort=False):
        x, y = (group.pivot(index="arch", columns="norm", values=v).dropna().to_numpy() for v in ("original", "mean"))
        if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        low, high = concordance_interval(x, y)
        row = dict(zip(GROUP, name, strict=True)) | vars(bland_altman(group["original"], group["mean"]))
        row |= {"ccc": float(concordance(x.ravel(), y.ravel())), "ccc_low": low, "ccc_high": high}
        rows.append(row | {"pearson": float(stats.pearsonr(x.ravel(), y.ravel())[0])})
    return pd.DataFrame(rows)


def rankings(frame: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of the networks per `GROUP` and norm, original against reproduced.

    Args:
        frame: from `pairs`.

    Returns:
        The columns `GROUP`, `norm`, those of `RankCorrelation`, and `holm`: p corrected (Holm) for the number of rows
        of the same split.
    """
    rows = [
        dict(zip([*GROUP, "norm"], name, strict=True)) | vars(rank_correlation(list(g["original"]), list(g["mean"])))
        for name, g in frame.groupby([*GROUP, "norm"], sort=False)
        if len(g) >= FEWEST and g["original"].nunique() > 1 and g["mean"].nunique() > 1
    ]
    found = pd.DataFrame(rows)
    if not rows:
        return found
    return found.assign(holm=found.groupby("split")["p"].transform(lambda p: multipletests(p, method="holm")[1]))
