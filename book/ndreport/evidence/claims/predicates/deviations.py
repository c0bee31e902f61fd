"""How far single runs are from the original's value, and from each other."""

from __future__ import annotations

from math import sqrt

from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases, gap
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts
from ndreport.evidence.published import CIFAR

PRINTED_DIGITS = 2
BOTH = sorted(CIFAR["dataset"])


@predicate("accuracies.csv", about="accuracies")
def squared_deviation_range(evidence: Evidence, dataset: str, low: float, high: float) -> Verdict:
    """The averaged squared deviations of a data set run from `low` to `high`, to two decimals.

    Read literally, an average divides by the number of runs; where only the number minus one gives the stated range, it
    holds in part. Where settings are missing, those that are there can only refute it.
    """
    rows = evidence.deviations
    rows = rows[rows["dataset"] == dataset]
    missing = gap(rows, evidence.basis, [dataset])
    if rows.empty:
        return every({}, [], missing)
    held, refuted, numbers = {}, {}, {}
    for divisor, column in (("runs", "squared_mean"), ("runs − 1", "squared")):
        least, most = round(float(rows[column].min()), PRINTED_DIGITS), round(float(rows[column].max()), PRINTED_DIGITS)
        numbers |= {f"least, over {divisor}": least, f"largest, over {divisor}": most}
        held[divisor] = (least, most) == (low, high)
        refuted[divisor] = least < low or most > high
    worst = cases(rows.loc[[rows["squared_mean"].idxmax()]], squared_mean="over runs", squared="over runs − 1")
    return parts(held, numbers, [] if all(held.values()) else worst, "" if all(refuted.values()) else missing)


@predicate("accuracies.csv", about="accuracies")
def deviations_below(evidence: Evidence, threshold: float) -> Verdict:
    """Every averaged squared deviation is below a threshold.

    The numbers say how far all runs of a setting would have to be off to reach it, and how many settings could reach it
    at all, since no accuracy is below 0 or above 100 percent.
    """
    rows = evidence.deviations
    above = rows[rows["squared"] >= threshold]
    numbers = {"settings": len(rows), "below the threshold": len(rows) - len(above)}
    if len(rows):
        runs = int(rows["runs"].max())
        worst = rows["original"].clip(lower=100 - rows["original"]) / 100
        possible = worst**2 * rows["runs"] / (rows["runs"] - 1) >= threshold
        numbers |= {"points that every run must be off to reach it": 100 * sqrt(threshold * (runs - 1) / runs)}
        numbers |= {"settings that could reach it": int(possible.sum())}
    return every(numbers, cases(above, squared="over runs − 1"), gap(rows, evidence.basis, BOTH))


@predicate("accuracies.csv", about="accuracies")
def runs_within(evidence: Evidence, points: float) -> Verdict:
    """The single runs of every setting lie within so many percentage points of each other."""
    rows = evidence.deviations
    ranges = (rows["high"] - rows["low"]).astype(float).round(6)
    wide = rows[ranges > points]
    numbers = {"settings": len(rows), "within": len(rows) - len(wide)}
    if len(rows):
        numbers |= {"largest range (points)": ranges.max(), "median range (points)": ranges.median()}
    return every(numbers, cases(wide, low="lowest (%)", high="highest (%)"), gap(rows, evidence.basis, BOTH))


@predicate("accuracies.csv", about="accuracies")
def similar_gains(evidence: Evidence, epochs: list[int], points: float) -> Verdict:
    """Reproduced minus original is, on average, alike for BN and ND: within so many points, data set by data set."""
    cells = evidence.comparisons
    cells = cells[cells["dataset"].isin(BOTH) & cells["epochs"].isin(epochs)]
    missing = gap(cells, evidence.basis, BOTH, epochs)
    gains = cells.groupby(["dataset", "epochs", "norm"])["difference"].mean().unstack("norm").dropna()
    held, numbers, against = {}, {}, []
    for (dataset, length), row in gains.iterrows():
        name, difference = f"{DATASET_LABELS[dataset]}, {length} ep.", row["nd"] - row["bn"]
        numbers |= {f"BN, {name} (points)": row["bn"], f"ND, {name} (points)": row["nd"]}
        held[name] = abs(difference) <= points
        against += [] if held[name] else [Case(name, {"ND − BN (points)": difference})]
    return parts(held, numbers, against, missing if all(held.values()) else "")
