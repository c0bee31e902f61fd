"""Tables 8, 9 and 10: the times themselves, and which network takes longest or shortest."""

from __future__ import annotations

import pandas as pd

from ndcore.study import ATTEMPTS, NETWORK_LABELS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases
from ndreport.evidence.claims.predicates.averages import each_dataset
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts
from ndreport.evidence.times import disagreeing_times, settings

PLACE = ["dataset", "arch", "epochs"]
GAP = "training times"


def training_times(evidence: Evidence) -> pd.DataFrame:
    """Seconds of training per data set × network × epochs: the columns `PLACE`, `bn`, `nd`, `difference`, `ratio`.

    On its own basis the study has them in Tables 8 and 9.
    """
    frame = settings(evidence.published.times)
    wide = frame.pivot(index=PLACE, columns="norm", values="printed").dropna().reset_index()
    return wide.assign(difference=(wide["nd"] - wide["bn"]).round(6), ratio=wide["nd"] / wide["bn"])


@predicate("times.csv", about="times")
def nd_slower(evidence: Evidence) -> Verdict:
    """Training with ND takes longer than with BN in every network, data set and number of epochs."""
    times = training_times(evidence)
    faster = times[times["difference"] <= 0]
    numbers = {"pairs": len(times), "ND longer": len(times) - len(faster)}
    return every(numbers, cases(faster, bn="BN (s)", nd="ND (s)"), "" if len(times) else GAP)


@predicate("times.csv", about="printed")
def times_are_means(evidence: Evidence, datasets: list[str]) -> Verdict:
    """Every printed time is the mean training time of its attempts, for each data set as a part.

    A mean that was cut off after the last digit instead of rounded counts as one.
    """
    frame = settings(evidence.published.times).dropna(subset=["printed", "mean"])
    frame = frame[frame["dataset"].isin(datasets)]
    wrong = disagreeing_times(frame)
    real = wrong[~wrong["cut_off"]]
    held, counts = each_dataset(frame, real, datasets)
    numbers = {"printed times": len(frame), "the mean, cut off": int(wrong["cut_off"].sum())} | counts
    found = cases(real, printed="printed (s)", mean="mean (s)", equals="it is")
    return parts(held, numbers, [Case(c.place, {k: v for k, v in c.values.items() if v != ""}) for c in found])


def _other_than(arch: str, rows: pd.DataFrame, row: pd.Series, quantity: str) -> list[Case]:
    """A counter-example if the network of `row` is not `arch`: seconds of both; none if it is."""
    if row["arch"] == arch:
        return []
    mine = rows.loc[rows["arch"] == arch, quantity].iloc[0]
    seconds = {f"{NETWORK_LABELS[row['arch']]} (s)": row[quantity], f"{NETWORK_LABELS[arch]} (s)": mine}
    return [Case(f"{DATASET_LABELS[row['dataset']]}, {row['epochs']} ep., {quantity}", seconds)]


@predicate("times.csv", about="times")
def always_longest(evidence: Evidence, arch: str, quantities: list[str]) -> Verdict:
    """One network has the largest "bn", "nd" and "difference" among the ten, everywhere."""
    times = training_times(evidence)
    against, examined = [], 0
    for _, rows in times.groupby(["dataset", "epochs"], sort=False):
        for quantity in quantities:
            examined += 1
            against += _other_than(arch, rows, rows.loc[rows[quantity].idxmax()], quantity)
    numbers = {"columns compared": examined, "where it is the longest": examined - len(against)}
    return every(numbers, against, "" if examined else GAP)


@predicate("times.csv", about="times")
def shortest_at(evidence: Evidence, dataset: str, quantity: str, shortest: dict[int, str]) -> Verdict:
    """For each number of epochs this network has the least "bn", "nd" or "difference" of the ten."""
    times = training_times(evidence)
    times = times[times["dataset"] == dataset]
    if not set(shortest) <= set(times["epochs"]):
        return every({}, [], GAP)
    numbers, against = {}, []
    for epochs, arch in shortest.items():
        rows = times[times["epochs"] == epochs]
        least = rows.loc[rows[quantity].idxmin()]
        numbers[f"least, {epochs} ep. (s)"] = least[quantity]
        against += _other_than(arch, rows, least, quantity)
    return every(numbers, against)


@predicate("times.csv", about="printed")
def times_documented(evidence: Evidence) -> Verdict:
    """Training and testing times of every CIFAR setting are printed; if only the spreadsheet has them, in part."""
    times = evidence.published.times
    numbers, held = {}, {}
    for metric, name in (("train_seconds", "training"), ("test_seconds", "testing")):
        rows = times[times["metric"] == metric]
        printed, single = int(rows["attempt"].isna().sum()), int(rows["attempt"].notna().sum())
        numbers |= {f"{name} times printed": printed, f"{name} times of single runs": single}
        held[name] = printed > 0 and printed * len(ATTEMPTS) == single
    return parts(held if len(times) else {}, numbers)


@predicate("imagenet.csv", about="printed")
def imagenet_times_agree(evidence: Evidence, seconds: float) -> Verdict:
    """Every time of Table 10 is that of the spreadsheet to the printed unit."""
    rows = evidence.published.imagenet.query("metric == 'total_seconds'")
    rows = rows.assign(kind=rows["attempt"].notna().map({True: "single", False: "printed"}))
    wide = rows.pivot(index=["dataset", "arch", "norm"], columns="kind", values="value")
    wide = wide.reindex(columns=["printed", "single"]).dropna().reset_index()
    other = wide[(wide["printed"] - wide["single"]).abs() >= seconds]
    against = cases(other, printed="printed (s)", single="spreadsheet (s)")
    return every({"times": len(wide), "agree": len(wide) - len(other)}, against, "" if len(wide) else "times")
