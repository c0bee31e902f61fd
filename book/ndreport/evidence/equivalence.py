"""Whether original and reproduction agree: two one-sided tests (TOST) within a margin that was stated beforehand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ndreport.evidence.margin import Margin
from ndreport.evidence.published import Published
from ndreport.evidence.series import COLUMNS as PAIRED
from ndreport.evidence.series import PLACE, paired_values

QUANTITIES = ("bn", "nd", "gain")
COLUMNS = [*PLACE, "quantity", "without", "networks", "margin", "mean", "low", "high", "p", "equivalent"]
"""Columns of `equivalence`."""


def tost(differences: np.ndarray, margin: float, alpha: float) -> tuple[float, float, float]:
    """Two one-sided paired t-tests that the mean difference lies within ± margin.

    Returns:
        p of the two together, and the interval at level 1 − 2 alpha that lies within the margin exactly if p < alpha.
    """
    from statsmodels.stats.weightstats import DescrStatsW, ttost_paired  # noqa: PLC0415 - half a second

    p, _, _ = ttost_paired(differences, np.zeros_like(differences), -margin, margin)
    low, high = DescrStatsW(differences).tconfint_mean(alpha=2 * alpha)
    return float(p), float(low), float(high)


def equivalence(published: Published, margin: Margin | None) -> pd.DataFrame:
    """Reproduction (test accuracies from its logs) minus original, over the networks.

    One row per data set × epochs × quantity (BN, ND, ND − BN), with all networks and, where the logs name another
    network than the label says (`other_networks`), once more without these; differences in percentage points.
    Columns: `COLUMNS`. `without` names what is left out ("" for nothing), `low` and `high` bound the interval that goes
    with the test, `equivalent` is whether p < alpha. No rows without a margin.
    """
    values = paired_values(published, []) if margin else pd.DataFrame(columns=PAIRED)
    rows = []
    for place, logs in values[values["who"] == "logs"].groupby(PLACE):
        original = values[values["who"] == "original"]
        both = original.merge(logs, on=[*PLACE, "arch"], suffixes=("_original", "_logs"))
        other = other_networks(published, *place)
        for without in [[], other] if other else [[]]:
            chosen = both[~both["arch"].isin(without)]
            if len(chosen) < 2:
                continue
            allowed = margin.points(both["gain_original"])
            for quantity in QUANTITIES:
                d = (chosen[f"{quantity}_logs"] - chosen[f"{quantity}_original"]).to_numpy(dtype=float)
                p, low, high = tost(d, allowed, margin.alpha)
                found = [allowed, d.mean(), low, high, p, p < margin.alpha]
                rows.append([*place, quantity, ", ".join(without), len(chosen), *found])
    return pd.DataFrame(rows, columns=COLUMNS)


def other_networks(published: Published, dataset: str, epochs: int) -> list[str]:
    """Networks whose logs name the variant made for ImageNet (`resnet18d`) instead of the one for small images."""
    logged = published.recovered
    named = logged[(logged["dataset"] == dataset) & (logged["epochs"] == epochs) & (logged["flag"] == "resnet18d")]
    return sorted(named["arch"].unique())
