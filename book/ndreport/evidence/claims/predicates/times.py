"""Tables 8, 9 and 10: the times themselves, and which network takes longest or shortest."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import ATTEMPTS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, LABELS, place
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict, every, parts
from ndreport.evidence.times import disagreeing_times, settings

PLACE = ["dataset", "arch", "epochs"]
SOURCES = ("printed", "corrected")
TIME_FILES = ("accuracies.csv", "times.csv", "recovered.csv")


def training_times(evidence: Evidence, which: str) -> pd.DataFrame:
    """Seconds of training per data set × network × epochs: the columns `PLACE`, `bn`, `nd`, `difference`, `ratio`.

    Args:
        which: "printed", as Tables 8 and 9 have them, or "corrected": means of the attempts, each replaced by the
            logged run that belongs in its place where it is not that.
    """
    if which == "printed":
        frame = settings(evidence.published.times).rename(columns={"printed": "seconds"})
    else:
        frame = evidence.attempts.groupby([*PLACE, "norm"], sort=False)["corrected_train_seconds"].mean()
        frame = frame.rename("seconds").reset_index()
    wide = frame.pivot(index=PLACE, columns="norm", values="seconds").dropna().reset_index()
    return wide.assign(difference=(wide["nd"] - wide["bn"]).round(6), ratio=wide["nd"] / wide["bn"])


@predicate(*TIME_FILES)
def nd_slower(evidence: Evidence, which: Sequence[str] = SOURCES) -> Verdict:
    """Training with ND takes longer than with BN in every network, data set and number of epochs."""
    numbers, cases = {}, []
    for source in which:
        times = training_times(evidence, source)
        faster = times[times["difference"] <= 0]
        numbers |= {f"pairs, {source}": len(times), f"ND longer, {source}": len(times) - len(faster)}
        cases += [
            Case(f"{place(r, norm=False)}, {source}", {"BN (s)": r.bn, "ND (s)": r.nd}) for r in faster.itertuples()
        ]
    return every(numbers, cases, "" if all(numbers.values()) else "training times")


@predicate("times.csv")
def times_are_means(evidence: Evidence, datasets: list[str]) -> Verdict:
    """Every printed time is the mean training time of its attempts, for each data set as a part.

    A mean that was cut off after the last digit instead of rounded counts as one.
    """
    frame = settings(evidence.published.times).dropna(subset=["printed", "mean"])
    frame = frame[frame["dataset"].isin(datasets)]
    wrong = disagreeing_times(frame)
    real = wrong[~wrong["cut_off"]]
    held = {name: not (real["dataset"] == name).any() for name in datasets if (frame["dataset"] == name).any()}
    numbers = {"printed times": len(frame), "the mean, cut off": int(wrong["cut_off"].sum())}
    numbers |= {f"not the mean, {DATASET_LABELS[name]}": int((real["dataset"] == name).sum()) for name in held}
    cases = [
        Case(place(r), {"printed (s)": r.printed, "mean (s)": r.mean, "it is": r.equals}) for r in real.itertuples()
    ]
    return parts(held, numbers, [Case(c.place, {k: v for k, v in c.values.items() if v != ""}) for c in cases])


@predicate(*TIME_FILES)
def always_longest(evidence: Evidence, arch: str, quantities: list[str]) -> Verdict:
    """One network has the largest "bn", "nd" and "difference" among the ten, everywhere, in the printed times."""
    times = training_times(evidence, "printed")
    cases, examined = [], 0
    for (dataset, epochs), rows in times.groupby(["dataset", "epochs"], sort=False):
        for quantity in quantities:
            most, examined = rows.loc[rows[quantity].idxmax()], examined + 1
            if most["arch"] != arch:
                mine = rows.loc[rows["arch"] == arch, quantity].iloc[0]
                values = {f"{LABELS[most['arch']]} (s)": most[quantity], f"{LABELS[arch]} (s)": mine}
                cases.append(Case(f"{DATASET_LABELS[dataset]}, {epochs} ep., {quantity}", values))
    numbers = {"columns compared": examined, "where it is the longest": examined - len(cases)}
    return every(numbers, cases, "" if examined else "training times")


@predicate(*TIME_FILES)
def shortest_at(evidence: Evidence, dataset: str, quantity: str, shortest: dict[int, str]) -> Verdict:
    """For each number of epochs this network has the least "bn", "nd" or "difference" of the ten.

    Both the printed and the corrected times are asked; where only one of them says so, it holds in part.
    """
    numbers, held, cases = {}, {}, []
    for source in SOURCES:
        times = training_times(evidence, source)
        times = times[times["dataset"] == dataset]
        if not set(shortest) <= set(times["epochs"]):
            return Verdict(Outcome.OPEN, numbers, missing="training times")
        held[source] = True
        for epochs, arch in shortest.items():
            rows = times[times["epochs"] == epochs]
            least = rows.loc[rows[quantity].idxmin()]
            numbers[f"least, {epochs} ep., {source} (s)"] = least[quantity]
            if least["arch"] != arch:
                held[source] = False
                mine = rows.loc[rows["arch"] == arch, quantity].iloc[0]
                values = {f"{LABELS[least['arch']]} (s)": least[quantity], f"{LABELS[arch]} (s)": mine}
                cases.append(Case(f"{DATASET_LABELS[dataset]}, {epochs} ep., {source}", values))
    return parts(held, numbers, cases)


@predicate("times.csv")
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


@predicate("imagenet.csv")
def imagenet_times_agree(evidence: Evidence, seconds: float) -> Verdict:
    """Every time of Table 10 is that of the spreadsheet to the printed unit."""
    rows = evidence.published.imagenet.query("metric == 'total_seconds'")
    wide = rows.assign(kind=rows["attempt"].notna().map({True: "single", False: "printed"}))
    wide = wide.pivot(index=["dataset", "arch", "norm"], columns="kind", values="value").reindex(
        columns=["printed", "single"]
    )
    wide = wide.dropna().reset_index()
    other = wide[(wide["printed"] - wide["single"]).abs() >= seconds]
    cases = [Case(place(r), {"printed (s)": r.printed, "spreadsheet (s)": r.single}) for r in other.itertuples()]
    return every({"times": len(wide), "agree": len(wide) - len(cases)}, cases, "" if len(wide) else "times")
