"""Tables 8 and 9 of the study: training times as printed, the attempts behind them, and ratios of ND to BN."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import nan
from typing import Any

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NETWORK_LABELS, NETWORKS, NORMS

NUMBERS = {"cifar10": 8, "cifar100": 9}
LAST_DIGIT = 0.01
"""Seconds; the last digit that the tables print."""
PRINTED_ROUNDING = LAST_DIGIT / 2 + 1e-9
FAR = 1.5
"""An attempt is far from the other two if it is more than this many times their median, or less than its inverse."""
COINCIDENCE = 100.0
"""Seconds; two measurements above this that agree in both decimals are hardly two measurements."""
MEANS = {"mean": "the mean of {}", "mixed": "a mean of test and training times of {}"}
"""Columns of `settings` that a printed time may turn out to be, in words."""
KEY = ["dataset", "arch", "epochs", "norm"]


def settings(times: pd.DataFrame) -> pd.DataFrame:
    """One row per data set × network × epochs × norm; all times in seconds of training, NaN where there is none.

    Columns: those of `KEY`, `label`, `printed`, `printed_source`, `attempt_1` to `attempt_3`, `mean`, `median`,
    `sources` (of the attempts), and `mixed`: the mean of two test times (attempts 1 and 2) and a training time
    (attempt 3), which is what a formula of the study's spreadsheet computes.
    """
    keys = zip(*(times[column] for column in [*KEY, "metric"]), times["attempt"].fillna(0), strict=True)
    cells = dict(zip(keys, times.itertuples(), strict=True))
    rows = []
    for dataset, network, epochs, norm in itertools.product(NUMBERS, NETWORKS, EPOCHS, NORMS):
        setting = (dataset, network.arch, epochs, norm)
        found = {k: cells.get((*setting, "train_seconds", k)) for k in (0, *ATTEMPTS)}
        tested = [cells.get((*setting, "test_seconds", k)) for k in ATTEMPTS[:2]]
        row = dict(zip(KEY, setting, strict=True)) | {"label": network.label}
        row |= {"printed": _seconds(found[0]), "printed_source": found[0].source if found[0] else ""}
        row |= {f"attempt_{k}": _seconds(found[k]) for k in ATTEMPTS}
        row |= {"mixed": sum(map(_seconds, [*tested, found[ATTEMPTS[2]]])) / len(ATTEMPTS)}
        rows.append(row | {"sources": ", ".join(found[k].source.split()[-1] for k in ATTEMPTS if found[k])})
    frame = pd.DataFrame(rows)
    attempts = frame[[f"attempt_{k}" for k in ATTEMPTS]]
    return frame.assign(mean=attempts.mean(axis=1, skipna=False), median=attempts.median(axis=1, skipna=False))


def _seconds(cell: Any | None) -> float:
    return nan if cell is None else cell.value


def disagreeing_times(frame: pd.DataFrame) -> pd.DataFrame:
    """The settings whose printed time is not the mean of the three attempts to the printed decimals.

    Args:
        frame: from `settings`.

    Returns:
        Their rows with two more columns: `cut_off`, whether the mean was cut off after the last printed digit instead
        of rounded; and `equals`, what else of the same data set the printed value is to its last digit, or "".
    """
    wrong = frame[(frame["printed"] - frame["mean"]).abs() > PRINTED_ROUNDING]
    missing = wrong["mean"] - wrong["printed"]
    cut_off = (missing > 0) & (missing < LAST_DIGIT)
    equals = ["" if cut else _twin(frame, row) for cut, (_, row) in zip(cut_off, wrong.iterrows(), strict=True)]
    return wrong.assign(cut_off=cut_off, equals=pd.Series(equals, index=wrong.index, dtype="object"))


def _twin(frame: pd.DataFrame, row: pd.Series) -> str:
    """What other mean of the same network the printed value is."""
    same = frame[(frame["dataset"] == row["dataset"]) & (frame["arch"] == row["arch"])]
    for column, what in MEANS.items():
        found = same[(same[column] - row["printed"]).abs() < LAST_DIGIT]
        if len(found):
            return what.format(setting_name(*found.iloc[0][["norm", "epochs"]]))
    return ""


def setting_name(norm: str, epochs: int) -> str:
    """A column of the tables: "ND 20"."""
    return f"{norm.upper()} {epochs}"


def far_attempts(frame: pd.DataFrame) -> pd.DataFrame:
    """Attempts that are more than `FAR` times the median of the three, or less than its inverse.

    Returns:
        One row per attempt: the columns `KEY`, `label`, `attempt` and `factor` (attempt over median).
    """
    long = frame.melt(
        [*KEY, "label", "median"], [f"attempt_{k}" for k in ATTEMPTS], var_name="attempt", value_name="seconds"
    )
    long["attempt"] = long["attempt"].str.removeprefix("attempt_").astype(int)
    long["factor"] = long["seconds"] / long["median"]
    return long[(long["factor"] > FAR) | (long["factor"] < 1 / FAR)].drop(columns=["median", "seconds"])


def repeated_times(times: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of single measurements above `COINCIDENCE` seconds that hold the same number, in words."""
    single = times[times["attempt"].notna() & (times["value"] > COINCIDENCE)]
    names = single.apply(_measurement, axis=1, result_type="reduce") if len(single) else []
    groups = pd.DataFrame({"value": single["value"], "name": names}).groupby("value")["name"]
    return [(first, other) for _, group in groups if len(group) > 1 for first, *rest in [group] for other in rest]


def _measurement(row: pd.Series) -> str:
    what = {"train_seconds": "training", "test_seconds": "testing"}[row["metric"]]
    column = setting_name(row["norm"], row["epochs"])
    return f"{NETWORK_LABELS[row['arch']]} {column}, {DATASETS[row['dataset']]}, attempt {row['attempt']}, {what}"


def norm_pairs(frame: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.Series, pd.Series]]:
    """The rows of BN and of ND of every data set × network × epochs, behind the columns that they share."""
    for _, pair in frame.groupby(KEY[:3], sort=False):
        bn, nd = (pair[pair["norm"] == norm].iloc[0] for norm in NORMS)
        yield bn[["dataset", "arch", "label", "epochs"]].to_dict(), bn, nd


def study_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """ND over BN, time of training, one row per data set × network × epochs.

    Columns: `printed`, the ratio of the two printed times; `attempts`, that of the medians of the three attempts (one
    attempt in a wrong cell does not move a median far); `low` and `high`, the smallest and largest quotient of single
    attempts; `disputed`, whether a printed time is not the mean of its attempts; `source` of the attempts.
    """
    wrong = disagreeing_times(frame)
    disputed = set(wrong.loc[~wrong["cut_off"], KEY].itertuples(index=False, name=None))
    columns = [f"attempt_{k}" for k in ATTEMPTS]
    rows = []
    for place, bn, nd in norm_pairs(frame):
        rows.append(
            place
            | {
                "printed": nd["printed"] / bn["printed"],
                "attempts": nd["median"] / bn["median"],
                "low": nd[columns].min() / bn[columns].max(),
                "high": nd[columns].max() / bn[columns].min(),
                "disputed": any(tuple(row[KEY]) in disputed for row in (bn, nd)),
                "source": f"ND {nd['sources']}; BN {bn['sources']}",
            }
        )
    return pd.DataFrame(rows)
