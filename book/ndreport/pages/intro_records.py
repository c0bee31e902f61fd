"""Sentences about our own runs: how much of the study they cover, and what their pairs say."""

from __future__ import annotations

from collections.abc import Sequence

from ndcore.study import DATASETS
from ndreport.evidence.runs import Difference, coverage
from ndreport.material import Material
from ndreport.rendering.prose import Prose, count, prose, span


def about_coverage(material: Material) -> Prose:
    """How many settings and single runs of the study have a record of our own."""
    covered, complete, failed = coverage(material.records), len(material.complete), len(material.failed)
    return prose(
        f"The CIFAR tables of the study have **{covered.settings}** settings of network, normalisation, number of "
        f"epochs and data set, each run three times: **{covered.cells}** accuracies. Our own records cover "
        f"**{covered.settings_run}** of these settings and **{covered.cells_run}** of the single runs; wherever nobody "
        f'ran anything the tables say "not run". In all, `runs/` holds {count(complete, "complete record")} and '
        f"{count(failed, 'record')} of failed runs."
    )


def about_differences(pairs: Sequence[Difference]) -> Prose:
    """What our own pairs of BN and ND say."""
    if not pairs:
        return prose("There is no pair of our own runs yet that differs in its normalisation only.")
    seeds = len({pair.nd.config.seed for pair in pairs})
    limits = "one seed, which says nothing about the spread between seeds" if seeds == 1 else f"{seeds} seeds"
    lines = [
        f"{count(len(pairs), 'pair').capitalize()} of our own runs, equal in everything but the normalisation, come "
        f"from {limits}. ND − BN in percentage points of top-1 accuracy:",
        "",
    ]
    for dataset in sorted({pair.nd.config.dataset for pair in pairs}):
        here = [pair for pair in pairs if pair.nd.config.dataset == dataset]
        ahead = sum(pair.test > 0 for pair in here)
        lines.append(
            f"- {DATASETS.get(dataset, dataset)}: ND has the higher test accuracy in **{ahead}** of "
            f"{count(len(here), 'pair')}; {span(pair.test for pair in here)} on the test set, "
            f"{span(pair.running_train for pair in here)} on the running training accuracy"
        )
    return prose("\n".join(lines))
