"""Which of two accuracies is higher: network deconvolution (ND) or batch normalisation (BN), network by network."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import EPOCHS, NETWORKS, NORMS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts

PLACE = ["dataset", "arch", "epochs", "metric"]
TABLES = ("accuracies.csv", "imagenet.csv")
GAP = "printed accuracies"


def _gains(cells: pd.DataFrame, index: list[str], column: str) -> pd.DataFrame:
    """Every pair of BN and ND in a column: the columns `index`, `bn`, `nd` and `gain` (percentage points)."""
    wide = cells.pivot(index=index, columns="norm", values=column).reindex(columns=list(NORMS)).dropna()
    return wide.assign(gain=wide["nd"] - wide["bn"]).reset_index()


def printed_pairs(evidence: Evidence, study: str, datasets: Sequence[str], epochs: Sequence[int] = ()) -> pd.DataFrame:
    """Every printed pair of BN and ND: the columns `PLACE`, `bn`, `nd` and `gain` (percentage points)."""
    cells = evidence.comparisons
    cells = cells[cells["dataset"].isin(datasets) & cells["norm"].isin(NORMS)]
    if epochs:
        cells = cells[cells["epochs"].isin(epochs)]
    return _gains(cells, PLACE, {"original": "original", "re": "reproduced"}[study]).round({"gain": 6})


@predicate(*TABLES)
def nd_ahead(evidence: Evidence, study: str, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """In every printed pair ND has the higher accuracy. A data set without printed pairs leaves it open."""
    pairs = printed_pairs(evidence, study, datasets, epochs)
    behind = pairs[pairs["gain"] <= 0]
    absent = [DATASET_LABELS.get(name, name) for name in datasets if name not in set(pairs["dataset"])]
    numbers = {"pairs of BN and ND": len(pairs), "ND higher": len(pairs) - len(behind)}
    return every(numbers, cases(behind, bn="BN (%)", nd="ND (%)"), absent and f"accuracies on {', '.join(absent)}")


@predicate(*TABLES)
def nd_ahead_with_exceptions(evidence: Evidence, study: str, datasets: list[str]) -> Verdict:
    """In most printed pairs, and not in all of them, ND has the higher accuracy."""
    pairs = printed_pairs(evidence, study, datasets)
    ahead = int((pairs["gain"] > 0).sum())
    numbers = {"pairs of BN and ND": len(pairs), "ND higher": ahead, "BN higher": int((pairs["gain"] < 0).sum())}
    held = {"most, not all": len(pairs) / 2 < ahead < len(pairs)} if len(pairs) else {}
    return parts(held, numbers, missing="" if held else GAP)


@predicate("accuracies.csv", "times.csv", "recovered.csv")
def nd_ahead_in_split(evidence: Evidence, split: str, datasets: list[str], epochs: int) -> Verdict:
    """ND has the higher mean accuracy of the reproduction's runs in every network, on one split ("test", "train").

    Only runs whose split is known count; a network without any leaves the statement open.
    """
    means = evidence.top1(split)
    means = means[means["dataset"].isin(datasets) & (means["epochs"] == epochs)]
    gains = _gains(means, PLACE[:3], "reproduced")
    behind = gains[gains["gain"] <= 0]
    wanted = len(datasets) * len(NETWORKS)
    numbers = {f"pairs with {split} accuracies": len(gains), "of pairs": wanted}
    if len(gains):
        numbers |= {"ND higher": len(gains) - len(behind), "mean ND − BN (points)": gains["gain"].mean()}
        numbers |= {"least ND − BN (points)": gains["gain"].min()}
    gap = f"{split} accuracies of the reproduction's runs of {epochs} epoch{'s' * (epochs != 1)}"
    return every(numbers, cases(behind, gain="ND − BN (points)"), gap if len(gains) < wanted else "")


@predicate(*TABLES)
def bn_ahead_at(evidence: Evidence, study: str, dataset: str, arch: str, epochs: int) -> Verdict:
    """In one printed pair BN has the higher accuracy."""
    pairs = printed_pairs(evidence, study, [dataset], [epochs])
    pairs = pairs[pairs["arch"] == arch]
    if pairs.empty:
        return every({}, [], "the printed pair")
    row = pairs.iloc[0]
    return parts({"BN higher": row["gain"] < 0}, {"BN (%)": row["bn"], "ND (%)": row["nd"]})


@predicate(*TABLES)
def gain_shrinks_with_epochs(evidence: Evidence, study: str, datasets: list[str]) -> Verdict:
    """The mean gain of ND is largest after the shortest training and falls with its length, on every data set."""
    pairs = printed_pairs(evidence, study, datasets)
    means = pairs.groupby(["dataset", "epochs"])["gain"].mean()
    numbers = {f"mean gain, {DATASET_LABELS[d]}, {e} ep. (points)": gain for (d, e), gain in means.items()}
    held = {d: means[d].reindex(list(EPOCHS)).diff().iloc[1:].lt(0).all() for d in datasets if d in means}
    against = [Case(DATASET_LABELS[d], means[d].to_dict()) for d, falls in held.items() if not falls]
    return parts(held, numbers, against)


@predicate(*TABLES)
def gains_between(evidence: Evidence, study: str, datasets: list[str], low: float, high: float) -> Verdict:
    """Every printed gain of ND lies between two bounds, in percentage points."""
    pairs = printed_pairs(evidence, study, datasets)
    outside = pairs[~pairs["gain"].between(low, high)]
    numbers = {"pairs of BN and ND": len(pairs), "within the bounds": len(pairs) - len(outside)}
    if len(pairs):
        numbers |= {"least gain (points)": pairs["gain"].min(), "largest gain (points)": pairs["gain"].max()}
    return every(numbers, cases(outside, gain="ND − BN (points)"), "" if len(pairs) else GAP)


@predicate(*TABLES)
def low_in_every_column(evidence: Evidence, arch: str, norms: list[str]) -> Verdict:
    """A network is below the median of the ten in every column of reproduced accuracies, for each normalisation."""
    cells = evidence.comparisons
    cells = cells[(cells["dataset"] != "imagenet") & cells["norm"].isin(norms)]
    columns = cells.groupby(["dataset", "norm", "epochs"])["reproduced"]
    cells = cells.assign(rank=columns.rank(method="min"), median=columns.transform("median"))
    mine = cells[cells["arch"] == arch]
    high = mine[mine["reproduced"] >= mine["median"]]
    held = {norm: not (high["norm"] == norm).any() for norm in norms if (mine["norm"] == norm).any()}
    numbers = {"columns": len(mine), "below the median": len(mine) - len(high)}
    numbers |= {"lowest": int((mine["rank"] == 1).sum())}
    return parts(held, numbers, cases(high, reproduced="accuracy (%)", median="median (%)"))
