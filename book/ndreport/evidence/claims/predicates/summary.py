"""What a machine-made summary says the study ran."""

from __future__ import annotations

from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, label
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict
from ndreport.evidence.rules import comparisons


def studied(evidence: Evidence) -> dict[str, set[str]]:
    """Networks of Tables 4 to 7 as they are printed, each with its data sets."""
    found: dict[str, set[str]] = {}
    for dataset, arch in set(comparisons(evidence.published)[["dataset", "arch"]].itertuples(index=False, name=None)):
        found.setdefault(label(dataset, arch), set()).add(DATASET_LABELS[dataset])
    return found


@predicate("accuracies.csv", "imagenet.csv")
def networks_are(evidence: Evidence, names: list[str], only: bool) -> Verdict:
    """These networks were studied; with `only`, no others."""
    found = studied(evidence)
    strange = [Case(name, {"in the tables": "no"}) for name in names if name not in found]
    left_out = [
        Case(name, {"in the tables": ", ".join(sorted(where))})
        for name, where in sorted(found.items())
        if name not in names
    ]
    numbers = {"named": len(names), "of these in the tables": len(names) - len(strange), "in the tables": len(found)}
    if not found:
        return Verdict(Outcome.OPEN, numbers, missing="printed accuracies")
    cases = strange + left_out * only
    return Verdict(Outcome.FAILS if cases else Outcome.HOLDS, numbers, cases)
