"""The newest files of `ndcore bench` in `runs/bench/`, as costs per network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ndcore import foreign
from ndcore.bench import results
from ndcore.bench.rows import LayerRow, StepRow
from ndcore.errors import UserError
from ndcore.problems import Problem
from ndreport.evidence.costs import ND, PHASES, NetworkCost, Step

FOLDER = "bench"
STEPS, LAYERS = "steps", "layers"


@dataclass(frozen=True)
class Bench:
    """What the benchmark says; without any network if it was not run."""

    costs: list[NetworkCost] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """Names and contents of the CSV files."""
    steps: pd.DataFrame | None = None
    """What was measured, and under what conditions: columns of `ndcore.bench.rows.StepRow`."""


def load_bench(runs: Path) -> tuple[Bench, list[Problem]]:
    """The newest benchmark of a runs folder; without networks, and the reason, if a file is damaged. Never raises.

    The file of layers belongs to the file of steps that has the same conditions in its name. Without it, or if it is
    damaged, the steps are still there.
    """
    path = results.latest(runs / FOLDER, kind=STEPS)
    _, problems = foreign.files(runs / FOLDER, ".csv", FOLDER)
    if path is None:
        return Bench(), problems
    try:
        steps, content = _once(path, StepRow, ["arch", "variant"]), foreign.read_text(path)
    except (UserError, ValueError) as error:
        return Bench(), [*problems, Problem(f"{FOLDER}/{path.name}", str(error))]
    layers, more, damaged = _layers(path.with_name(path.name.replace(STEPS, LAYERS, 1)))
    return Bench(costs(steps, layers), {path.name: content} | more, steps), [*problems, *damaged]


def _once(path: Path, row: type[StepRow] | type[LayerRow], key: list[str]) -> pd.DataFrame:
    """The table of a file, one column per field of `row`; None is NaN where numbers are.

    Raises:
        UserError: the file is damaged, has no rows, or names something twice.
    """
    frame = pd.DataFrame([vars(line) for line in results.read_rows(path, row)], columns=results.columns(row))
    if frame.empty:
        raise UserError(f"{path} holds no measurement")
    twice = frame.index[frame.duplicated(key)]
    if len(twice):
        raise UserError(f"{path} line {twice[0] + 2}: this measurement is there twice")
    return frame


def _layers(path: Path) -> tuple[pd.DataFrame | None, dict[str, str], list[Problem]]:
    if not path.is_file():  # what else may have its name is named already
        return None, {}, []
    try:
        layers = _once(path, LayerRow, ["arch", "layer", "phase"])
        return layers, {path.name: foreign.read_text(path)}, []
    except (UserError, ValueError) as error:
        return None, {}, [Problem(f"{FOLDER}/{path.name}", str(error))]


def costs(steps: pd.DataFrame, layers: pd.DataFrame | None) -> list[NetworkCost]:
    """One cost per network, in the order of the file.

    Args:
        steps: columns of `ndcore.bench.rows.StepRow`.
        layers: columns of `ndcore.bench.rows.LayerRow`, or None.
    """
    return [_cost(arch, rows, layers) for arch, rows in steps.groupby("arch", sort=False)]


def _cost(arch: str, rows: pd.DataFrame, layers: pd.DataFrame | None) -> NetworkCost:
    steps = {
        row.variant: Step(
            row.median_seconds, row.lower_quartile_seconds, row.upper_quartile_seconds, row.samples, row.peak_bytes
        )
        for row in rows.itertuples()
    }
    nd = rows[rows["variant"] == ND]
    flops = {phase: float(nd.iloc[0][f"{phase}_flop"]) for phase in PHASES} if len(nd) else {}
    floor = float(nd.iloc[0]["floor_seconds"]) if len(nd) else float("nan")
    return NetworkCost(arch, steps, flops if any(flops.values()) else {}, floor, _phases(arch, layers))


def _phases(arch: str, layers: pd.DataFrame | None) -> dict[str, float]:
    """Seconds of all layers of a network together, by phase; empty if a phase is missing."""
    if layers is None:
        return {}
    mine = layers[layers["arch"] == arch]
    seconds = (mine["forward_backward_seconds"] * mine["count"]).groupby(mine["phase"]).sum()
    return {phase: float(seconds[phase]) for phase in PHASES} if set(PHASES) <= set(seconds.index) else {}
