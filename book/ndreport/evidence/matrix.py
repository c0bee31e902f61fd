"""Which evidence there is for every single value that the study measured."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS, NORMS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS, SETTING, Published
from ndreport.evidence.runs import STUDY_DATASETS, Setting, complete_runs

IMAGENET_EPOCHS = 90
NORMS_WITHOUT_BN = {"vgg11": ("none", *NORMS)}
"""Networks of Table 6 that were trained without any normalisation too."""
NOT_PROVEN = "not proven"
CELL = [*SETTING, "metric"]
OURS = {("cifar", n.arch): n.ours for n in NETWORKS} | {("imagenet", a): (f"{a}_imagenet",) for a in IMAGENET_NETWORKS}
"""Names in `ndcore.models` of every network of the study."""


def cells() -> pd.DataFrame:
    """Every single value that the study measured, without its evidence: the columns `CELL`, `label` and `attempt`."""
    cifar = [
        (dataset, network.arch, norm, epochs, "top1", network.label, attempt)
        for dataset, epochs, network, norm, attempt in itertools.product(
            STUDY_DATASETS, EPOCHS, NETWORKS, NORMS, ATTEMPTS
        )
    ]
    imagenet = [
        ("imagenet", arch, norm, IMAGENET_EPOCHS, metric, label, 1)
        for arch, label in IMAGENET_NETWORKS.items()
        for norm in NORMS_WITHOUT_BN.get(arch, NORMS)
        for metric in METRICS
    ]
    return pd.DataFrame([*cifar, *imagenet], columns=[*CELL, "label", "attempt"])


def evidence(published: Published, records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row per single value of the study.

    Columns: those of `cells`; `original` and `reproduced` in percent, NaN if the file lacks them, and the source of
    each; `split`, what the reproduced value was measured on ("test", "train" or "not proven"), and `split_evidence`;
    `logged_train` and `logged_test`, the accuracies in the log of that very run, NaN without one; `correction`, why the
    value is not that of its place, or ""; `own_runs` and `own_seeds`, how many complete runs of our own the setting
    has, with how many seeds; `own`, the runs by the name of our network.
    """
    tables = pd.concat([published.accuracies, published.imagenet])
    original = tables[(tables["study"] == "original") & tables["attempt"].isna()]
    single = tables[tables["attempt"].notna()].astype({"attempt": "int64"})
    logs = attempts(published).assign(metric="top1").astype({"attempt": "int64"})
    logs = logs[[*CELL, "attempt", "train_top1", "test_top1", "correction"]]
    frame = cells().merge(_named(original, "original", CELL), on=CELL, how="left")
    frame = frame.merge(_named(single, "reproduced", [*CELL, "attempt", "split", "split_evidence"]), how="left")
    frame = frame.merge(logs.rename(columns={"train_top1": "logged_train", "test_top1": "logged_test"}), how="left")
    texts = ["original_source", "reproduced_source", "split_evidence", "correction", "split"]
    frame[texts] = frame[texts].astype("object").fillna("")
    frame["split"] = frame["split"].replace("", NOT_PROVEN)
    own = [_own(records, row) for row in frame[SETTING].itertuples(index=False)]
    runs = [list(itertools.chain.from_iterable(by_network.values())) for by_network in own]
    return frame.assign(
        own_runs=[len(r) for r in runs], own_seeds=[len({one.config.seed for one in r}) for r in runs], own=own
    )


def _named(table: pd.DataFrame, name: str, key: list[str]) -> pd.DataFrame:
    return table[[*key, "value", "source"]].rename(columns={"value": name, "source": f"{name}_source"})


def _own(records: Sequence[RunRecord], setting: tuple) -> dict[str, list[RunRecord]]:
    """Our complete runs of a setting of the study, by the name of our network."""
    group = "imagenet" if setting.dataset == "imagenet" else "cifar"
    names = OURS[group, setting.arch]
    return {n: complete_runs(records, Setting(setting.dataset, n, setting.norm, setting.epochs)) for n in names}


def logged(frame: pd.DataFrame) -> pd.Series:
    """Whether the log of that very run prints both its accuracies."""
    return frame["logged_train"].notna() & frame["logged_test"].notna()
