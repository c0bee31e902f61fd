"""What ND costs against BN: ratios of training times, of test times, and what one gets for the time."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, place
from ndreport.evidence.claims.predicates.times import TIME_FILES, training_times
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.splits import top1_of_split
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict, every


@predicate(*TIME_FILES)
def overhead_between(evidence: Evidence, which: str, low: float, high: float) -> Verdict:
    """The additional training time of ND runs from `low` to `high` percent of BN's, over all networks and settings."""
    times = training_times(evidence, which)
    times = times.assign(more=100 * (times["ratio"] - 1))
    outside = times[~times["more"].round(0).between(low, high)]
    cases = [Case(place(r, norm=False), {"more time (%)": r.more}) for r in outside.itertuples()]
    numbers = {"pairs": len(times), "within the range": len(times) - len(outside)}
    for (dataset, epochs), rows in times.groupby(["dataset", "epochs"]):
        name = f"{DATASET_LABELS[dataset]}, {epochs} ep. (%)"
        numbers |= {f"least, {name}": rows["more"].min(), f"most, {name}": rows["more"].max()}
    return every(numbers, cases, "" if len(times) else "training times")


@predicate(*TIME_FILES)
def no_overhead_in_testing(evidence: Evidence, percent: float) -> Verdict:
    """A pass over the test set with ND takes at most so many percent longer than with BN, in the median attempt."""
    frame = evidence.attempts
    key = ["dataset", "arch", "epochs"]
    medians = frame.groupby([*key, "norm"])["corrected_test_seconds"].median().unstack("norm").dropna().reset_index()
    medians = medians.assign(more=100 * (medians["nd"] / medians["bn"] - 1))
    slow = medians[medians["more"] > percent]
    cases = [Case(place(r, norm=False), {"BN (s)": r.bn, "ND (s)": r.nd}) for r in slow.itertuples()]
    numbers = {"pairs": len(medians), "ND no slower than that": len(medians) - len(slow)}
    if len(medians):
        numbers |= {"median of more time (%)": medians["more"].median(), "most (%)": medians["more"].max()}
    return every(numbers, cases, "" if len(medians) else "test times")


@predicate(*TIME_FILES)
def worth_its_time(evidence: Evidence, short: int, long: int) -> Verdict:
    """With `short` epochs ND reaches the test accuracy of BN after `long` epochs, where it also takes less time.

    That is one way to weigh accuracy against time. It needs test accuracies of the reproduction at both lengths.
    """
    times = training_times(evidence, "corrected").pivot(
        index=["dataset", "arch"], columns="epochs", values=["bn", "nd"]
    )
    top1 = top1_of_split(evidence, "test").pivot(
        index=["dataset", "arch"], columns=["norm", "epochs"], values=["reproduced"]
    )
    numbers = {"networks and data sets": len(times)}
    if {("nd", short), ("bn", long)} <= set(times.columns):
        numbers |= {
            f"ND {short} ep. takes less time than BN {long} ep.": int((times["nd", short] < times["bn", long]).sum())
        }
    wanted = [("reproduced", "nd", short), ("reproduced", "bn", long)]
    there = [column for column in wanted if column in top1.columns]
    both = top1[there].dropna() if len(there) == len(wanted) else pd.DataFrame()
    numbers |= {"with both test accuracies": len(both)}
    if both.empty or len(both) < len(times):
        gap = f"test accuracies of BN after {long} epochs; and how much time a point of accuracy is worth"
        return Verdict(Outcome.OPEN, numbers, missing=gap)
    behind = both[both[wanted[0]] < both[wanted[1]]]
    cases = [
        Case(f"{DATASET_LABELS[dataset]}, {arch}", {"ND (%)": row[wanted[0]], "BN (%)": row[wanted[1]]})
        for (dataset, arch), row in behind.iterrows()
    ]
    return every(numbers, cases)
