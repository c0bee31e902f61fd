"""How far single runs are from the original's value, and from each other."""

from __future__ import annotations

from math import sqrt

import pandas as pd

from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, place
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict, every, parts

KEY = ["dataset", "arch", "norm", "epochs"]
PRINTED_DIGITS = 2


def squared_deviations(evidence: Evidence) -> pd.DataFrame:
    """One row per setting: squared deviation of the runs from the original's value, accuracies as fractions of 1.

    Columns: `KEY`, `original` (percent), `runs`, `mean` (sum of squares over the number of runs) and `reduced` (over
    that number minus one), `range` (percentage points between the highest and the lowest run).
    """
    values = evidence.published.accuracies
    original = values[values["study"] == "original"][[*KEY, "value"]].rename(columns={"value": "original"})
    single = values[values["attempt"].notna()][[*KEY, "value"]].merge(original, on=KEY)
    single["square"] = ((single["value"] - single["original"]) / 100) ** 2
    groups = single.groupby([*KEY, "original"], sort=False)
    rows = groups.agg(runs=("value", "size"), total=("square", "sum"), high=("value", "max"), low=("value", "min"))
    rows = rows.reset_index()
    return rows.assign(
        mean=rows["total"] / rows["runs"],
        reduced=rows["total"] / (rows["runs"] - 1),
        range=(rows["high"] - rows["low"]).round(6),
    )


@predicate("accuracies.csv")
def squared_deviation_range(evidence: Evidence, dataset: str, low: float, high: float) -> Verdict:
    """The averaged squared deviations of a data set run from `low` to `high`, to two decimals.

    Read literally, an average divides by the number of runs; where only the number minus one gives the stated range, it
    holds in part.
    """
    rows = squared_deviations(evidence)
    rows = rows[rows["dataset"] == dataset]
    if rows.empty:
        return Verdict(Outcome.OPEN, {}, missing="single runs beside the original's values")
    held, numbers = {}, {}
    for divisor, column in (("runs", "mean"), ("runs − 1", "reduced")):
        least, most = rows[column].min(), rows[column].max()
        numbers |= {f"least, over {divisor}": least, f"largest, over {divisor}": most}
        held[divisor] = (round(float(least), PRINTED_DIGITS), round(float(most), PRINTED_DIGITS)) == (low, high)
    worst = rows.loc[rows["mean"].idxmax()]
    cases = [Case(place(worst), {"over runs": worst["mean"], "over runs − 1": worst["reduced"]})]
    return parts(held, numbers, [] if all(held.values()) else cases)


@predicate("accuracies.csv")
def deviations_below(evidence: Evidence, threshold: float) -> Verdict:
    """Every averaged squared deviation is below a threshold.

    The numbers say how far all runs of a setting would have to be off to reach it, and how many settings could reach it
    at all, since no accuracy is below 0 or above 100 percent.
    """
    rows = squared_deviations(evidence)
    above = rows[rows["reduced"] >= threshold]
    runs = int(rows["runs"].max()) if len(rows) else 0
    cases = [Case(place(row), {"over runs − 1": row.reduced}) for row in above.itertuples()]
    numbers = {"settings": len(rows), "below the threshold": len(rows) - len(above)}
    if runs:
        worst = rows["original"].clip(lower=100 - rows["original"]) / 100
        possible = worst**2 * rows["runs"] / (rows["runs"] - 1) >= threshold
        numbers |= {"points that every run must be off to reach it": 100 * sqrt(threshold * (runs - 1) / runs)}
        numbers |= {"settings that could reach it": int(possible.sum())}
    return every(numbers, cases, "" if runs else "single runs beside the original's values")


@predicate("accuracies.csv")
def runs_within(evidence: Evidence, points: float) -> Verdict:
    """The single runs of every setting lie within so many percentage points of each other."""
    rows = squared_deviations(evidence)
    wide = rows[rows["range"] > points]
    cases = [Case(place(r), {"lowest (%)": r.low, "highest (%)": r.high}) for r in wide.itertuples()]
    numbers = {"settings": len(rows), "within": len(rows) - len(wide)}
    if len(rows):
        numbers |= {"largest range (points)": rows["range"].max(), "median range (points)": rows["range"].median()}
    return every(numbers, cases, "" if len(rows) else "single runs")


@predicate("accuracies.csv")
def similar_gains(evidence: Evidence, epochs: list[int], points: float) -> Verdict:
    """Reproduced minus original is, on average, alike for BN and ND: within so many points, data set by data set."""
    values = evidence.published.accuracies[evidence.published.accuracies["attempt"].isna()]
    wide = values[values["epochs"].isin(epochs)].pivot(index=KEY, columns="study", values="value")
    if not {"re", "original"} <= set(wide.columns):
        return Verdict(Outcome.OPEN, {}, missing="printed values of both studies")
    gains = (wide["re"] - wide["original"]).groupby(level=["dataset", "epochs", "norm"]).mean().unstack("norm")
    difference = gains["nd"] - gains["bn"]
    held, numbers = {}, {}
    for (dataset, length), row in gains.iterrows():
        name = f"{DATASET_LABELS[dataset]}, {length} ep."
        numbers |= {f"BN, {name} (points)": row["bn"], f"ND, {name} (points)": row["nd"]}
        held[name] = abs(difference[dataset, length]) <= points
    cases = [Case(name, {"ND − BN (points)": d}) for name, d in zip(held, difference, strict=True) if abs(d) > points]
    return parts(held, numbers, cases)
