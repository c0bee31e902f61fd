"""Tables 8 and 9 once more: times from attempts that are what their place says, ratios, and seconds per epoch."""

from __future__ import annotations

import pandas as pd

from ndcore.study import EPOCHS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.published import Published
from ndreport.evidence.times import KEY, norm_pairs, settings

BASES = {"printed": "as printed", "mean": "recomputed", "corrected": "corrected"}
"""Columns of `corrected_settings` that are a training time, and what they are called on the pages."""
COMPARABLE = 1.25
"""An epoch of a short training is comparable with one of the longest if it takes at most this many times as long, and
at least its inverse."""


def corrected_settings(published: Published) -> pd.DataFrame:
    """One row per data set × network × epochs × norm; all times in seconds of training.

    Columns: those of `ndreport.evidence.times.settings`, and `corrected`, the mean of the attempts after
    `ndreport.evidence.corrections`; `runs`, how many attempts it is the mean of; `shortest` and `longest` of these;
    `correction`, what was corrected, or "". NaN where nothing is known.
    """
    frame = settings(published.times)
    single = attempts(published)
    seconds = single["corrected_train_seconds"].where(single["train_seconds"].notna())
    # what is wrong with the accuracy or the test time alone changes no training time
    changed = seconds.ne(single["train_seconds"]) & single["train_seconds"].notna()
    texts = "attempt " + single["attempt"].astype("string") + ": " + single["correction"].astype("string")
    grouped = single.assign(seconds=seconds, text=texts.where(changed)).groupby(KEY, sort=False)
    found = grouped["seconds"].agg(corrected="mean", runs="count", shortest="min", longest="max")
    words = {name: "; ".join(text.dropna()) for name, text in grouped["text"]}
    merged = frame.merge(found.reset_index(), on=KEY, how="left")
    keys = merged[KEY].itertuples(index=False, name=None)
    return merged.assign(correction=pd.Series([words.get(key, "") for key in keys], index=merged.index, dtype="object"))


def time_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """ND over BN, time of training: one row per data set × network × epochs.

    Args:
        frame: from `corrected_settings`.

    Returns:
        `dataset`, `arch`, `label`, `epochs`; the ratios `printed`, `mean` and `corrected`; `gap_printed` and so on,
        ND − BN in seconds; `low` and `high`, the smallest and largest quotient of corrected single attempts.
    """
    rows = []
    for row, bn, nd in norm_pairs(frame):
        row |= {base: nd[base] / bn[base] for base in BASES}
        row |= {f"gap_{base}": nd[base] - bn[base] for base in BASES}
        rows.append(row | {"low": nd["shortest"] / bn["longest"], "high": nd["longest"] / bn["shortest"]})
    return pd.DataFrame(rows)


def seconds_per_epoch(frame: pd.DataFrame) -> pd.DataFrame:
    """Corrected seconds of training per epoch: one row per data set × network × norm.

    Returns:
        `dataset`, `arch`, `label`, `norm`; for every number of epochs `e` the columns `seconds_e` (per epoch) and
        `times_e`, that over the seconds per epoch of the longest training; `extra`, the seconds that the training of
        one epoch took beyond an epoch of the longest one.
    """
    last = EPOCHS[-1]
    per = frame.assign(seconds=frame["corrected"] / frame["epochs"])
    wide = per.pivot(index=["dataset", "arch", "label", "norm"], columns="epochs", values="seconds")
    order = per.loc[per["epochs"] == last, ["dataset", "arch", "label", "norm"]]
    wide = wide.reindex(pd.MultiIndex.from_frame(order))
    columns = {f"seconds_{e}": wide[e] for e in EPOCHS} | {f"times_{e}": wide[e] / wide[last] for e in EPOCHS}
    return pd.DataFrame(columns | {"extra": wide[EPOCHS[0]] - wide[last]}).reset_index()


def comparable(times: float) -> bool:
    """Whether an epoch of a short training took about as long as one of the longest."""
    return 1 / COMPARABLE <= times <= COMPARABLE
