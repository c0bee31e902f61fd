"""ND minus BN of one network against the spread over its repeats, from the test accuracies of the logs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ndcore.study import NETWORK_LABELS
from ndreport.evidence.paired import smallest_unpaired_p
from ndreport.evidence.published import Published
from ndreport.evidence.series import logged_tests

KEY = ["dataset", "epochs", "arch"]
COLUMNS = [*KEY, "label", "bn_runs", "nd_runs", "gain", "pooled_sd", "ratio", "gap", "smallest_p"]
"""Columns of `against_spread`."""


def against_spread(published: Published) -> pd.DataFrame:
    """One row per data set × epochs × network whose logs hold at least two finished runs of each norm.

    Columns: `COLUMNS`. `gain` is the difference of the means and `pooled_sd` the standard deviation of one run, pooled
    over both norms by their degrees of freedom, in percentage points; `ratio` their quotient; `gap` is the lowest ND
    run minus the highest BN run, above zero where no run of one norm reaches any of the other; `smallest_p` is the
    smallest two-sided p that an exact rank test of so many runs against so many can give.
    """
    tests = logged_tests(published).set_index([*KEY, "norm"])
    rows = []
    for place in dict.fromkeys(key[:3] for key in tests.index):
        if not {(*place, "bn"), (*place, "nd")} <= set(tests.index):
            continue
        bn, nd = tests.loc[(*place, "bn")], tests.loc[(*place, "nd")]
        if min(bn["runs"], nd["runs"]) < 2:
            continue
        freedom = [bn["runs"] - 1, nd["runs"] - 1]
        pooled = float(np.sqrt(np.average([bn["sd"] ** 2, nd["sd"] ** 2], weights=freedom)))
        gain = nd["mean"] - bn["mean"]
        runs = int(bn["runs"]), int(nd["runs"])
        spread = pooled, gain / pooled if pooled else np.nan, nd["lowest"] - bn["highest"]
        rows.append([*place, NETWORK_LABELS[place[2]], *runs, gain, *spread, smallest_unpaired_p(*runs)])
    return pd.DataFrame(rows, columns=COLUMNS)
