"""Thresholds of this report that were chosen with the data known, and what other values of them would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from ndreport.evidence import corrections, times
from ndreport.evidence.claims import Decision
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.registry import known
from ndreport.evidence.equivalence import equivalence
from ndreport.evidence.published import SETTING
from ndreport.material import Material
from ndreport.pages.claims import counts
from ndreport.pages.claims.words import row_id
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import count, listing
from ndreport.rendering.values import Value, word

OF_CLAIMS = {
    "original-imagenet-gain-with-equal-recipe": (
        "fraction",
        "share of the original's gain that has to remain",
        (0.25, 0.75),
    ),
    "re-runs-differ-slightly": (
        "points",
        "points between runs that differ slightly",
        (1, 10, 20, 30),
    ),
    "re-gains-alike": ("points", "points between mean gains that are alike", (0.5, 1, 3, 7)),
    "re-75-to-99": ("about", "points that “about” allows", (0.5, 1, 2, 5)),
    "re-few-lower": ("at_most", "share of all values that is “few”", (0.1, 0.2, 0.3, 0.4, 0.5)),
    "summary-no-overhead-at-inference": ("percent", "percent more time that counts as none", (1, 10, 25, 50)),
}
"""Claims with a threshold of ours: the parameter, in words, and other values."""


@dataclass(frozen=True)
class Threshold:
    """A threshold, and what it and other values of it give."""

    name: str
    where: str
    """Where it is used, in words."""
    link: str
    chosen: float
    results: dict[float, str]
    """What each value gives, the chosen one included."""

    @property
    def others(self) -> dict[float, str]:
        return {value: result for value, result in self.results.items() if value != self.chosen}

    @property
    def stays(self) -> bool:
        """Whether every other value gives the same."""
        return set(self.others.values()) == {self.results[self.chosen]}


def thresholds(decisions: Sequence[Decision], evidence: Evidence, material: Material) -> list[Threshold]:
    """Every threshold with its results; those whose evidence is damaged are left out.

    Args:
        decisions: the verdicts of the ledger.
        evidence: what its predicates look at.
        material: everything in `runs/`.
    """
    found = [_of_claim(d, evidence) for d in decisions if d.claim.id in OF_CLAIMS and d.verdict]
    if material.published.times.empty or material.published.recovered.empty:
        return found
    return [*found, *_margin(material), _unfinished(material), _far(material)]


def _of_claim(decision: Decision, evidence: Evidence) -> Threshold:
    claim = decision.claim
    parameter, name, others = OF_CLAIMS[claim.id]
    basis, parameters = next(iter(claim.asked.items()))

    def outcome(value: float) -> str:
        return str(known()[claim.predicate](evidence, parameters | {parameter: value}, basis).outcome)

    return _tried(name, f"claim {claim.id}", f"#{row_id(decision)}", parameters[parameter], others, outcome)


def _margin(material: Material) -> list[Threshold]:
    """The margin of equivalence: how many of its tests, all networks in, find original and reproduction equal."""
    margin = material.margin
    if margin is None:
        return []

    def equal(fraction: float) -> str:
        rule = margin.margin.model_copy(update={"fraction": fraction})
        rows = equivalence(material.published, margin.model_copy(update={"margin": rule})).query("without == ''")
        return f"{int(rows['equivalent'].sum())} of {len(rows)} equal"

    name = "margin of equivalence, as a share of the original's mean gain"
    where, link = "page Does the claim hold?", "claim.html#claim-equivalence"
    return [_tried(name, where, link, margin.margin.fraction, (0.25, 0.75, 1.0), equal)]


def _unfinished(material: Material) -> Threshold:
    """The share of its setting's median time below which a logged run counts as one that did not finish."""
    runs = corrections.logged_runs(material.published.recovered)
    share = runs["train_seconds"] / runs.groupby(SETTING)["train_seconds"].transform("median")
    name = "time of a logged run that did not finish, as a share of the median"
    return _tried(
        name, "corrected values", "measured.html", corrections.INCOMPLETE, (0.5, 0.6, 0.9),
        lambda value: count(int((share <= value).sum()), "run"),
    )  # fmt: skip


def _far(material: Material) -> Threshold:
    """How many times the median of three an attempt's time has to be, or its inverse, to be called far from it."""
    frame = times.settings(material.published.times)
    attempts = frame[[column for column in frame if column.startswith("attempt_")]]
    factor = attempts.div(frame["median"], axis=0).stack()
    name = "time of an attempt that is far from the others, over the median"
    return _tried(
        name, "page Training times", "times.html", times.FAR, (1.25, 2.0, 3.0),
        lambda value: count(int(((factor > value) | (factor < 1 / value)).sum()), "attempt"),
    )  # fmt: skip


def _tried(
    name: str, where: str, link: str, chosen: float, others: Sequence[float], result: Callable[[float], str]
) -> Threshold:
    return Threshold(name, where, link, chosen, {value: result(value) for value in sorted({chosen, *others})})


def page_numbers(decisions: Sequence[Decision], found: Sequence[Threshold], material: Material) -> dict[str, object]:
    """What the sentences of the page name: verdicts, and how many thresholds leave the result as it is."""
    unmoved = sum(threshold.stays for threshold in found)
    return counts.numbers(decisions, material) | {"thresholds": len(found), "unmoved": unmoved}


def _others(threshold: Threshold) -> Value:
    grouped: dict[str, list[str]] = {}
    for value, result in threshold.others.items():
        grouped.setdefault(result, []).append(f"{value:g}")
    text = "; ".join(f"{listing(values)}: {result}" for result, values in grouped.items())
    return word(text, "computed in the same way with these values")


COLUMNS = (
    Column("chosen", lambda threshold: f"{threshold.chosen:g}"),
    Column("used for", lambda threshold: word(threshold.where, "chosen when we knew the data", threshold.link)),
    Column("gives", lambda threshold: threshold.results[threshold.chosen]),
    Column("other values give", _others),
    Column("result", lambda threshold: "stays" if threshold.stays else "depends on it"),
)


def thresholds_view(found: Sequence[Threshold]) -> pd.DataFrame:
    """One row per threshold."""
    return view(found, COLUMNS, lambda threshold: threshold.name)


def thresholds_table(found: Sequence[Threshold]) -> Html:
    """Every threshold that was chosen with the data known, and what other values give."""
    caption = "Thresholds of this report, chosen when we knew the data, and what other values would give."
    return table(thresholds_view(found), caption, "thresholds", "Threshold", words=True)
