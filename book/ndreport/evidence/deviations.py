"""How far the reproduction's attempts are from the original's value and from each other, setting by setting.

The study's own measure is the "averaged squared deviation" (Obadage et al. 2024, §5.1). Beside it stand the mean, the
standard deviation and the range of the attempts, and where one more run would be expected.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd
from scipy import stats

from ndcore.study import ATTEMPTS, NETWORK_LABELS, NETWORKS
from ndreport.evidence.corrections import attempts, logged_runs
from ndreport.evidence.proportions import CONFIDENCE
from ndreport.evidence.published import Published

KEY = ["dataset", "epochs", "arch", "norm"]
THRESHOLD = 0.5
"""Below this averaged squared deviation the study calls a setting consistent (§5.1)."""
PRINTED_RANGE = {"cifar10": (0.00, 0.23), "cifar100": (0.00, 0.11)}
"""The study's lowest and highest averaged squared deviation, as printed in §5.1."""
CLASSES = {"cifar10": 10, "cifar100": 100}
TEST, TRAIN, NOT_PROVEN = "test", "running training", "not proven"
"""What accuracies were measured on."""


def squared_deviation(values: Sequence[float], original: float, ddof: int = 1) -> float:
    """Σ (value − original)² / (n − ddof), of accuracies as fractions; NaN if n ≤ ddof.

    The study divides by n − 1, as for a variance, though the deviations are from a given value and not from the mean.

    Args:
        values: accuracies of the attempts in percent.
        original: the original's accuracy in percent.
        ddof: 1 as in the study, 0 for a mean.
    """
    deviations = (np.asarray(values, dtype=float) - original) / 100
    return float(np.sum(deviations**2) / (len(deviations) - ddof)) if len(deviations) > ddof else nan


def equal_deviation(squared: float, number: int, ddof: int = 1) -> float:
    """The deviation in percentage points that each of `number` attempts has to have for a squared deviation."""
    return 100 * sqrt(squared * (number - ddof) / number)


