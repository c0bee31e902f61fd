"""Sentences about the cost of the grid, and about seeds and repeats in our own records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ndcore.experiment.records import RunRecord
from ndcore.grid.estimates import Estimate
from ndcore.study import ATTEMPTS
from ndcore.training.progress import duration
from ndreport.evidence.runs import Setting, follows_recipe
from ndreport.pages.grid.costs import GridCost
from ndreport.rendering.prose import Prose, count, listing, prose


def about_cost(cost: GridCost) -> Prose:
    """How many cells the grid has, and how long all of them take, there and here."""
    attempts = cost.study[[f"attempt_{k}" for k in ATTEMPTS]].stack()
    text = f"The CIFAR grid of the study has **{count(len(cost.cells), 'cell')}**."
    if len(attempts) and not attempts.isna().any():
        text += (
            f" The training times that the study published add up to **{duration(float(attempts.sum()))}** of its GPUs."
        )
    return prose(f"{text} {_ours(cost)}")


def _ours(cost: GridCost) -> str:
    if cost.machine is None or not cost.known:
        return "Nothing was measured here yet, so nothing is said about the time that it takes here."
    total = duration(sum(cost.known))
    sources = Counter(_source(e) for e in cost.estimates if e.seconds is not None)
    basis = listing(f"{count(n, 'cell')} from {source}" for source, n in sorted(sources.items()))
    unknown = len(cost.cells) - len(cost.known)
    rest = f" For {count(unknown, 'cell')} nothing was measured, and nothing is guessed." if unknown else ""
    where = f"{cost.machine.device_name} ({cost.machine.cpu}, {count(cost.machine.cores, 'core')})"
    return (
        f"On the machine of our own measurements, {where}, one after the other, they would take about **{total}**: "
        f"{basis}.{rest} This is no machine for the whole grid; it is one for its cheapest part, and for rehearsing."
        if cost.machine.device == "cpu"
        else f"On {where}, one after the other, they take about **{total}**: {basis}.{rest}"
    )


def _source(estimate: Estimate) -> str:
    return "records of our own" if estimate.source.endswith("measured here") else f"the {estimate.source}"


def about_replicates(records: Sequence[RunRecord]) -> Prose:
    """How often our settings were repeated with the same seed and replicated with new ones."""
    seeds, runs = defaultdict(set), Counter()
    for record in records:
        if record.status == "complete" and follows_recipe(record.config):
            setting = Setting.of(record.config)
            seeds[setting].add(record.config.seed)
            runs[setting] += 1
    replicated = sum(len(found) > 1 for found in seeds.values())
    repeated = sum(runs[setting] > len(found) for setting, found in seeds.items())
    return prose(
        f"Of {count(len(runs), 'setting')} that we have run by the recipe, {replicated or 'none'} "
        f"{'has' if replicated == 1 else 'have'} more than one seed and {repeated or 'none'} "
        f"{'has' if repeated == 1 else 'have'} repeats of one."
    )
