"""What every attempt of the reproduction was measured on: test or training images, as far as its public files prove it.

Two kinds of evidence decide it for a single value, and each can only say what it says:

- a *log*: the value is one that the logs of its own setting printed as highest test accuracy, or as highest running
  training accuracy, and no log of that setting printed it as the other one;
- the *third decimal* that the first public version of the spreadsheet held: the test sets have 10,000 images, so a test
  accuracy in percent has at most two decimals, whereas one of 50,000 training images is a multiple of 0.002.

A value with neither stays open, whatever its neighbours are.
"""

from __future__ import annotations

import itertools
from math import isnan

import pandas as pd

from ndcore.study import DATASETS, EPOCHS
from ndreport.evidence.corrections import CUT_OFF, logged_runs
from ndreport.evidence.published import SETTING, Published, once

TEST_IMAGES, TRAIN_IMAGES = 10_000, 50_000
"""Images of CIFAR-10 and of CIFAR-100."""
SAME = 1e-4
"""Two values with at most three decimals that differ by less are the same one."""
LOG, DECIMAL, NEITHER = "log", "third decimal", "open"
KINDS = (LOG, DECIMAL, NEITHER)
COLUMNS = [*SETTING, "attempt", "value", "source", "first_version", "split", "split_evidence", "kind", "coarse"]
"""Columns of `measured_on`."""
BLOCK = ["dataset", "epochs"]


def is_share_of(percent: float, images: int) -> bool:
    """Whether a percentage with at most three decimals can be a share of that many images; NaN cannot."""
    return not isnan(percent) and abs(percent * images / 100 - round(percent * images / 100)) < SAME


@once("accuracies", "first_version", "recovered")
def measured_on(published: Published) -> pd.DataFrame:
    """One row per attempt (dataset × arch × norm × epochs × attempt), accuracies in percent.

    Columns: `COLUMNS`. `value` is the spreadsheet's, `first_version` the one of its first public version with its third
    decimal, NaN if there was none; `split` is "test", "train" (running training accuracy) or "" where neither is
    proven; `split_evidence` says why; `kind` is one of `KINDS`; `coarse` whether the first version has no more decimals
    than a share of 10,000 images.
    """
    rows = published.attempts
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    key = [*SETTING, "attempt"]
    first = published.first_version.dropna(subset=["attempt"]).astype({"attempt": int})[[*key, "value"]]
    rows = rows[[*key, "value", "source"]].merge(first.rename(columns={"value": "first_version"}), on=key, how="left")
    logs = {name: runs for name, runs in logged_runs(published.recovered).groupby(SETTING)}
    found = [_decide(row, logs.get(tuple(row[SETTING]))) for _, row in rows.iterrows()]
    decided = pd.DataFrame(found, columns=["split", "split_evidence", "kind"], index=rows.index)
    coarse = rows["first_version"].map(lambda value: is_share_of(value, TEST_IMAGES)).astype(bool)
    return rows.join(decided).assign(coarse=coarse)[COLUMNS]


def _decide(row: pd.Series, runs: pd.DataFrame | None) -> tuple[str, str, str]:
    """Split, reason in words and kind of evidence of one attempt; `runs` are the logged runs of its setting."""
    logged = {split: _logged_as(row, runs, split) for split in ("test", "train")}
    (split, numbers), *other = [(split, numbers) for split, numbers in logged.items() if numbers] or [("", [])]
    if split and not other:
        line = {"test": "test", "train": "training"}[split]
        return split, f"equals the {line} line of logged run {' and '.join(map(str, numbers))}", LOG
    first = row["first_version"]
    if not is_share_of(first, TEST_IMAGES) and is_share_of(first, TRAIN_IMAGES):
        reason = f"first commit of the spreadsheet has {first:.3f}, no share of {TEST_IMAGES} images"
        return "train", reason, DECIMAL
    return "", "", NEITHER


def _logged_as(row: pd.Series, runs: pd.DataFrame | None, split: str) -> list[int]:
    """The logged runs of the setting whose accuracy of that split is the attempt's.

    Compared with all three decimals where the first version has them; the present one cut them off.
    """
    if runs is None:
        return []
    first = row["first_version"]
    value, allowed = (row["value"], CUT_OFF["top1"]) if isnan(first) else (first, SAME)
    return runs.loc[(runs[f"{split}_top1"] - value).abs() < allowed, "attempt"].tolist()


def split_summary(measured: pd.DataFrame) -> pd.DataFrame:
    """How many attempts of each block are proven what, and how; the index is `BLOCK`.

    Columns: `attempts`, `test` and `train` (proven), `open`, `by_log` and `by_decimal` (how the proven ones are known).

    Args:
        measured: from `measured_on`.
    """
    flags = measured.assign(attempts=1, **{split: measured["split"] == split for split in ("test", "train")})
    kinds = {"open": NEITHER, "by_log": LOG, "by_decimal": DECIMAL}
    flags = flags.assign(**{column: measured["kind"] == kind for column, kind in kinds.items()})
    frame = flags.groupby(BLOCK)[["attempts", "test", "train", *kinds]].sum().astype(int)
    return frame.loc[[block for block in itertools.product(DATASETS, EPOCHS) if block in frame.index]]
