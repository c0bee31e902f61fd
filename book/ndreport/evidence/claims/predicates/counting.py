"""Reproduced values against the original's: counts by the 10 % rule in both readings, and by the printed colours."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndreport.evidence.claims.bases import OWN
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases, gap
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Number, Outcome, Verdict, every, parts
from ndreport.evidence.rules import COLOURS, RULES, THRESHOLD

TABLES = ("accuracies.csv", "imagenet.csv")
PRINTED = "printed"
WAYS = {name: f"{name} rule" for name in RULES} | {PRINTED: "printed colours"}
"""Columns of the comparisons that sort values, in words."""
BOTH = {"original": "original (%)", "reproduced": "reproduced (%)"}


def _cells(evidence: Evidence, datasets: Sequence[str], epochs: Sequence[int] = ()) -> pd.DataFrame:
    cells = evidence.comparisons
    cells = cells[cells["dataset"].isin(datasets)]
    return cells[cells["epochs"].isin(epochs)] if epochs else cells


def _coloured(rows: pd.DataFrame, rule: str) -> list[Case]:
    names = {meaning: name for name, meaning in COLOURS.items()}
    colours = rows.assign(colour=rows[PRINTED].map(names).fillna("not known"))
    return cases(colours, **BOTH, **{rule: f"by the {rule} rule"}, colour="printed")


@predicate(*TABLES, "colours.csv", about="accuracies")
def count_is(evidence: Evidence, datasets: list[str], verdicts: list[str], rule: str, expected: int) -> Verdict:
    """So many reproduced values are "higher", "within" or "lower" by a rule ("relative", "absolute").

    Where only the other reading of the rule or the colours of its own table give the number, it holds in part.
    Counter-examples are the values that the printed colours and the rule sort differently.
    """
    cells = _cells(evidence, datasets)
    ways = (*RULES, PRINTED) if evidence.basis == OWN else RULES
    counts = {name: int(cells[name].isin(verdicts).sum()) for name in ways}
    numbers = {"values": len(cells), "stated": expected} | {WAYS[name]: number for name, number in counts.items()}
    missing = gap(cells, evidence.basis, datasets)
    if missing or counts[rule] == expected:
        return every(numbers, [], missing)
    other = cells[cells[rule].isin(verdicts) != cells[PRINTED].isin(verdicts)]
    outcome = Outcome.IN_PART if expected in counts.values() else Outcome.FAILS
    return Verdict(outcome, numbers, _coloured(other, rule))


@predicate(*TABLES, "colours.csv", about="printed")
def colours_follow(evidence: Evidence, rules: list[str]) -> Verdict:
    """Every printed colour is what the rule of the captions gives, in each reading; counter-examples of the last."""
    cells = _cells(evidence, list(DATASET_LABELS))
    differ = {rule: cells[cells[rule] != cells[PRINTED]] for rule in rules}
    numbers = {"values": len(cells)} | {f"other colour by the {rule} rule": len(rows) for rule, rows in differ.items()}
    held = {rule: rows.empty for rule, rows in differ.items()} if len(cells) else {}
    return parts(held, numbers, _coloured(differ[rules[-1]], rules[-1]))


@predicate(*TABLES, about="accuracies")
def none_lower(evidence: Evidence, datasets: list[str], rule: str, epochs: Sequence[int] = ()) -> Verdict:
    """No reproduced value is below the original's by more than the threshold."""
    cells = _cells(evidence, datasets, epochs)
    lower = cells[cells[rule] == "lower"]
    numbers = {"values": len(cells), "lower by more than the threshold": len(lower)}
    return every(numbers, cases(lower, **BOTH), gap(cells, evidence.basis, datasets, epochs))


@predicate(*TABLES, about="accuracies")
def all_near(evidence: Evidence, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """Every reproduced value differs from the original's by at most 10 % of it, in either direction."""
    cells = _cells(evidence, datasets, epochs)
    far = cells[(cells["difference"].abs() - THRESHOLD / 100 * cells["original"]).round(6) > 0]
    numbers = {"values": len(cells), "within 10 % either way": len(cells) - len(far)}
    numbers |= {"more than 10 % lower": int((far["difference"] < 0).sum())}
    numbers |= {"more than 10 % higher": int((far["difference"] > 0).sum())}
    return every(numbers, cases(far, **BOTH), gap(cells, evidence.basis, datasets, epochs))


@predicate(*TABLES, about="accuracies")
def most_at(evidence: Evidence, datasets: list[str], verdicts: list[str], rule: str, epochs: list[int]) -> Verdict:
    """More than half of the values that a rule sorts into `verdicts` stand at these numbers of epochs."""
    cells = _cells(evidence, datasets)
    chosen = cells[cells[rule].isin(verdicts)]
    elsewhere = chosen[~chosen["epochs"].isin(epochs)]
    held = {"most": len(elsewhere) < len(chosen) / 2} if len(chosen) else {}
    numbers = {"values": len(chosen), "at these numbers of epochs": len(chosen) - len(elsewhere)}
    missing = gap(cells, evidence.basis, datasets) or ("" if held else "values of that kind")
    return parts(held, numbers, [] if missing else cases(elsewhere, **BOTH), missing)


@predicate(*TABLES, about="accuracies")
def few_lower(evidence: Evidence, datasets: list[str], at_most: float) -> Verdict:
    """At most a share of the reproduced values is lower than the original's: by any amount, or by more than ten percent
    of the original's value. Each of these readings is a part."""
    cells = _cells(evidence, datasets)
    missing = gap(cells, evidence.basis, datasets)
    if cells.empty:
        return every({"values": 0}, [], missing)
    readings = {"lower": cells["difference"] < 0, "lower by more than ten percent": cells["relative"] == "lower"}
    numbers: dict[str, Number] = {"values": len(cells)}
    for name, lower in readings.items():
        numbers |= {name: int(lower.sum()), f"share {name} (%)": 100 * float(lower.mean())}
    held = {name: lower.mean() <= at_most for name, lower in readings.items()}
    against = [lower for name, lower in readings.items() if not held[name] and not missing]
    return parts(held, numbers, cases(cells[against[0]], **BOTH) if against else [], missing)


@predicate(*TABLES, about="accuracies")
def higher_than_original(evidence: Evidence, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """Every reproduced value is above the original's, for each data set and number of epochs as a part.

    Where values are missing, a part that is known not to hold decides.
    """
    cells = _cells(evidence, datasets, epochs)
    held, numbers = {}, {}
    for (dataset, length), rows in cells.groupby(["dataset", "epochs"]):
        higher = int((rows["difference"] > 0).sum())
        numbers[f"higher, {DATASET_LABELS[dataset]}, {length} ep. (of {len(rows)})"] = higher
        held[dataset, length] = higher == len(rows)
    missing = gap(cells, evidence.basis, datasets, epochs) if all(held.values()) else ""
    return parts(held, numbers, cases(cells[cells["difference"] <= 0], **BOTH), missing)
