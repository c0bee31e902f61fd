"""How far two ways of labelling the same contexts agree: two people, or a person and a rule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa

from ndreport.evidence.citation_counts import LABELS
from ndreport.evidence.proportions import Interval, wilson


@dataclass(frozen=True)
class Agreement:
    """Two labellings of the contexts that both have labelled."""

    table: pd.DataFrame
    """Counts: a row per class of the first, a column per class of the second, both in the order of `LABELS`."""
    kappa: float | None
    """Cohen's κ; None where it is not defined: no common context, or both use one and the same class only."""
    kappa_interval: Interval | None
    """95 %, from the large-sample variance (Fleiss, Cohen and Everitt 1969), within −1 and 1; None where that variance
    is zero, as it is for full agreement however few contexts there are."""

    @property
    def common(self) -> int:
        """Contexts that both have labelled."""
        return int(self.table.to_numpy().sum())

    @property
    def same(self) -> int:
        """Contexts that both have given the same class."""
        return int(self.table.to_numpy().trace())

    @property
    def same_interval(self) -> Interval | None:
        """95 % Wilson interval of the share of contexts with the same class."""
        return wilson(self.same, self.common) if self.common else None

    @property
    def most_frequent(self) -> int:
        """Contexts that one gets right who always answers with the commonest class of the first."""
        return int(self.table.sum(axis=1).max())


def agreement(first: Mapping[Hashable, str], second: Mapping[Hashable, str]) -> Agreement:
    """Compare two labellings, key by key; a key that only one of them has does not count."""
    common = sorted(first.keys() & second.keys(), key=repr)
    rows = pd.Categorical([first[key] for key in common], LABELS)
    columns = pd.Categorical([second[key] for key in common], LABELS)
    table = pd.crosstab(rows, columns, dropna=False).reindex(index=LABELS, columns=LABELS, fill_value=0)
    table = table.rename_axis(index=None, columns=None)
    used = {first[key] for key in common} | {second[key] for key in common}
    if len(used) < 2:
        return Agreement(table, None, None)
    with np.errstate(invalid="ignore"):  # its test statistic is 0 / 0 where one side uses one class only
        found = cohens_kappa(table.to_numpy())
    if found.var_kappa < 1e-12:  # zero, but for rounding
        return Agreement(table, float(found.kappa), None)
    interval = Interval(max(-1.0, float(found.kappa_low)), min(1.0, float(found.kappa_upp)))
    return Agreement(table, float(found.kappa), interval)
