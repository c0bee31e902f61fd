"""What a text states, against itself and against the tables: sums, single values, which networks and data sets."""

from __future__ import annotations

from math import fsum

from ndcore.study import NORM_LABELS
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import DATASET_LABELS, gap, label
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts


@predicate(about="text")
def adds_up(_: Evidence, summands: dict[str, float], total: float) -> Verdict:
    """The parts that a text states add up to the total that it states."""
    added = fsum(summands.values())
    against = [] if added == total else [Case("the same text", summands | {"stated total": total})]
    return every(summands | {"added up": added, "stated total": total}, against)


@predicate("accuracies.csv", "imagenet.csv", about="accuracies")
def rises_from_to(
    evidence: Evidence, dataset: str, arch: str, epochs: int, start: float, end: float, about: float
) -> Verdict:
    """From original to reproduced an accuracy rises from about `start` to about `end` percent, with BN and with ND."""
    cells = evidence.comparisons
    cells = cells[(cells["dataset"] == dataset) & (cells["arch"] == arch) & (cells["epochs"] == epochs)]
    held, numbers, against = {}, {}, []
    for row in cells.itertuples():
        name = NORM_LABELS[row.norm]
        numbers |= {f"original, {name} (%)": row.original, f"reproduced, {name} (%)": row.reproduced}
        held[name] = abs(row.original - start) <= about and abs(row.reproduced - end) <= about
        if not held[name]:
            where = f"{DATASET_LABELS[dataset]}, {label(dataset, arch)}, {name}"
            against.append(Case(where, {"original (%)": row.original, "reproduced (%)": row.reproduced}))
    return parts(held, numbers, against, "" if held else gap(cells, evidence.basis, [dataset], [epochs]))


@predicate("accuracies.csv", "imagenet.csv", about="printed")
def grid_is(evidence: Evidence, datasets: list[str], networks: int, epochs: list[int]) -> Verdict:
    """The tables cover these data sets; those of CIFAR so many networks and these numbers of epochs."""
    cells = evidence.comparisons
    cifar = cells[cells["dataset"] != "imagenet"]
    held = {
        "data sets": set(cells["dataset"]) == set(datasets),
        "networks": cifar["arch"].nunique() == networks,
        "epochs": set(cifar["epochs"]) == set(epochs),
    }
    numbers = {"data sets": cells["dataset"].nunique(), "networks on CIFAR": cifar["arch"].nunique()}
    return parts(held if len(cells) else {}, numbers | {"numbers of epochs on CIFAR": cifar["epochs"].nunique()})


@predicate("accuracies.csv", "imagenet.csv", about="printed")
def networks_are(evidence: Evidence, names: list[str], only: bool) -> Verdict:
    """Networks of these names stand in Tables 4 to 7; with `only`, no others."""
    found: dict[str, set[str]] = {}
    for row in evidence.comparisons.itertuples():
        found.setdefault(label(row.dataset, row.arch), set()).add(DATASET_LABELS[row.dataset])
    against = [Case(name, {"in the tables": "no"}) for name in names if name not in found]
    numbers = {"named": len(names), "of these in the tables": len(names) - len(against), "in the tables": len(found)}
    if only:
        others = sorted(found.keys() - set(names))
        against += [Case(name, {"in the tables": ", ".join(sorted(found[name]))}) for name in others]
    return parts({"networks": not against}, numbers, against, "" if found else "printed accuracies")
