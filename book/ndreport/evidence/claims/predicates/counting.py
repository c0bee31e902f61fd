"""Reproduced values against the original's: counts by the 10 % rule in both readings, and by the printed colours."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import NETWORKS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, place
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.splits import top1_of_split
from ndreport.evidence.claims.verdict import Case, Number, Outcome, Verdict, every, parts
from ndreport.evidence.rules import COLOURS, RULES, THRESHOLD, comparisons, verdict

TABLES = ("accuracies.csv", "imagenet.csv", "colours.csv")
PRINTED = "printed"


def _cells(evidence: Evidence, datasets: Sequence[str], epochs: Sequence[int] = ()) -> pd.DataFrame:
    cells = comparisons(evidence.published)
    cells = cells[cells["dataset"].isin(datasets)]
    return cells[cells["epochs"].isin(epochs)] if epochs else cells


def _case(row: tuple) -> Case:
    return Case(place(row), {"original (%)": row.original, "reproduced (%)": row.reproduced})


@predicate(*TABLES)
def count_is(evidence: Evidence, datasets: list[str], verdicts: list[str], rule: str, expected: int) -> Verdict:
    """So many reproduced values are "higher", "within" or "lower" by a rule ("relative", "absolute").

    Where only the other reading of the rule or the printed colours give the number, it holds in part. Counter-examples
    are the values that the printed colours and the rule sort differently.
    """
    cells = _cells(evidence, datasets)
    counts = {name: int(cells[name].isin(verdicts).sum()) for name in (*RULES, PRINTED)}
    numbers = {"values": len(cells), "stated": expected}
    numbers |= {f"{name} rule": counts[name] for name in RULES} | {"printed colours": counts[PRINTED]}
    if cells.empty:
        return Verdict(Outcome.OPEN, numbers, missing="printed accuracies")
    if counts[rule] == expected:
        return Verdict(Outcome.HOLDS, numbers)
    other = cells[cells[rule].isin(verdicts) != cells[PRINTED].isin(verdicts)]
    outcome = Outcome.IN_PART if expected in counts.values() else Outcome.FAILS
    return Verdict(outcome, numbers, [_coloured(row, rule) for row in other.itertuples()])


def _coloured(row: tuple, rule: str) -> Case:
    colour = {meaning: name for name, meaning in COLOURS.items()}.get(row.printed, "not known")
    case = _case(row)
    return Case(case.place, dict(case.values) | {f"by the {rule} rule": getattr(row, rule), "printed": colour})


@predicate(*TABLES)
def colours_follow(evidence: Evidence, rules: list[str]) -> Verdict:
    """Every printed colour is what the rule of the captions gives, in each reading; counter-examples of the last."""
    cells = _cells(evidence, list(DATASET_LABELS))
    differ = {rule: cells[cells[rule] != cells[PRINTED]] for rule in rules}
    numbers = {"values": len(cells)} | {f"other colour by the {rule} rule": len(rows) for rule, rows in differ.items()}
    cases = [_coloured(row, rules[-1]) for row in differ[rules[-1]].itertuples()]
    return parts({rule: rows.empty for rule, rows in differ.items()} if len(cells) else {}, numbers, cases)


@predicate("accuracies.csv", "imagenet.csv")
def none_lower(evidence: Evidence, datasets: list[str], rule: str, epochs: Sequence[int] = ()) -> Verdict:
    """No reproduced value is below the original's by more than the threshold."""
    cells = _cells(evidence, datasets, epochs)
    cases = [_case(row) for row in cells[cells[rule] == "lower"].itertuples()]
    numbers = {"values": len(cells), "lower by more than the threshold": len(cases)}
    return every(numbers, cases, "" if len(cells) else "printed accuracies")


