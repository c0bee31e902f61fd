"""The paired tests of every setting, and their correction: one family per source of values."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pandas as pd

from ndcore.study import EPOCHS
from ndreport.evidence.paired import Paired, compare, holm
from ndreport.evidence.runs import STUDY_DATASETS
from ndreport.evidence.series import WHO


@dataclass(frozen=True)
class Tested:
    """ND − BN over the networks in one setting (data set × epochs), by one source of values."""

    who: str
    """One of `ndreport.evidence.series.WHO`."""
    dataset: str
    epochs: int
    paired: Paired | None = None
    """None where this source has no pair of values."""
    wilcoxon_holm: float = float("nan")
    """p of the signed-rank test, corrected by Holm over the settings of this source that have values."""
    sign_holm: float = float("nan")


def paired_tests(values: pd.DataFrame) -> list[Tested]:
    """Every source × setting, in their order; `logs` only where there are logs.

    Args:
        values: from `ndreport.evidence.series.paired_values`.
    """
    gains = {key: rows["gain"].to_numpy(dtype=float) for key, rows in values.groupby(["who", "dataset", "epochs"])}
    found = []
    for who in WHO:
        places = [place for place in itertools.product(STUDY_DATASETS, EPOCHS) if (who, *place) in gains]
        paired = [compare(gains[who, *place]) for place in places]
        corrected = zip(holm([p.wilcoxon for p in paired]), holm([p.sign for p in paired]), strict=True)
        known = {place: (p, *c) for place, p, c in zip(places, paired, corrected, strict=True)}
        shown = places if who == "logs" else itertools.product(STUDY_DATASETS, EPOCHS)
        found += [Tested(who, *place, *known.get(place, ())) for place in shown]
    return found
