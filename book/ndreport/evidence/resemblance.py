"""Runs that print test and training accuracy both: which of the two the study's attempts lie nearer to.

The runs are our own, and five of one epoch whose output the study keeps in its first notebook and which are none of its
attempts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import EPOCHS, NETWORKS, NORMS
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.runs import STUDY_DATASETS, Setting, complete_runs, mean_running_train_top1, mean_test_top1

STUDY_LOG, OURS = "single log of the reproduction", "this report"
COLUMNS = [*SETTING, "who", "ours", "runs", "test", "train", "attempts", "lowest", "highest"]
COLUMNS += ["nearer", "decisive", "source"]
"""Columns of `resemblance`."""


def resemblance(published: Published, records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row per setting × who ran it, accuracies in percent.

    Columns: `COLUMNS`. `who` is `STUDY_LOG` or `OURS`, `ours` the network's name in `ndcore.models` ("" for a log),
    `test` and `train` (running) the means of the runs; `attempts` is the mean of the study's three attempts, `lowest`
    and `highest` their range; `nearer` is "test" or "train", whichever is nearer to the mean, "" if both are as near.
    `decisive` says whether test and training accuracy lie further apart than the attempts do: where they do not, which
    one is nearer is chance.
    """
    found = [*_single_logs(published.recovered), *_own(records)]
    attempts = published.attempts
    spread = attempts.groupby(SETTING)["value"].agg(attempts="mean", lowest="min", highest="max").reset_index()
    frame = pd.DataFrame(found, columns=[*SETTING, "who", "ours", "runs", "test", "train", "source"])
    frame = frame.merge(spread, on=SETTING)
    to_test, to_train = ((frame[split] - frame["attempts"]).abs() for split in ("test", "train"))
    nearer = pd.Series("", index=frame.index).mask(to_test < to_train, "test").mask(to_train < to_test, "train")
    decisive = (frame["test"] - frame["train"]).abs() > frame["highest"] - frame["lowest"]
    return frame.assign(nearer=nearer, decisive=decisive)[COLUMNS]


def _single_logs(recovered: pd.DataFrame) -> list[list]:
    rows = recovered[recovered["attempt"].isna() & (recovered["metric"] == "top1")]
    return [
        [*cell, STUDY_LOG, "", 1, split["test"]["value"], split["train"]["value"], split["test"]["source"]]
        for cell, group in rows.groupby(SETTING, sort=False)
        if (split := {row["split"]: row for _, row in group.iterrows()}).keys() == {"test", "train"}
    ]


def _own(records: Sequence[RunRecord]) -> list[list]:
    rows = []
    for dataset, epochs, network, norm in itertools.product(STUDY_DATASETS, EPOCHS, NETWORKS, NORMS):
        for arch in network.ours:
            if runs := complete_runs(records, Setting(dataset, arch, norm, epochs)):
                ids = ", ".join(run.run_id for run in runs)
                means = [mean_test_top1(runs), mean_running_train_top1(runs)]
                rows.append([dataset, network.arch, norm, epochs, OURS, arch, len(runs), *means, ids])
    return rows
