"""Hours of every cell of the study's CIFAR grid: as the study published them, and estimated for a machine of ours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import pandas as pd

from ndcore.experiment.folders import runs_folder
from ndcore.experiment.records import RunRecord
from ndcore.grid.cells import Cell, Selection
from ndcore.grid.estimates import Estimate, Estimator, Machine
from ndcore.study import ATTEMPTS, NETWORKS, NORMS
from ndcore.training.progress import duration
from ndreport.evidence.expected import measured_machine
from ndreport.evidence.runs import Setting, follows_recipe
from ndreport.evidence.times import settings
from ndreport.material import Material
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import Prose, count, listing, prose
from ndreport.rendering.values import MISSING_FILE, Value, missing

HOUR = 3600.0


@dataclass(frozen=True)
class GridCost:
    """The grid, and what is known about the time of each of its cells."""

    machine: Machine | None
    """Where we measured; None if nothing was."""
    cells: list[Cell]
    estimates: list[Estimate]
    """Of each cell on that machine."""
    study: pd.DataFrame
    """From `ndreport.evidence.times.settings`: seconds of every attempt of the study."""

    @property
    def known(self) -> list[float]:
        """Seconds of the cells that can be estimated."""
        return [e.seconds for e in self.estimates if e.seconds is not None]

    def ours(self, archs: Sequence[str], norm: str) -> list[Estimate]:
        """Estimates of the cells of a network, under any of its names, with one norm."""
        pairs = zip(self.cells, self.estimates, strict=True)
        return [e for c, e in pairs if c.setting.arch in archs and c.setting.norm == norm]

    def of_study(self, arch: str, norm: str) -> pd.Series:
        """Seconds of all attempts of the study at a network with one norm."""
        rows = self.study[(self.study["arch"] == arch) & (self.study["norm"] == norm)]
        return rows[[f"attempt_{k}" for k in ATTEMPTS]].stack()


def grid_cost(material: Material, runs: Path | None = None) -> GridCost:
    """The cost of the whole CIFAR grid, from everything that was measured."""
    runs = runs or runs_folder()
    machine = measured_machine(runs, material.complete)
    cells = Selection().cells()
    known = Estimator.of(runs, material.complete, machine) if machine else Estimator()
    return GridCost(machine, cells, [known.estimate(cell.setting) for cell in cells], settings(material.times))


def numbers(cost: GridCost, material: Material) -> dict[str, object]:
    """What the sentence about the study names."""
    seconds = cost.study[[f"attempt_{k}" for k in ATTEMPTS]].to_numpy(dtype=float).sum()
    return {"cells": len(cost.cells), "study_time": duration(seconds) if seconds > 0 else nan}


def about_cost(cost: GridCost) -> Prose:
    """How long all cells take on the machine where we measured."""
    if cost.machine is None or not cost.known:
        return prose("Nothing was measured here yet, so nothing is said about the time that it takes here.")
    sources = Counter(_source(e) for e in cost.estimates if e.seconds is not None)
    basis = listing(f"{count(n, 'cell')} from {source}" for source, n in sorted(sources.items()))
    unknown = len(cost.cells) - len(cost.known)
    rest = f" For {count(unknown, 'cell')} nothing was measured, and nothing is guessed." if unknown else ""
    if cost.machine.device == "cpu":
        rest += " This machine suits the cheapest part of the grid and rehearsals, not the whole grid."
    where = f"{cost.machine.device_name} ({cost.machine.cpu}, {count(cost.machine.cores, 'core')})"
    return prose(
        f"On the machine of our own measurements, {where}, one after the other, they would take about "
        f"**{duration(sum(cost.known))}**: {basis}.{rest}"
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
    if not runs:
        return prose("We have run no setting by the recipe yet.")
    replicated = sum(len(found) > 1 for found in seeds.values())
    repeated = sum(runs[setting] > len(found) for setting, found in seeds.items())
    return prose(
        f"We have run {count(len(runs), 'setting')} by the recipe: {_settings(replicated)} with more than one seed, "
        f"{_settings(repeated)} with repeats of a seed."
    )


def _settings(number: int) -> str:
    return {0: "none", 1: "one of them"}.get(number, f"{number} of them")


def cost_table(cost: GridCost) -> Html:
    """Hours by network: all data sets, epochs and repeats together."""

    def study(norm: str) -> Column:
        return Column(("reproduction, hours", norm.upper()), lambda network: _study(cost.of_study(network.arch, norm)))

    def here(norm: str) -> Column:
        return Column(("here, hours", norm.upper()), lambda network: _ours(cost.ours(network.ours, norm)))

    columns = [*map(study, NORMS), *map(here, NORMS)]
    caption = (
        "Hours of training for all cells of a network: both CIFAR data sets, all numbers of epochs, all attempts. The "
        "reproduction on its GPUs, as published; here as estimated for the machine named above."
    )
    return table(view(NETWORKS, columns, "{label}"), caption, "grid-cost", "network")


def _study(seconds: pd.Series) -> Value:
    if seconds.isna().any() or seconds.empty:
        note = "a training time of the reproduction is missing in runs/published/times.csv"
        return missing(MISSING_FILE, note, SOURCES_PAGE)
    hours = float(seconds.sum()) / HOUR
    return Value(
        f"{hours:,.1f}", f"sum of {len(seconds)} training times, runs/published/times.csv", SOURCES_PAGE, hours
    )


def _ours(estimates: Sequence[Estimate]) -> Value:
    known = [e.seconds for e in estimates if e.seconds is not None]
    if not known or len(known) < len(estimates):
        return missing("unknown", f"nothing was measured for {len(estimates) - len(known)} of {len(estimates)} cells")
    sources = ", ".join(sorted({e.source for e in estimates}))
    hours = sum(known) / HOUR
    return Value(f"{hours:,.0f}", f"sum over {len(known)} cells; {sources}", "cost.html#benchmark", hours)
