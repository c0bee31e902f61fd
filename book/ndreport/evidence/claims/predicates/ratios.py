"""What ND costs against BN: ratios of training times, of test times, and what one gets for the time."""

from __future__ import annotations

from ndcore.study import NETWORK_LABELS, NORMS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases, gap
from ndreport.evidence.claims.predicates.times import PLACE, training_times
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every
from ndreport.evidence.published import CIFAR, SETTING


@predicate("times.csv", about="times")
def overhead_between(evidence: Evidence, low: float, high: float) -> Verdict:
    """The additional training time of ND runs from `low` to `high` percent of BN's, over all networks and settings."""
    times = training_times(evidence)
    times = times.assign(more=100 * (times["ratio"] - 1))
    outside = times[~times["more"].round(0).between(low, high)]
    numbers = {"pairs": len(times), "within the range": len(times) - len(outside)}
    for (dataset, epochs), rows in times.groupby(["dataset", "epochs"]):
        name = f"{DATASET_LABELS[dataset]}, {epochs} ep. (%)"
        numbers |= {f"least, {name}": rows["more"].min(), f"most, {name}": rows["more"].max()}
    return every(numbers, cases(outside, more="more time (%)"), "" if len(times) else "training times")


@predicate("times.csv", about="times")
def no_overhead_in_testing(evidence: Evidence, percent: float) -> Verdict:
    """A pass over the test set with ND takes at most so many percent longer than with BN, in the median attempt."""
    times = evidence.published.times.query("metric == 'test_seconds' and attempt.notna()")
    medians = times.groupby(SETTING)["value"].median().unstack("norm").dropna()
    medians = medians.reindex(columns=list(NORMS)).reset_index()
    medians = medians.assign(more=100 * (medians["nd"] / medians["bn"] - 1)).sort_values(PLACE, ignore_index=True)
    slow = medians[medians["more"] > percent]
    numbers = {"pairs": len(medians), "ND no slower than that": len(medians) - len(slow)}
    if len(medians):
        numbers |= {"median of more time (%)": medians["more"].median(), "most (%)": medians["more"].max()}
    return every(numbers, cases(slow, bn="BN (s)", nd="ND (s)"), "" if len(medians) else "test times")


@predicate("accuracies.csv", "times.csv", about="accuracies")
def worth_its_time(evidence: Evidence, short: int, long: int) -> Verdict:
    """With `short` epochs ND reaches the accuracy of BN after `long` epochs, in every network and data set.

    That is one way to weigh accuracy against time. It needs accuracies of the reproduction at both lengths.
    """
    index, nd, bn = ["dataset", "arch"], ("nd", short), ("bn", long)
    times = training_times(evidence).pivot(index=index, columns="epochs", values=list(NORMS))
    top1 = evidence.published.averages.pivot(index=index, columns=["norm", "epochs"], values="value")
    both = top1.reindex(columns=[nd, bn]).dropna()
    numbers = {"networks and data sets": len(times)}
    if {nd, bn} <= set(times.columns):
        numbers |= {f"ND {short} ep. takes less time than BN {long} ep.": int((times[nd] < times[bn]).sum())}
    numbers |= {"with both accuracies": len(both)}
    if both.empty or len(both) < len(times):
        missing = gap(evidence.published.averages, evidence.basis, sorted(CIFAR["dataset"]), [short, long])
        return every(numbers, [], missing)
    behind = both[both[nd] < both[bn]]
    against = [
        Case(f"{DATASET_LABELS[dataset]}, {NETWORK_LABELS[arch]}", {"ND (%)": row[nd], "BN (%)": row[bn]})
        for (dataset, arch), row in behind.iterrows()
    ]
    return every(numbers, against)
