"""Means of attempts: whether a printed average is one, and how many runs stand behind them."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, place
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict, parts

KEY = ["dataset", "arch", "norm", "epochs"]
ROUNDING = 0.005 + 1e-9
"""Half of the last printed digit, in percent."""
NOT_THE_RUN = ("stands here", "with another training time", "no logged run")
"""What `corrections.attempts` says of an attempt that is not a run of its setting."""


def averages(evidence: Evidence) -> pd.DataFrame:
    """One row per setting of Tables 4 and 5: `KEY`, `printed`, `mean` of the attempts and `attempts`, their number."""
    values = evidence.published.accuracies.query("study == 're'")
    printed = values[values["attempt"].isna()][[*KEY, "value"]].rename(columns={"value": "printed"})
    single = values[values["attempt"].notna()].groupby(KEY)["value"].agg(mean="mean", attempts="size").reset_index()
    return printed.merge(single, on=KEY)


@predicate("accuracies.csv")
def averages_are_means(evidence: Evidence, datasets: list[str]) -> Verdict:
    """Every printed average is the mean of its attempts to the printed digits, for each data set as a part."""
    rows = averages(evidence)
    rows = rows[rows["dataset"].isin(datasets)]
    wrong = rows[(rows["printed"] - rows["mean"]).abs() > ROUNDING]
    held = {name: not (wrong["dataset"] == name).any() for name in datasets if (rows["dataset"] == name).any()}
    numbers = {"averages": len(rows)}
    numbers |= {f"not the mean, {DATASET_LABELS[name]}": int((wrong["dataset"] == name).sum()) for name in held}
    cases = [Case(place(row), {"printed (%)": row.printed, "mean (%)": row.mean}) for row in wrong.itertuples()]
    return parts(held, numbers, cases)


@predicate("accuracies.csv", "imagenet.csv")
def values_are(evidence: Evidence, cifar_runs: int, cifar_printed: int, imagenet_printed: int) -> Verdict:
    """So many single runs and printed values of CIFAR, and printed values of ImageNet, are published."""
    values = evidence.published.accuracies.query("study == 're'")
    imagenet = evidence.published.imagenet.query("study == 're' and metric != 'total_seconds'")
    found = {
        "single runs on CIFAR": (int(values["attempt"].notna().sum()), cifar_runs),
        "printed averages on CIFAR": (int(values["attempt"].isna().sum()), cifar_printed),
        "printed values on ImageNet": (int(imagenet["attempt"].isna().sum()), imagenet_printed),
    }
    held = {name: counted == stated for name, (counted, stated) in found.items()}
    return parts(held, {name: counted for name, (counted, _) in found.items()})


@predicate("accuracies.csv", "times.csv", "recovered.csv", "imagenet.csv")
def runs_are_distinct(evidence: Evidence, expected: int) -> Verdict:
    """The published single runs are so many, and each that can be laid beside logs is one finished run of its setting.

    The number alone makes it hold in part. Runs of settings without logs are taken as they are.
    """
    frame = evidence.attempts
    imagenet = evidence.published.imagenet.query("study == 're' and attempt.notna() and metric == 'total_seconds'")
    other = frame[frame["correction"].str.contains("|".join(NOT_THE_RUN)) | frame["corrected_top1"].isna()]
    total = len(frame) + len(imagenet)
    cases = [Case(f"{place(r)}, attempt {r.attempt}", {"in fact": r.correction}) for r in other.itertuples()]
    numbers = {"runs on CIFAR": len(frame), "runs on ImageNet": len(imagenet), "together": total}
    logged = frame.groupby(KEY)["logged"].transform("count").gt(0).sum()
    numbers |= {"of settings with logs": logged, "of these one finished run of the setting": logged - len(other)}
    return parts({"number": total == expected, "distinct": not len(other)}, numbers, cases)


@predicate("accuracies.csv")
def one_average_each(evidence: Evidence, attempts_each: int) -> Verdict:
    """Behind every printed average stand so many single runs."""
    rows = averages(evidence)
    other = rows[rows["attempts"] != attempts_each]
    cases = [Case(place(row), {"single runs": row.attempts}) for row in other.itertuples()]
    numbers = {"averages": len(rows), "with the stated number of runs": len(rows) - len(other)}
    if rows.empty:
        return Verdict(Outcome.OPEN, numbers, missing="printed averages")
    return Verdict(Outcome.FAILS if cases else Outcome.HOLDS, numbers, cases)


@predicate("design.csv")
def plan_adds_up(evidence: Evidence, total: int) -> Verdict:
    """Networks × epoch settings × attempts are the runs that the plan prints, and all runs are the stated total."""
    plan = evidence.published.design.pivot(index=["dataset", "norm"], columns="metric", values="value").reset_index()
    product = plan["networks"] * plan["epoch_settings"] * plan["attempts"]
    other = plan[product != plan["runs"]]
    cases = [
        Case(f"{DATASET_LABELS[r.dataset]}, {NORM_LABELS[r.norm]}", {"printed": r.runs, "product": product[r.Index]})
        for r in other.itertuples()
    ]
    numbers = {"rows": len(plan), "rows that add up": len(plan) - len(other), "all runs": int(plan["runs"].sum())}
    return parts({"rows": other.empty, "total": numbers["all runs"] == total}, numbers, cases)