@predicate("accuracies.csv", "imagenet.csv")
def all_near(evidence: Evidence, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """Every reproduced value differs from the original's by at most 10 % of it, in either direction."""
    cells = _cells(evidence, datasets, epochs)
    far = cells[(cells["difference"].abs() - THRESHOLD / 100 * cells["original"]).round(6) > 0]
    numbers = {"values": len(cells), "within 10 % either way": len(cells) - len(far)}
    numbers |= {"more than 10 % lower": int((far["difference"] < 0).sum())}
    numbers |= {"more than 10 % higher": int((far["difference"] > 0).sum())}
    return every(numbers, [_case(row) for row in far.itertuples()], "" if len(cells) else "printed accuracies")


@predicate("accuracies.csv", "imagenet.csv")
def most_at(evidence: Evidence, datasets: list[str], verdicts: list[str], rule: str, epochs: list[int]) -> Verdict:
    """More than half of the values that a rule sorts into `verdicts` stand at these numbers of epochs."""
    cells = _cells(evidence, datasets)
    chosen = cells[cells[rule].isin(verdicts)]
    elsewhere = chosen[~chosen["epochs"].isin(epochs)]
    numbers = {"values": len(chosen), "at these numbers of epochs": len(chosen) - len(elsewhere)}
    if chosen.empty:
        return Verdict(Outcome.OPEN, numbers, missing="values of that kind")
    cases = [_case(row) for row in elsewhere.itertuples()]
    return Verdict(Outcome.HOLDS if len(elsewhere) < len(chosen) / 2 else Outcome.FAILS, numbers, cases)


@predicate("accuracies.csv", "imagenet.csv")
def few_lower(evidence: Evidence, datasets: list[str], at_most: float) -> Verdict:
    """At most a share of the reproduced values is lower than the original's: by any amount, or by more than ten percent
    of the original's value. Each of these readings is a part."""
    cells = _cells(evidence, datasets)
    if cells.empty:
        return Verdict(Outcome.OPEN, {"values": 0}, missing="printed accuracies")
    readings = {"lower": cells["difference"] < 0, "lower by more than ten percent": cells["relative"] == "lower"}
    numbers: dict[str, Number] = {"values": len(cells)}
    for name, lower in readings.items():
        numbers |= {name: int(lower.sum()), f"share {name} (%)": 100 * float(lower.mean())}
    held = {name: lower.mean() <= at_most for name, lower in readings.items()}
    against = [lower for name, lower in readings.items() if not held[name]]
    cases = [_case(row) for row in cells[against[0]].itertuples()] if against else []
    return parts(held, numbers, cases)


@predicate("accuracies.csv", "imagenet.csv")
def higher_than_original(evidence: Evidence, datasets: list[str], epochs: list[int]) -> Verdict:
    """Every reproduced value is above the original's, for each data set and number of epochs as a part."""
    cells = _cells(evidence, datasets, epochs)
    not_higher = cells[cells["difference"] <= 0]
    held, numbers = {}, {}
    for (dataset, length), rows in cells.groupby(["dataset", "epochs"]):
        higher = int((rows["difference"] > 0).sum())
        numbers[f"higher, {DATASET_LABELS[dataset]}, {length} ep. (of {len(rows)})"] = higher
        held[dataset, length] = higher == len(rows)
    return parts(held, numbers, [_case(row) for row in not_higher.itertuples()])


@predicate("accuracies.csv", "times.csv", "recovered.csv")
def test_means_within(evidence: Evidence, epochs: int, rule: str) -> Verdict:
    """No mean test accuracy of the reproduction is below the original's by more than the threshold."""
    means = top1_of_split(evidence, "test")
    means = means[means["epochs"] == epochs]
    lower = [verdict(r.original, r.reproduced, rule) == "lower" for r in means.itertuples()]
    cases = [Case(place(r), {"original (%)": r.original, "test (%)": r.reproduced}) for r in means[lower].itertuples()]
    numbers = {"settings with test accuracies": len(means), "lower by more than the threshold": len(cases)}
    gap = f"test accuracies of the reproduction's runs of {epochs} epochs"
    return every(numbers, cases, gap if len(means) < 2 * 2 * len(NETWORKS) else "")
