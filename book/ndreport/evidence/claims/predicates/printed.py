"""Numbers in a text against each other and against the tables."""

from __future__ import annotations

from math import fsum

from ndcore.study import NORM_LABELS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, LABELS
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict, parts
from ndreport.evidence.rules import comparisons


@predicate()
def adds_up(_: Evidence, summands: dict[str, float], total: float) -> Verdict:
    """The parts that a text states add up to the total that it states."""
    added = fsum(summands.values())
    outcome = Outcome.HOLDS if added == total else Outcome.FAILS
    cases = [] if added == total else [Case("the same text", dict(summands) | {"stated total": total})]
    return Verdict(outcome, dict(summands) | {"added up": added, "stated total": total}, cases)


@predicate("accuracies.csv", "imagenet.csv")
def rises_from_to(
    evidence: Evidence, dataset: str, arch: str, epochs: int, start: float, end: float, about: float
) -> Verdict:
    """From original to reproduced an accuracy rises from about `start` to about `end` percent, with BN and with ND."""
    cells = comparisons(evidence.published)
    cells = cells[(cells["dataset"] == dataset) & (cells["arch"] == arch) & (cells["epochs"] == epochs)]
    held, numbers, cases = {}, {}, []
    for row in cells.itertuples():
        name = NORM_LABELS[row.norm]
        numbers |= {f"original, {name} (%)": row.original, f"reproduced, {name} (%)": row.reproduced}
        held[name] = abs(row.original - start) <= about and abs(row.reproduced - end) <= about
        if not held[name]:
            where = f"{DATASET_LABELS[dataset]}, {LABELS[arch]}, {name}"
            cases.append(Case(where, {"original (%)": row.original, "reproduced (%)": row.reproduced}))
    return parts(held, numbers, cases)


@predicate("accuracies.csv", "imagenet.csv")
def grid_is(evidence: Evidence, datasets: list[str], networks: int, epochs: list[int]) -> Verdict:
    """The tables cover these data sets; those of CIFAR so many networks and these numbers of epochs."""
    cells = comparisons(evidence.published)
    cifar = cells[cells["dataset"] != "imagenet"]
    held = {
        "data sets": set(cells["dataset"]) == set(datasets),
        "networks": cifar["arch"].nunique() == networks,
        "epochs": set(cifar["epochs"]) == set(epochs),
    }
    numbers = {"data sets": cells["dataset"].nunique(), "networks on CIFAR": cifar["arch"].nunique()}
    return parts(held if len(cells) else {}, numbers | {"numbers of epochs on CIFAR": cifar["epochs"].nunique()})
