"""The three sets of values that a claim is laid beside: those of its own source, corrected ones, and test accuracies.

`OWN`        what the source published: its tables, its text, its code
`CORRECTED`  wrong attempts replaced by the logged runs that belong in their place, every average and time recomputed
             from its attempts, values on ImageNet as the spreadsheet has them
`TEST`       test accuracies of the reproduction alone: those that its logs prove; on ImageNet its own values, which are
             accuracies on the validation images
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ndreport.evidence.published import SETTING, Published

OWN, CORRECTED, TEST = "own", "corrected", "test"
BASES = {OWN: "own tables", CORRECTED: "corrected values", TEST: "test data"}
"""Keys in `claims.yaml`, and in words."""
LOGS = frozenset({"accuracies.csv", "times.csv", "recovered.csv"})
"""The files that corrected values and test accuracies on CIFAR are made from."""
_NO_MEASURED_VALUE = "no measured value enters"
KINDS: Mapping[str, Mapping[str, str]] = {
    "accuracies": {},
    "times": {TEST: "a time is not measured on images"},
    "attempts": {TEST: "it counts attempts, whatever images they were measured on"},
    "printed": dict.fromkeys((CORRECTED, TEST), "it is about the values that were published, not about better ones"),
    "text": dict.fromkeys((CORRECTED, TEST), f"it adds up numbers of a text; {_NO_MEASURED_VALUE}"),
    "documents": dict.fromkeys((CORRECTED, TEST), f"it is about what texts and scripts say; {_NO_MEASURED_VALUE}"),
    "code": dict.fromkeys((CORRECTED, TEST), f"it is about layers and networks as built; {_NO_MEASURED_VALUE}"),
}
"""What a predicate is about, and why it cannot be asked of some bases."""


def on_basis(published: Published, basis: str, attempts: pd.DataFrame) -> Published:
    """The published values with the reproduction's replaced by those of a basis.

    A printed value becomes the mean of the attempts of the basis; a setting without any is not there.

    Args:
        published: the published values.
        basis: one of `BASES`.
        attempts: from `ndreport.evidence.corrections.attempts`.
    """
    found = replace(published, imagenet=_imagenet(published.imagenet))
    if published.accuracies.empty or published.times.empty:
        return found
    times = [_times(published.times, attempts, metric) for metric in ("train_seconds", "test_seconds")]
    values = attempts.rename(columns={"corrected_top1": "of_basis"}).assign(split="")
    if basis == TEST:
        from ndreport.evidence import gains  # noqa: PLC0415 - statsmodels, which most pages do not need

        values = gains.single_runs(published, attempts).query("split == 'test'").rename(columns={"value": "of_basis"})
    values = values[[*SETTING, "attempt", "split", "of_basis"]]
    original = published.accuracies["study"] == "original"
    accuracies = _put(published.accuracies[~original].drop(columns="split"), values)
    accuracies = pd.concat([published.original, accuracies])[list(published.accuracies.columns)]
    return replace(found, accuracies=accuracies, times=pd.concat(times))


def _times(times: pd.DataFrame, attempts: pd.DataFrame, metric: str) -> pd.DataFrame:
    values = attempts.rename(columns={f"corrected_{metric}": "of_basis"})[[*SETTING, "attempt", "of_basis"]]
    return _put(times[times["metric"] == metric], values)[list(times.columns)]


def _put(rows: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Rows of single runs with the value `of_basis` of each, and printed rows with the means of these."""
    values = values.dropna(subset="of_basis").astype({"attempt": "Int64"})
    means = values.groupby(SETTING)["of_basis"].mean().round(6).reset_index()
    if "split" in values:
        means = means.assign(split="")
    single = rows[rows["attempt"].notna()].merge(values, on=[*SETTING, "attempt"])
    printed = rows[rows["attempt"].isna()].merge(means, on=SETTING)
    return pd.concat([printed, single], ignore_index=True).assign(value=lambda frame: frame["of_basis"])


def _imagenet(imagenet: pd.DataFrame) -> pd.DataFrame:
    """Tables 6, 7 and 10 with the digits that the spreadsheet has."""
    key = ["study", "dataset", "arch", "norm", "metric"]
    single = imagenet[imagenet["attempt"].notna()][[*key, "value"]].rename(columns={"value": "of_basis"})
    rows = imagenet.merge(single, on=key, how="left")
    return rows.assign(value=rows["of_basis"].fillna(rows["value"]))[list(imagenet.columns)]
