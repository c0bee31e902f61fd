"""BN and ND of every network by who measured it: the paired values that the claim of both papers rests on.

`original`: as printed by the original study. `logs`: means of the test accuracies that the reproduction's own logs
printed, without a run that did not finish. `printed`: the reproduction's averages as printed, whatever they were
measured on. `ours`: pairs of our own runs with equal seeds, test accuracy of the last epoch, where both norms were run.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import fmean

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import EPOCHS, NETWORK_LABELS, NETWORKS
from ndreport.evidence.gains import own_pairs, single_runs
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.runs import STUDY_DATASETS

PLACE = ["dataset", "epochs"]
WHO = ("original", "logs", "printed", "ours")
COLUMNS = ["who", *PLACE, "arch", "network", "bn", "nd", "gain", "bn_runs", "nd_runs", "source"]
"""Columns of `paired_values`; `network` is the name in the study's tables, or ours where the label covers two."""


def paired_values(published: Published, records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row per who × data set × epochs × network with a value of both norms.

    Columns: `COLUMNS`. `bn` and `nd` in percent, `gain` = ND − BN in percentage points; `bn_runs`, `nd_runs`: how many
    runs are averaged, 0 where the paper does not say. Networks in the order of the study's tables.
    """
    rows = [
        *_printed(published, "original", "original", 0),
        *_logs(published),
        *_printed(published, "printed", "re", 3),
        *_own(records),
    ]
    frame = pd.DataFrame(rows, columns=[column for column in COLUMNS if column != "gain"])
    frame = frame.assign(gain=frame["nd"].astype(float) - frame["bn"].astype(float))[COLUMNS]
    order = {network.arch: place for place, network in enumerate(NETWORKS)}
    ranks = {"who": WHO.index, "arch": order.get}
    return frame.sort_values(["who", *PLACE, "arch", "network"], key=lambda c: c.map(ranks.get(c.name, lambda x: x)))


def _printed(published: Published, who: str, study: str, runs: int) -> list[list]:
    values = published.accuracies[(published.accuracies["study"] == study) & published.accuracies["attempt"].isna()]
    cells = {(row.dataset, row.epochs, row.arch, row.norm): row for row in values.itertuples()}
    rows = []
    for dataset, epochs, network in itertools.product(STUDY_DATASETS, EPOCHS, NETWORKS):
        bn, nd = (cells.get((dataset, epochs, network.arch, norm)) for norm in ("bn", "nd"))
        if bn and nd:
            found = [bn.value, nd.value, runs, runs, f"{bn.source}; {nd.source}"]
            rows.append([who, dataset, epochs, network.arch, network.label, *found])
    return rows


def _logs(published: Published) -> list[list]:
    means = logged_tests(published)
    if means.empty:
        return []
    wide = means.pivot(index=[*PLACE, "arch"], columns="norm", values=["mean", "runs"]).dropna()
    source = "runs/published/recovered.csv, finished runs"
    rows = []
    for place, row in wide.iterrows():
        means, runs = (row[what][["bn", "nd"]] for what in ("mean", "runs"))
        rows.append(["logs", *place, NETWORK_LABELS[place[2]], *means, *runs.astype(int), source])
    return rows


def logged_tests(published: Published) -> pd.DataFrame:
    """Test accuracies of the reproduction's logged runs of whole settings, per setting, in percent.

    Columns: `dataset`, `arch`, `norm`, `epochs`, `mean`, `sd` (n − 1), `lowest`, `highest`, `runs`, `values` (a tuple).
    """
    runs = single_runs(published)
    runs = runs[(runs["split"] == "test") & runs["proven"]]
    grouped = runs.groupby(SETTING, sort=False)["value"]
    found = grouped.agg(mean="mean", sd="std", lowest="min", highest="max", runs="size", values=tuple)
    return found.reset_index()


def _own(records: Sequence[RunRecord]) -> list[list]:
    rows = []
    for dataset, epochs, network in itertools.product(STUDY_DATASETS, EPOCHS, NETWORKS):
        pairs = own_pairs(records, dataset, epochs)
        for arch in network.ours:
            if here := [pair for pair in pairs if pair.nd.config.arch == arch]:
                bn, nd = (fmean(getattr(p, norm).final_epoch.test_top1 for p in here) for norm in ("bn", "nd"))
                name = network.label if arch == network.ours[0] else f"{network.label} ({arch})"
                ids = ", ".join(pair.nd.run_id for pair in here)
                rows.append(["ours", dataset, epochs, network.arch, name, bn, nd, len(here), len(here), ids])
    return rows
