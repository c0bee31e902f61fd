"""Mean accuracies of the reproduction's runs on one split, beside what the original prints."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.claims.evidence import Evidence

KEY = ["dataset", "arch", "norm", "epochs"]


def top1_of_split(evidence: Evidence, split: str) -> pd.DataFrame:
    """One row per setting with runs whose split is known; accuracies in percent.

    Columns: `KEY`; `reproduced`, the mean over the runs; `runs`; `original`, as printed.

    Args:
        split: "test" or "train" (running training accuracy).
    """
    runs = evidence.single_runs
    runs = runs[runs["split"] == split]
    means = runs.groupby(KEY, sort=False)["value"].agg(reproduced="mean", runs="size").reset_index()
    accuracies = evidence.published.accuracies
    original = accuracies[accuracies["study"] == "original"]
    return means.merge(original[[*KEY, "value"]].rename(columns={"value": "original"}), on=KEY)
