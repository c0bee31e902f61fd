"""What network deconvolution gains over batch normalisation in every network: original, reproduced, our own runs.

Test accuracies and running training accuracies are different quantities, so a difference is taken within one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

import numpy as np
import pandas as pd

from ndcore.experiment.records import RunRecord
from ndreport.evidence.corrections import attempts
from ndreport.evidence.proportions import CONFIDENCE
from ndreport.evidence.published import Published
from ndreport.evidence.runs import Difference, differences, follows_recipe

PLACE = ["dataset", "arch", "epochs"]
SPLITS = ("test", "train", "not proven")
COLUMNS = [*PLACE, "split", "proven", "bn_runs", "nd_runs", "gain", "low", "high"]
"""Columns of `reproduced_gains`."""


def single_runs(published: Published, corrected: pd.DataFrame | None = None) -> pd.DataFrame:
    """The reproduction's single runs, each accuracy with what it was measured on; percent.

    Columns: `dataset`, `arch`, `norm`, `epochs`, `attempt`, `split` (one of `SPLITS`), `proven` (whether the split is
    proven for this very attempt) and `value`. A run whose log is public has two rows, test and train. Any other has the
    spreadsheet's value; where the public files prove the split of an attempt, its network's other attempts of the same
    number of epochs, which the same program printed, have that split too. A value that belongs elsewhere is replaced
    by the logged run that belongs here, a run that did not finish is left out.

    Args:
        published: the published values.
        corrected: from `ndreport.evidence.corrections.attempts`, which takes a second, if it is at hand.
    """
    frame = (attempts(published) if corrected is None else corrected).dropna(subset=["corrected_top1"])
    key = [*PLACE, "norm", "attempt"]
    logged, other = frame[frame["logged"].notna()], frame[frame["logged"].isna()]
    both = logged.melt(key, ["train_top1", "test_top1"], "split", "value")
    both = both.assign(split=both["split"].str.removesuffix("_top1"), proven=True)
    known = published.attempts[[*key, "split"]]
    other = other[[*key, "corrected_top1"]].merge(known, on=key)
    other = other.rename(columns={"corrected_top1": "value"}).assign(proven=other["split"] != "")
    one = other.groupby(PLACE)["split"].transform(_common_split)
    return pd.concat([both, other.assign(split=one)], ignore_index=True)


def _common_split(splits: pd.Series) -> str:
    """The split of attempts that the same program printed: what is proven for any of them, if nothing contradicts."""
    known = set(splits) - {""}
    return known.pop() if len(known) == 1 else "not proven"


def reproduced_gains(published: Published) -> pd.DataFrame:
    """ND minus BN of the reproduction, per data set × network × epochs × split, in percentage points.

    Columns: `COLUMNS`. `gain` is the difference of the two means; `low` and `high` bound Welch's 95 % interval for it,
    which takes the runs of a setting as independent and normal with a spread of their own per norm; both are NaN where
    a norm has fewer than two runs or where all runs of each norm agree to the last digit. `proven` counts the runs
    whose own split is proven.
    """
    rows = []
    for place, group in single_runs(published).groupby([*PLACE, "split"], sort=False):
        bn, nd = (group.loc[group["norm"] == norm, "value"].to_numpy() for norm in ("bn", "nd"))
        if len(bn) and len(nd):
            low, high = welch(nd, bn)
            sizes = [int(group["proven"].sum()), len(bn), len(nd)]
            rows.append([*place, *sizes, nd.mean() - bn.mean(), low, high])
    return pd.DataFrame(rows, columns=COLUMNS)


def welch(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Welch's interval for the difference of two means, at `CONFIDENCE`; NaN where the samples have no spread."""
    if min(len(one), len(other)) < 2 or max(np.ptp(one), np.ptp(other)) == 0:
        return nan, nan
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW  # noqa: PLC0415 - half a second

    compared = CompareMeans(DescrStatsW(one), DescrStatsW(other))
    low, high = compared.tconfint_diff(alpha=1 - CONFIDENCE, usevar="unequal")
    return float(low), float(high)


def original_gains(published: Published) -> pd.DataFrame:
    """ND minus BN of the original's printed values: the columns `PLACE` and `gain`, in percentage points."""
    values = published.original
    if values.empty:
        return pd.DataFrame(columns=[*PLACE, "gain"])
    wide = values.pivot(index=PLACE, columns="norm", values="value").reset_index().rename_axis(columns=None)
    return wide.assign(gain=(wide["nd"] - wide["bn"]).round(2))[[*PLACE, "gain"]].dropna()


def own_pairs(records: Iterable[RunRecord], dataset: str, epochs: int) -> list[Difference]:
    """Our own pairs of BN and ND with the study's recipe, of one data set and number of epochs."""
    chosen = (r for r in records if (r.config.dataset, r.config.epochs) == (dataset, epochs))
    return differences(r for r in chosen if follows_recipe(r.config))
