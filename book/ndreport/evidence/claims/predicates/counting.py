"""Reproduced values against the original's: counts by the 10 % rule in both readings, and by the printed colours."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import NETWORKS, NORMS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, cases
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Number, Outcome, Verdict, every, parts
from ndreport.evidence.rules import COLOURS, RULES, THRESHOLD, verdict

TABLES = ("accuracies.csv", "imagenet.csv")
PRINTED = "printed"
BOTH = {"original": "original (%)", "reproduced": "reproduced (%)"}


def _cells(evidence: Evidence, datasets: Sequence[str], epochs: Sequence[int] = ()) -> pd.DataFrame:
    cells = evidence.comparisons
    cells = cells[cells["dataset"].isin(datasets)]
    return cells[cells["epochs"].isin(epochs)] if epochs else cells


def _gap(cells: pd.DataFrame) -> str:
    return "printed accuracies" if cells.empty else ""


def _coloured(rows: pd.DataFrame, rule: str) -> list[Case]:
    names = {meaning: name for name, meaning in COLOURS.items()}
    colours = rows.assign(colour=rows[PRINTED].map(names).fillna("not known"))
    return cases(colours, **BOTH, **{rule: f"by the {rule} rule"}, colour="printed")


@predicate(*TABLES, "colours.csv")
def count_is(evidence: Evidence, datasets: list[str], verdicts: list[str], rule: str, expected: int) -> Verdict:
    """So many reproduced values are "higher", "within" or "lower" by a rule ("relative", "absolute").

    Where only the other reading of the rule or the printed colours give the number, it holds in part. Counter-examples
    are the values that the printed colours and the rule sort differently.
    """
    cells = _cells(evidence, datasets)
    counts = {name: int(cells[name].isin(verdicts).sum()) for name in (*RULES, PRINTED)}
    numbers = {"values": len(cells), "stated": expected}
    numbers |= {f"{name} rule": counts[name] for name in RULES} | {"printed colours": counts[PRINTED]}
    if cells.empty or counts[rule] == expected:
        return every(numbers, [], _gap(cells))
    other = cells[cells[rule].isin(verdicts) != cells[PRINTED].isin(verdicts)]
    outcome = Outcome.IN_PART if expected in counts.values() else Outcome.FAILS
    return Verdict(outcome, numbers, _coloured(other, rule))


@predicate(*TABLES, "colours.csv")
def colours_follow(evidence: Evidence, rules: list[str]) -> Verdict:
    """Every printed colour is what the rule of the captions gives, in each reading; counter-examples of the last."""
    cells = _cells(evidence, list(DATASET_LABELS))
    differ = {rule: cells[cells[rule] != cells[PRINTED]] for rule in rules}
    numbers = {"values": len(cells)} | {f"other colour by the {rule} rule": len(rows) for rule, rows in differ.items()}
    held = {rule: rows.empty for rule, rows in differ.items()} if len(cells) else {}
    return parts(held, numbers, _coloured(differ[rules[-1]], rules[-1]))


@predicate(*TABLES)
def none_lower(evidence: Evidence, datasets: list[str], rule: str, epochs: Sequence[int] = ()) -> Verdict:
    """No reproduced value is below the original's by more than the threshold."""
    cells = _cells(evidence, datasets, epochs)
    lower = cells[cells[rule] == "lower"]
    numbers = {"values": len(cells), "lower by more than the threshold": len(lower)}
    return every(numbers, cases(lower, **BOTH), _gap(cells))


@predicate(*TABLES)
def all_near(evidence: Evidence, datasets: list[str], epochs: Sequence[int] = ()) -> Verdict:
    """Every reproduced value differs from the original's by at most 10 % of it, in either direction."""
    cells = _cells(evidence, datasets, epochs)
    far = cells[(cells["difference"].abs() - THRESHOLD / 100 * cells["original"]).round(6) > 0]
    numbers = {"values": len(cells), "within 10 % either way": len(cells) - len(far)}
    numbers |= {"more than 10 % lower": int((far["difference"] < 0).sum())}
    numbers |= {"more than 10 % higher": int((far["difference"] > 0).sum())}
    return every(numbers, cases(far, **BOTH), _gap(cells))


