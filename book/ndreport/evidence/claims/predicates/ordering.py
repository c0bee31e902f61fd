"""Which of two accuracies is higher: network deconvolution (ND) or batch normalisation (BN), network by network."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import EPOCHS, NORMS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases, gap
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts
from ndreport.evidence.published import CIFAR

PLACE = ["dataset", "arch", "epochs", "metric"]
TABLES = ("accuracies.csv", "imagenet.csv")


def pairs_of(
    evidence: Evidence, study: str, datasets: Sequence[str], epochs: Sequence[int] = ()
) -> tuple[pd.DataFrame, str]:
    """Every pair of BN and ND of a study, and what pairs are not there.

    Returns:
        The columns `PLACE`, `bn`, `nd` and `gain` (percentage points); and words, "" if all are there.
    """
    cells = evidence.comparisons
    cells = cells[cells["dataset"].isin(datasets)]
    if epochs:
        cells = cells[cells["epochs"].isin(epochs)]
    column = {"original": "original", "re": "reproduced"}[study]
    wide = cells.pivot(index=PLACE, columns="norm", values=column).reindex(columns=list(NORMS)).dropna()
    pairs = wide.assign(gain=(wide["nd"] - wide["bn"]).round(6)).reset_index()
    return pairs, gap(cells, evidence.basis, datasets, epochs)


@predicate(*TABLES, about="accuracies")
def nd_ahead(evidence: Evidence, study: str, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """In every pair ND has the higher accuracy. A setting without values leaves it open, if nothing refutes it."""
    pairs, missing = pairs_of(evidence, study, datasets, epochs)
    behind = pairs[pairs["gain"] <= 0]
    numbers = {"pairs of BN and ND": len(pairs), "ND higher": len(pairs) - len(behind)}
    if len(pairs):
        numbers |= {"mean ND − BN (points)": pairs["gain"].mean(), "least ND − BN (points)": pairs["gain"].min()}
    return every(numbers, cases(behind, bn="BN (%)", nd="ND (%)"), missing)


@predicate(*TABLES, about="accuracies")
def nd_ahead_with_exceptions(evidence: Evidence, study: str, datasets: list[str]) -> Verdict:
    """In most pairs, and not in all of them, ND has the higher accuracy."""
    pairs, missing = pairs_of(evidence, study, datasets)
    ahead = int((pairs["gain"] > 0).sum())
    numbers = {"pairs of BN and ND": len(pairs), "ND higher": ahead, "BN higher": int((pairs["gain"] < 0).sum())}
    held = {"most, not all": len(pairs) / 2 < ahead < len(pairs)} if len(pairs) else {}
    return parts(held, numbers, missing=missing)


@predicate(*TABLES, about="accuracies")
def bn_ahead_at(evidence: Evidence, study: str, dataset: str, arch: str, epochs: int) -> Verdict:
    """In one pair BN has the higher accuracy."""
    pairs, missing = pairs_of(evidence, study, [dataset], [epochs])
    pairs = pairs[pairs["arch"] == arch]
    if pairs.empty:
        return every({}, [], missing)
    row = pairs.iloc[0]
    return parts({"BN higher": row["gain"] < 0}, {"BN (%)": row["bn"], "ND (%)": row["nd"]})


@predicate(*TABLES, about="accuracies")
def gain_shrinks_with_epochs(evidence: Evidence, study: str, datasets: list[str]) -> Verdict:
    """The mean gain of ND is largest after the shortest training and falls with its length, on every data set."""
    pairs, missing = pairs_of(evidence, study, datasets)
    means = pairs.groupby(["dataset", "epochs"])["gain"].mean()
    numbers = {f"mean gain, {DATASET_LABELS[d]}, {e} ep. (points)": gain for (d, e), gain in means.items()}
    held = {d: means[d].reindex(list(EPOCHS)).diff().iloc[1:].lt(0).all() for d in datasets if d in means}
    against = [Case(DATASET_LABELS[d], means[d].to_dict()) for d, falls in held.items() if not falls]
    return parts(held, numbers, [] if missing else against, missing)


@predicate(*TABLES, about="accuracies")
def gains_between(evidence: Evidence, study: str, datasets: list[str], low: float, high: float) -> Verdict:
    """Every gain of ND lies between two bounds, in percentage points."""
    pairs, missing = pairs_of(evidence, study, datasets)
    outside = pairs[~pairs["gain"].between(low, high)]
    numbers = {"pairs of BN and ND": len(pairs), "within the bounds": len(pairs) - len(outside)}
    if len(pairs):
        numbers |= {"least gain (points)": pairs["gain"].min(), "largest gain (points)": pairs["gain"].max()}
    return every(numbers, cases(outside, gain="ND − BN (points)"), missing)


@predicate(*TABLES, about="accuracies")
def low_in_every_column(evidence: Evidence, arch: str, norms: list[str]) -> Verdict:
    """A network is below the median of the ten in every column of reproduced accuracies, for each normalisation.

    Where columns are missing, a part that is known not to hold decides.
    """
    cells = evidence.comparisons
    cells = cells[(cells["dataset"] != "imagenet") & cells["norm"].isin(norms)]
    columns = cells.groupby(["dataset", "norm", "epochs"])["reproduced"]
    cells = cells.assign(rank=columns.rank(method="min"), median=columns.transform("median"))
    mine = cells[cells["arch"] == arch]
    high = mine[mine["reproduced"] >= mine["median"]]
    held = {norm: not (high["norm"] == norm).any() for norm in norms if (mine["norm"] == norm).any()}
    numbers = {"columns": len(mine), "below the median": len(mine) - len(high)}
    numbers |= {"lowest": int((mine["rank"] == 1).sum())}
    missing = gap(cells, evidence.basis, sorted(CIFAR["dataset"])) if all(held.values()) else ""
    return parts(held, numbers, cases(high, reproduced="accuracy (%)", median="median (%)"), missing)
