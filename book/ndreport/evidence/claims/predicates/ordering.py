"""Which of two accuracies is higher: network deconvolution (ND) or batch normalisation (BN), network by network."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import EPOCHS, NETWORKS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, place
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.splits import top1_of_split
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict, every, parts
from ndreport.evidence.rules import comparisons

PLACE = ["dataset", "arch", "epochs", "metric"]


def printed_pairs(evidence: Evidence, study: str, datasets: Sequence[str], epochs: Sequence[int] = ()) -> pd.DataFrame:
    """Every printed pair of BN and ND: the columns `PLACE`, `bn`, `nd` and `gain` (percentage points)."""
    column = {"original": "original", "re": "reproduced"}[study]
    cells = comparisons(evidence.published)
    cells = cells[cells["dataset"].isin(datasets) & cells["norm"].isin(["bn", "nd"])]
    if epochs:
        cells = cells[cells["epochs"].isin(epochs)]
    wide = cells.pivot(index=PLACE, columns="norm", values=column).reindex(columns=["bn", "nd"]).dropna()
    return wide.assign(gain=(wide["nd"] - wide["bn"]).round(6)).reset_index()


def _not_ahead(pairs: pd.DataFrame) -> list[Case]:
    rows = pairs[pairs["gain"] <= 0].itertuples()
    return [Case(place(row, norm=False), {"BN (%)": row.bn, "ND (%)": row.nd}) for row in rows]


@predicate("accuracies.csv", "imagenet.csv")
def nd_ahead(evidence: Evidence, study: str, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """In every printed pair ND has the higher accuracy. A data set without printed pairs leaves it open."""
    pairs = printed_pairs(evidence, study, datasets, epochs)
    cases = _not_ahead(pairs)
    absent = [DATASET_LABELS.get(name, name) for name in datasets if name not in set(pairs["dataset"])]
    numbers = {"pairs of BN and ND": len(pairs), "ND higher": len(pairs) - len(cases)}
    return every(numbers, cases, f"accuracies on {', '.join(absent)}" if absent else "")


@predicate("accuracies.csv", "imagenet.csv")
def nd_ahead_with_exceptions(evidence: Evidence, study: str, datasets: list[str]) -> Verdict:
    """In most printed pairs, and not in all of them, ND has the higher accuracy."""
    pairs = printed_pairs(evidence, study, datasets)
    ahead = int((pairs["gain"] > 0).sum())
    numbers = {"pairs of BN and ND": len(pairs), "ND higher": ahead, "BN higher": int((pairs["gain"] < 0).sum())}
    if pairs.empty:
        return Verdict(Outcome.OPEN, numbers, missing="printed accuracies")
    holds = len(pairs) / 2 < ahead < len(pairs)
    return Verdict(Outcome.HOLDS if holds else Outcome.FAILS, numbers)


@predicate("accuracies.csv", "times.csv", "recovered.csv")
def nd_ahead_in_split(evidence: Evidence, split: str, datasets: list[str], epochs: int) -> Verdict:
    """ND has the higher mean accuracy of the reproduction's runs in every network, on one split ("test", "train").

    Only runs whose split is known count; a network without any leaves the statement open.
    """
    means = top1_of_split(evidence, split)
    means = means[means["dataset"].isin(datasets) & (means["epochs"] == epochs)]
    wide = means.pivot(index=["dataset", "arch", "epochs"], columns="norm", values="reproduced")
    gains = wide.reindex(columns=["bn", "nd"]).dropna().reset_index()
    gains["gain"] = gains["nd"] - gains["bn"]
    rows = gains[gains["gain"] <= 0].itertuples()
    cases = [Case(place(row, norm=False), {"ND − BN (points)": row.gain}) for row in rows]
    wanted = len(datasets) * len(NETWORKS)
    numbers = {f"pairs with {split} accuracies": len(gains), "of pairs": wanted}
    if len(gains):
        numbers |= {"ND higher": len(gains) - len(cases), "mean ND − BN (points)": gains["gain"].mean()}
        numbers |= {"least ND − BN (points)": gains["gain"].min()}
    gap = f"{split} accuracies of the reproduction's runs of {epochs} epoch{'s' * (epochs != 1)}"
    return every(numbers, cases, gap if len(gains) < wanted else "")


@predicate("accuracies.csv", "imagenet.csv")
def bn_ahead_at(evidence: Evidence, study: str, dataset: str, arch: str, epochs: int) -> Verdict:
    """In one printed pair BN has the higher accuracy."""
    pairs = printed_pairs(evidence, study, [dataset], [epochs])
    pairs = pairs[pairs["arch"] == arch]
    if pairs.empty:
        return Verdict(Outcome.OPEN, {}, missing="the printed pair")
    row = pairs.iloc[0]
    return Verdict(Outcome.HOLDS if row["gain"] < 0 else Outcome.FAILS, {"BN (%)": row["bn"], "ND (%)": row["nd"]})


@predicate("accuracies.csv", "imagenet.csv")
def gain_shrinks_with_epochs(evidence: Evidence, study: str, datasets: list[str]) -> Verdict:
    """The mean gain of ND is largest after the shortest training and falls with its length, on every data set."""
    pairs = printed_pairs(evidence, study, datasets)
    means = pairs.groupby(["dataset", "epochs"])["gain"].mean()
    numbers = {f"mean gain, {DATASET_LABELS[d]}, {e} ep. (points)": gain for (d, e), gain in means.items()}
    held = {d: means[d].reindex(list(EPOCHS)).diff().iloc[1:].lt(0).all() for d in datasets if d in means}
    cases = [Case(DATASET_LABELS[d], means[d].to_dict()) for d, falls in held.items() if not falls]
    return parts(held, numbers, cases)


@predicate("accuracies.csv", "imagenet.csv")
def gains_between(evidence: Evidence, study: str, datasets: list[str], low: float, high: float) -> Verdict:
    """Every printed gain of ND lies between two bounds, in percentage points."""
    pairs = printed_pairs(evidence, study, datasets)
    outside = pairs[~pairs["gain"].between(low, high)]
    cases = [Case(place(row, norm=False), {"ND − BN (points)": row.gain}) for row in outside.itertuples()]
    numbers = {"pairs of BN and ND": len(pairs), "within the bounds": len(pairs) - len(cases)}
    if len(pairs):
        numbers |= {"least gain (points)": pairs["gain"].min(), "largest gain (points)": pairs["gain"].max()}
    return every(numbers, cases, "" if len(pairs) else "printed accuracies")


@predicate("accuracies.csv", "imagenet.csv")
def low_in_every_column(evidence: Evidence, arch: str, norms: list[str]) -> Verdict:
    """A network is below the median of the ten in every column of reproduced accuracies, for each normalisation."""
    cells = comparisons(evidence.published)
    cells = cells[(cells["dataset"] != "imagenet") & cells["norm"].isin(norms)]
    key = ["dataset", "norm", "epochs"]
    cells = cells.assign(
        rank=cells.groupby(key)["reproduced"].rank(method="min"),
        median=cells.groupby(key)["reproduced"].transform("median"),
    )
    mine = cells[cells["arch"] == arch]
    high = mine[mine["reproduced"] >= mine["median"]]
    held = {norm: not (high["norm"] == norm).any() for norm in norms if (mine["norm"] == norm).any()}
    cases = [Case(place(row), {"accuracy (%)": row.reproduced, "median (%)": row.median}) for row in high.itertuples()]
    numbers = {
        "columns": len(mine),
        "below the median": len(mine) - len(high),
        "lowest": int((mine["rank"] == 1).sum()),
    }
    return parts(held, numbers, cases)


@predicate("accuracies.csv", "times.csv", "recovered.csv")
def higher_than_original_on_test(evidence: Evidence, epochs: int) -> Verdict:
    """Every setting of the reproduction has a higher test accuracy than the original prints; mean over its runs."""
    means = top1_of_split(evidence, "test")
    means = means[means["epochs"] == epochs]
    rows = means[means["reproduced"] <= means["original"]].itertuples()
    cases = [Case(place(row), {"original (%)": row.original, "test (%)": row.reproduced}) for row in rows]
    numbers = {"settings with test accuracies": len(means), "higher than the original": len(means) - len(cases)}
    if len(means):
        numbers |= {"mean difference (points)": (means["reproduced"] - means["original"]).mean()}
    gap = f"test accuracies of the reproduction's runs of {epochs} epochs"
    return every(numbers, cases, gap if len(means) < 2 * 2 * len(NETWORKS) else "")
