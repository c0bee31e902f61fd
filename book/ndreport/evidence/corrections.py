"""The attempts of the spreadsheet beside the study's own logs: which are right, and what the others should be.

Nothing is corrected by hand. An attempt of a setting that has logs is right if a logged run of that very setting has
its accuracy and its training time; where none has, the logged run that no other attempt accounts for takes its place. A
logged run that took far less time than the others of its setting did not finish, and a test time that equals a training
time to the last digit is a copy; both are left out.
"""

from __future__ import annotations

from math import nan

import pandas as pd

from ndreport.evidence.published import SETTING, Published, once

MEASURES = ("top1", "train_seconds", "test_seconds")
COLUMNS = [*SETTING, "attempt", *MEASURES, *(f"corrected_{m}" for m in MEASURES)]
COLUMNS += ["correction", "logged", "train_top1", "test_top1"]
"""Columns of `attempts`."""
CUT_OFF = {"top1": 0.011, "train_seconds": 0.006}
"""How far a value in the spreadsheet may be from the logged one: accuracies lost their third decimal."""
INCOMPLETE = 0.75
"""A logged run that took less than this share of the median time of its setting did not finish."""


def logged_runs(recovered: pd.DataFrame) -> pd.DataFrame:
    """One row per logged run: the columns `SETTING`, `attempt`, `flag`, `train_top1`, `test_top1`, `train_seconds`,
    `test_seconds`, `finished` and `source`; accuracies in percent."""
    rows = recovered[recovered["attempt"].notna() & (recovered["metric"] != "parameters")]
    if rows.empty:
        columns = ["train_top1", "test_top1", "train_seconds", "test_seconds", "finished", "source"]
        return pd.DataFrame(columns=[*SETTING, "attempt", "flag", *columns])
    rows = rows.assign(column=rows["split"] + "_" + rows["metric"], attempt=rows["attempt"].astype(int))
    key = [*SETTING, "attempt", "flag", "source"]
    wide = rows.pivot(index=key, columns="column", values="value").reset_index().rename_axis(columns=None)
    median = wide.groupby(SETTING)["train_seconds"].transform("median")
    return wide.assign(finished=wide["train_seconds"] > INCOMPLETE * median)


@once("accuracies", "times", "recovered")
def attempts(published: Published) -> pd.DataFrame:
    """One row per attempt of the spreadsheet (dataset × arch × norm × epochs × attempt).

    Columns: those of `SETTING`, `attempt`; `top1` (percent), `train_seconds`, `test_seconds` as the spreadsheet has
    them; `corrected_top1` and so on, NaN if there is no right value; `correction`, why they differ, or "" if they do
    not; `logged`, the number of the logged run it is, missing if there is no log; `train_top1` and `test_top1` of that
    run, NaN without a log.
    """
    accuracies = published.attempts
    times = published.times[published.times["attempt"].notna()]
    key = [*SETTING, "attempt"]
    frame = accuracies.set_index(key)[["value"]].rename(columns={"value": "top1"})
    for measure in MEASURES[1:]:
        frame[measure] = times[times["metric"] == measure].set_index(key)["value"]
    frame = frame.reset_index()
    frame["attempt"] = frame["attempt"].astype(int)
    logs = {name: rows for name, rows in logged_runs(published.recovered).groupby(SETTING)}
    groups = [_correct(rows, name, logs) for name, rows in frame.groupby(SETTING, sort=False)]
    return pd.concat(groups, ignore_index=True) if groups else frame.reindex(columns=COLUMNS)


def _correct(rows: pd.DataFrame, name: tuple, logs: dict[tuple, pd.DataFrame]) -> pd.DataFrame:
    corrected = rows.assign(**{f"corrected_{m}": rows[m] for m in MEASURES}, correction="")
    corrected = corrected.assign(logged=pd.array([pd.NA] * len(rows), dtype="Int64"), train_top1=nan, test_top1=nan)
    if name not in logs:
        return _without_copied_times(corrected)
    runs = logs[name]
    right: dict[int, pd.Series] = {}
    for index, row in corrected.iterrows():
        free = runs[~runs["attempt"].isin([run["attempt"] for run in right.values()])]
        found = free[_equal(free, row)]
        if len(found):
            right[index] = found.iloc[0]
    split = _split(corrected, right)
    for index, row in corrected.iterrows():
        run = right.get(index)
        if run is None:
            left = runs[~runs["attempt"].isin([r["attempt"] for r in right.values()])]
            run = right[index] = left.iloc[0]
            corrected.loc[index, "correction"] = _what_it_is(row, name, logs)
        _take(corrected, index, run, split)
    return corrected


def _split(rows: pd.DataFrame, right: dict[int, pd.Series]) -> str:
    """Which of the two logged accuracies the right attempts of a setting hold."""
    test = [abs(run["test_top1"] - rows.loc[index, "top1"]) < CUT_OFF["top1"] for index, run in right.items()]
    return "test" if test and all(test) else "train"


def _take(corrected: pd.DataFrame, index: int, run: pd.Series, split: str) -> None:
    """Note the logged run of an attempt; its values stand for those of the spreadsheet where these were wrong."""
    corrected.loc[index, ["logged", "train_top1", "test_top1"]] = [run["attempt"], run["train_top1"], run["test_top1"]]
    if not run["finished"]:
        corrected.loc[index, [f"corrected_{m}" for m in MEASURES]] = nan
        corrected.loc[index, "correction"] = "a run that did not finish: its log has far less time than the other two"
    elif corrected.loc[index, "correction"]:
        values = [run[f"{split}_top1"], run["train_seconds"], run["test_seconds"]]
        corrected.loc[index, [f"corrected_{m}" for m in MEASURES]] = values


def _equal(runs: pd.DataFrame, row: pd.Series) -> pd.Series:
    """Which logged runs have the accuracy (of either split) and, where it is known, the training time of an attempt."""
    train, test = ((runs[f"{split}_top1"] - row["top1"]).abs() < CUT_OFF["top1"] for split in ("train", "test"))
    time_is_other = (runs["train_seconds"] - row["train_seconds"]).abs() >= CUT_OFF["train_seconds"]
    return (train | test) & ~time_is_other


def _what_it_is(row: pd.Series, name: tuple, logs: dict[tuple, pd.DataFrame]) -> str:
    """What stands in the place of the attempt: a logged run of another setting, or one of the same a second time."""
    for setting, runs in logs.items():
        found = runs[_equal(runs, row)]
        if len(found):
            run = found.iloc[0]["attempt"]
            if setting == name:
                return f"logged run {run} of the same setting stands here a second time"
            return f"logged run {run} of {setting[1]} {setting[2].upper()} {setting[3]} stands here"
    twice = logs[name][(logs[name]["train_top1"] - row["top1"]).abs() < CUT_OFF["top1"]]
    if len(twice):
        run = twice.iloc[0]
        if abs(run["train_top1"] - row["train_seconds"]) < CUT_OFF["top1"]:
            what = "stands here a second time, its accuracy also in the place of its time"
            return f"logged run {run['attempt']} of the same setting {what}"
        return f"the accuracy of logged run {run['attempt']} of the same setting, with another training time"
    return "no logged run has these values"


def _without_copied_times(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out a test time that is a training time of the same setting, digit for digit."""
    copied = rows["test_seconds"].isin(rows["train_seconds"].dropna())
    reason = rows["correction"].mask(copied, "its test time repeats a training time, digit for digit")
    return rows.assign(corrected_test_seconds=rows["test_seconds"].mask(copied), correction=reason)
