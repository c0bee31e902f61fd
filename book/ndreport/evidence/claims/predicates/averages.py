"""Means of attempts: whether a printed average is one, and how many runs stand behind them."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts
from ndreport.evidence.published import SETTING

ROUNDING = 0.005 + 1e-9
"""Half of the last printed digit, in percent."""
NOT_THE_RUN = "stands here|with another training time|no logged run"
"""What `corrections.attempts` says of an attempt that is not a run of its setting."""


def averages(evidence: Evidence) -> pd.DataFrame:
    """One row per setting of Tables 4 and 5: `SETTING`, `printed`, `mean` of the attempts, `attempts` (how many)."""
    printed = evidence.published.averages[[*SETTING, "value"]].rename(columns={"value": "printed"})
    single = evidence.published.attempts.groupby(SETTING)["value"].agg(mean="mean", attempts="size")
    return printed.merge(single.reset_index(), on=SETTING)


def each_dataset(rows: pd.DataFrame, wrong: pd.DataFrame, datasets: list[str]) -> tuple[dict, dict]:
    """Whether no row of a data set is wrong, and how many are; for the data sets that have rows."""
    counts = {name: int((wrong["dataset"] == name).sum()) for name in datasets if (rows["dataset"] == name).any()}
    numbers = {f"not the mean, {DATASET_LABELS[name]}": count for name, count in counts.items()}
    return {name: not count for name, count in counts.items()}, numbers


@predicate("accuracies.csv", about="printed")
def averages_are_means(evidence: Evidence, datasets: list[str]) -> Verdict:
    """Every printed average is the mean of its attempts to the printed digits, for each data set as a part."""
    rows = averages(evidence)
    rows = rows[rows["dataset"].isin(datasets)]
    wrong = rows[(rows["printed"] - rows["mean"]).abs() > ROUNDING]
    held, numbers = each_dataset(rows, wrong, datasets)
    return parts(held, {"averages": len(rows)} | numbers, cases(wrong, printed="printed (%)", mean="mean (%)"))


@predicate("accuracies.csv", "imagenet.csv", about="printed")
def values_are(evidence: Evidence, cifar_runs: int, cifar_printed: int, imagenet_printed: int) -> Verdict:
    """So many single runs and printed values of CIFAR, and printed values of ImageNet, are published."""
    imagenet = evidence.published.imagenet.query("study == 're' and metric != 'total_seconds' and attempt.isna()")
    found = {
        "single runs on CIFAR": (len(evidence.published.attempts), cifar_runs),
        "printed averages on CIFAR": (len(evidence.published.averages), cifar_printed),
        "printed values on ImageNet": (len(imagenet), imagenet_printed),
    }
    held = {name: counted == stated for name, (counted, stated) in found.items()}
    return parts(held, {name: counted for name, (counted, _) in found.items()})


@predicate("accuracies.csv", "times.csv", "recovered.csv", "imagenet.csv", about="printed")
def runs_are_distinct(evidence: Evidence, expected: int) -> Verdict:
    """The published single runs are so many, and each that can be laid beside logs is one finished run of its setting.

    The number alone makes it hold in part. Runs of settings without logs are taken as they are.
    """
    frame = evidence.attempts
    imagenet = evidence.published.imagenet.query("study == 're' and attempt.notna() and metric == 'total_seconds'")
    other = frame[frame["correction"].str.contains(NOT_THE_RUN) | frame["corrected_top1"].isna()]
    total = len(frame) + len(imagenet)
    numbers = {"runs on CIFAR": len(frame), "runs on ImageNet": len(imagenet), "together": total}
    logged = frame.groupby(SETTING)["logged"].transform("count").gt(0).sum()
    numbers |= {"of settings with logs": logged, "of these one finished run of the setting": logged - len(other)}
    held = {"number": total == expected, "distinct": other.empty}
    return parts(held, numbers, cases(other, correction="in fact"))


@predicate("accuracies.csv", about="attempts")
def one_average_each(evidence: Evidence, attempts_each: int) -> Verdict:
    """Behind every average stand so many single runs."""
    rows = averages(evidence)
    other = rows[rows["attempts"] != attempts_each]
    numbers = {"averages": len(rows), "with the stated number of runs": len(rows) - len(other)}
    return every(numbers, cases(other, attempts="single runs"), "printed averages" if rows.empty else "")


@predicate("design.csv", about="text")
def plan_adds_up(evidence: Evidence, total: int) -> Verdict:
    """Networks × epoch settings × attempts are the runs that the plan prints, and all runs are the stated total."""
    plan = evidence.published.design.pivot(index=["dataset", "norm"], columns="metric", values="value").reset_index()
    plan["product"] = plan["networks"] * plan["epoch_settings"] * plan["attempts"]
    other = plan[plan["product"] != plan["runs"]]
    against = [
        Case(f"{DATASET_LABELS[r.dataset]}, {NORM_LABELS[r.norm]}", {"printed": r.runs, "product": r.product})
        for r in other.itertuples()
    ]
    numbers = {"rows": len(plan), "rows that add up": len(plan) - len(other), "all runs": int(plan["runs"].sum())}
    return parts({"rows": other.empty, "total": numbers["all runs"] == total}, numbers, against)
