"""How the printed averages compare with the original's values, by block, beside the test accuracies of the logs."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORMS
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.rules import comparisons
from ndreport.evidence.series import logged_tests
from ndreport.evidence.splits import BLOCK

COLUMNS = ["values", "higher", "change", "attempts", "train", "test", "tested", "test_higher", "test_change"]
"""Columns of `improvements`."""


def improvements(published: Published, measured: pd.DataFrame) -> pd.DataFrame:
    """One row per block (index: data set, epochs); accuracies in percent, changes in percentage points.

    Columns: `COLUMNS`. `higher` of `values` printed averages are above the original's value, `change` is their mean
    difference; of the `attempts` behind them `train` and `test` are proven to be of that kind; `tested` settings have
    test accuracies in the logs: `test_higher` of their means are above the original's value, by `test_change` in the
    mean (NaN without logs).

    Args:
        published: every file of published values.
        measured: from `ndreport.evidence.splits.measured_on`.
    """
    compared = comparisons(published)
    compared = compared[compared["dataset"].isin(measured["dataset"].unique())]
    tests = logged_tests(published)[[*SETTING, "mean"]]
    compared = compared.merge(tests, on=SETTING, how="left")
    attempts = {block: rows["split"] for block, rows in measured.groupby(BLOCK)}
    rows = {}
    for block, group in compared.groupby(BLOCK):
        change = group["mean"] - group["original"]
        rows[block] = [
            len(group),
            int((group["difference"] > 0).sum()),
            group["difference"].mean(),
            len(attempts[block]),
            *(int((attempts[block] == split).sum()) for split in ("train", "test")),
            int(change.notna().sum()),
            int((change > 0).sum()),
            change.mean(),
        ]
    index = pd.MultiIndex.from_tuples(rows, names=BLOCK) if rows else None
    return pd.DataFrame(list(rows.values()), index=index, columns=COLUMNS)


def bn_not_behind(published: Published) -> pd.DataFrame:
    """The settings of CIFAR in which the printed average of BN is at least that of ND.

    Columns: `dataset`, `arch`, `epochs`, `bn`, `nd` (percent).
    """
    averages = published.averages
    if averages.empty:
        return pd.DataFrame(columns=["dataset", "arch", "epochs", *NORMS])
    wide = averages.pivot(index=["dataset", "arch", "epochs"], columns="norm", values="value").reset_index()
    return wide[wide["bn"] >= wide["nd"]].rename_axis(columns=None).reset_index(drop=True)


def averages_at_least(published: Published, percent: float) -> pd.DataFrame:
    """The printed averages of CIFAR of at least that accuracy: the rows of `Published.accuracies`."""
    return published.averages.query("value >= @percent")