@predicate(*TABLES)
def most_at(evidence: Evidence, datasets: list[str], verdicts: list[str], rule: str, epochs: list[int]) -> Verdict:
    """More than half of the values that a rule sorts into `verdicts` stand at these numbers of epochs."""
    cells = _cells(evidence, datasets)
    chosen = cells[cells[rule].isin(verdicts)]
    elsewhere = chosen[~chosen["epochs"].isin(epochs)]
    held = {"most": len(elsewhere) < len(chosen) / 2} if len(chosen) else {}
    numbers = {"values": len(chosen), "at these numbers of epochs": len(chosen) - len(elsewhere)}
    return parts(held, numbers, cases(elsewhere, **BOTH), "" if held else "values of that kind")


@predicate(*TABLES)
def few_lower(evidence: Evidence, datasets: list[str], at_most: float) -> Verdict:
    """At most a share of the reproduced values is lower than the original's: by any amount, or by more than ten percent
    of the original's value. Each of these readings is a part."""
    cells = _cells(evidence, datasets)
    if cells.empty:
        return every({"values": 0}, [], _gap(cells))
    readings = {"lower": cells["difference"] < 0, "lower by more than ten percent": cells["relative"] == "lower"}
    numbers: dict[str, Number] = {"values": len(cells)}
    for name, lower in readings.items():
        numbers |= {name: int(lower.sum()), f"share {name} (%)": 100 * float(lower.mean())}
    held = {name: lower.mean() <= at_most for name, lower in readings.items()}
    against = [lower for name, lower in readings.items() if not held[name]]
    return parts(held, numbers, cases(cells[against[0]], **BOTH) if against else [])


@predicate(*TABLES)
def higher_than_original(evidence: Evidence, datasets: list[str], epochs: list[int]) -> Verdict:
    """Every reproduced value is above the original's, for each data set and number of epochs as a part."""
    cells = _cells(evidence, datasets, epochs)
    held, numbers = {}, {}
    for (dataset, length), rows in cells.groupby(["dataset", "epochs"]):
        higher = int((rows["difference"] > 0).sum())
        numbers[f"higher, {DATASET_LABELS[dataset]}, {length} ep. (of {len(rows)})"] = higher
        held[dataset, length] = higher == len(rows)
    return parts(held, numbers, cases(cells[cells["difference"] <= 0], **BOTH))


def _on_test(evidence: Evidence, epochs: int) -> tuple[pd.DataFrame, str]:
    """The settings with test accuracies at a number of epochs, and what is missing: a part of the settings, or ""."""
    means = evidence.top1("test")
    means = means[means["epochs"] == epochs]
    complete = len(means) == 2 * len(NETWORKS) * len(NORMS)
    return means, "" if complete else f"test accuracies of the reproduction's runs of {epochs} epochs"


@predicate("accuracies.csv", "times.csv", "recovered.csv")
def test_means_within(evidence: Evidence, epochs: int, rule: str) -> Verdict:
    """No mean test accuracy of the reproduction is below the original's by more than the threshold."""
    means, gap = _on_test(evidence, epochs)
    lower = means[[verdict(r.original, r.reproduced, rule) == "lower" for r in means.itertuples()]]
    numbers = {"settings with test accuracies": len(means), "lower by more than the threshold": len(lower)}
    return every(numbers, cases(lower, original="original (%)", reproduced="test (%)"), gap)


@predicate("accuracies.csv", "times.csv", "recovered.csv")
def higher_than_original_on_test(evidence: Evidence, epochs: int) -> Verdict:
    """Every setting of the reproduction has a higher test accuracy than the original prints; mean over its runs."""
    means, gap = _on_test(evidence, epochs)
    other = means[means["reproduced"] <= means["original"]]
    numbers = {"settings with test accuracies": len(means), "higher than the original": len(means) - len(other)}
    if len(means):
        numbers |= {"mean difference (points)": (means["reproduced"] - means["original"]).mean()}
    return every(numbers, cases(other, original="original (%)", reproduced="test (%)"), gap)