def prediction_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Where one more value is expected: mean ± t · s · √(1 + 1/n), t with n − 1 degrees of freedom.

    Right if all values, the new one included, are drawn independently from one normal distribution. NaN for fewer than
    two values. Not cut to what a percentage can be.
    """
    n = len(values)
    if n < 2:
        return nan, nan
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * np.std(values, ddof=1) * sqrt(1 + 1 / n)
    return float(np.mean(values) - half), float(np.mean(values) + half)


def deviations(published: Published) -> pd.DataFrame:
    """One row per setting of Tables 4 and 5 (120): the published attempts against the original's value.

    Accuracies in percent. The squared deviations are of the attempts as published; `mean`, `sd`, `low`, `high` and the
    prediction interval are of the attempts after `ndreport.evidence.corrections`.

    Returns:
        The columns `KEY`, `label`, `split` (what the attempts were measured on), `proven` (of how many that is proven),
        `original`; `squared` and `squared_mean`, divided by n − 1 and by n; `runs`, `mean`, `sd`, `low`, `high`;
        `predicted_low`, `predicted_high`; `inside`, whether the original is between these (None if not known);
        `values` (text), `corrected` (text, or "").
    """
    single = attempts(published).dropna(subset="top1")  # without accuracies there may still be times
    if single.empty:
        return pd.DataFrame(columns=COLUMNS)
    splits = published.attempts.groupby(KEY)["split"].agg(list)
    original = _originals(published)
    rows = []
    for name, group in single.groupby(KEY, sort=False):
        first = original.get(name, nan)
        row = _row(name, first, group["top1"], group["corrected_top1"].dropna())
        row |= dict(zip(("split", "proven"), _split(splits[name]), strict=True))
        changed = group[group["corrected_top1"].ne(group["top1"])]
        notes = (f"attempt {r.attempt}: {r.correction}" for r in changed.itertuples())
        rows.append(row | {"corrected": "; ".join(notes)})
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def logged_deviations(published: Published) -> pd.DataFrame:
    """The same of the test accuracies that the study's logs hold: 20 epochs, both data sets (40 settings).

    A value is the highest test accuracy of a run over its epochs, as the logs print it; runs that did not finish are
    left out.
    """
    runs = logged_runs(published.recovered)
    runs = runs[runs["finished"].astype(bool)]
    original = _originals(published)
    rows = []
    for name, group in runs.groupby(KEY, sort=False):
        first, values = original.get(name, nan), group["test_top1"]
        row = _row(name, first, values, values)
        rows.append(row | {"split": TEST, "proven": len(values), "corrected": ""})
    frame = pd.DataFrame(rows).reindex(columns=COLUMNS)
    order = {network.arch: place for place, network in enumerate(NETWORKS)}
    return frame.sort_values(KEY, key=lambda c: c.map(order) if c.name == "arch" else c, ignore_index=True)


COLUMNS = [
    *(*KEY, "label", "split", "proven", "original", "squared", "squared_mean", "runs", "mean", "sd", "low", "high"),
    *("predicted_low", "predicted_high", "inside", "values", "corrected"),
]
"""Columns of `deviations` and `logged_deviations`."""


def _originals(published: Published) -> dict[tuple, float]:
    rows = published.original
    return dict(zip(rows[KEY].itertuples(index=False, name=None), rows["value"], strict=True))


def _row(name: tuple, original: float, published: pd.Series, values: pd.Series) -> dict:
    """The columns of one setting: squared deviations of the published attempts, all else of the corrected `values`."""
    low, high = prediction_interval(values.to_numpy())
    known = not np.isnan([low, original]).any()
    return dict(zip(KEY, name, strict=True)) | {
        "label": NETWORK_LABELS[name[KEY.index("arch")]],
        "original": original,
        "squared": squared_deviation(published, original),
        "squared_mean": squared_deviation(published, original, ddof=0),
        "runs": len(values),
        "mean": values.mean(),
        "sd": values.std(ddof=1),
        "low": values.min(),
        "high": values.max(),
        "predicted_low": low,
        "predicted_high": high,
        "inside": bool(low <= original <= high) if known else None,
        "values": ", ".join(f"{value:.2f}" for value in published),
    }


def _split(found: list[str]) -> tuple[str, int]:
    """What the attempts of a setting were measured on, and for how many of them that is proven."""
    known = [split for split in found if split]
    names = {"train": TRAIN, "test": TEST}
    return (names[known[0]], len(known)) if len(set(known)) == 1 else (NOT_PROVEN, 0)


@dataclass(frozen=True)
class Threshold:
    """What would still count as consistent: numbers of settings whose squared deviation stays below `THRESHOLD`."""

    settings: int
    points: float
    """Each attempt may be this many percentage points from the original."""
    half: int
    """If every attempt reached half of the original's accuracy."""
    chance: int
    """If every attempt guessed."""
    pairs: int
    """Pairs of two different networks with the same data set, epochs and norm."""
    exchanged: int
    """Pairs in which every attempt had the value that the original gives for the other network."""


def threshold(frame: pd.DataFrame) -> Threshold:
    """Try the study's threshold on attempts that nobody would call a reproduction.

    Args:
        frame: from `deviations`.
    """
    known = frame.dropna(subset=["original"])
    columns = known.groupby(["dataset", "epochs", "norm"])["original"]
    exchanged = [_passes(*pair) for _, originals in columns for pair in itertools.permutations(originals, 2)]
    return Threshold(
        settings=len(known),
        points=equal_deviation(THRESHOLD, len(ATTEMPTS)),
        half=sum(_passes(original / 2, original) for original in known["original"]),
        chance=sum(_passes(100 / CLASSES[row.dataset], row.original) for row in known.itertuples()),
        pairs=len(exchanged),
        exchanged=sum(exchanged),
    )


def _passes(value: float, original: float) -> bool:
    return squared_deviation([value] * len(ATTEMPTS), original) < THRESHOLD
