"""Tables of the page on cost: ratios per network, and where the time of an ND step goes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import pandas as pd

from ndcore.study import DATASETS, EPOCHS, NETWORKS
from ndreport.evidence.costs import (
    ORIGINAL,
    OURS,
    OURS_EVERY4,
    PHASES,
    NetworkCost,
    Ratio,
    by_name,
    geometric_mean,
    of_the_study,
    values,
)
from ndreport.evidence.times import NUMBERS
from ndreport.pages.times.tables import TIMES_SOURCES
from ndreport.rendering.html import Html, table
from ndreport.rendering.values import NOT_RUN, Value, decimal, missing

FLOOR = "a step over the time of its arithmetic at the machine's rate of matrix products"
TIMED, COUNTED = "layers timed by themselves, over a whole step", "counted operations"
BENCH = "#benchmark"
"""Where the page describes the benchmark file."""
MEAN_ROW = "Geometric mean"
MEASURED = {
    "original's way": (ORIGINAL, "the original's way of computing ND over its way of computing BN"),
    "ours": (OURS, "our exact ND over our BN"),
    "ours, every 4th step": (OURS_EVERY4, "our ND with update_every=4, an approximation, over our BN"),
}
"""Column names of our measurements, the variants behind them, and what that is in words."""
HERE, ATTEMPTS = "This report, time of a training step", "Obadage et al. 2024, time of training"


def row_names() -> list[tuple[str, str, bool]]:
    """The rows: name in the table, our network, and whether it is the first network of its label."""
    return [
        (network.label + (f" ({ours})" if len(network.ours) > 1 else ""), ours, ours == network.ours[0])
        for network in NETWORKS
        for ours in network.ours
    ]


def cost_view(ratios: pd.DataFrame, costs: Sequence[NetworkCost]) -> pd.DataFrame:
    """ND over BN, per network: our steps, and the study's times of training.

    Args:
        ratios: from `ndreport.evidence.times.study_ratios`.
        costs: from the benchmark; a network that is not there is "not run".
    """
    study = {(row.dataset, row.arch, row.epochs): row for row in ratios.itertuples()}
    arch = {ours: network.arch for network in NETWORKS for ours in network.ours}
    known = by_name(costs)
    rows = {
        name: _measured_cells(known.get(ours)) | _study_cells(study, arch[ours], first)
        for name, ours, first in row_names()
    }
    rows[MEAN_ROW] = _mean_of_ours(costs) | _mean_of_study(ratios)
    view = pd.DataFrame(rows.values(), index=pd.Index(rows))
    view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _study_cells(study: dict, arch: str, first: bool) -> dict[tuple[str, str], Value]:
    cells = {}
    for dataset, epochs in ((d, e) for d in NUMBERS for e in EPOCHS):
        column = (f"{ATTEMPTS}, {DATASETS[dataset]}", f"{epochs} ep.")
        cells[column] = _study_cell(study[dataset, arch, epochs], first)
    return cells


def _study_cell(row, first: bool) -> Value:
    if not first:
        return missing("as above", f"the study prints one row {row.label} for both networks", TIMES_SOURCES)
    if isnan(row.attempts):
        return missing("missing", "the file of published times is damaged or lacks an attempt", TIMES_SOURCES)
    note = (
        f"medians of three attempts: {row.source}; single attempts give {row.low:.2f} to {row.high:.2f}; "
        f"the printed times of Table {NUMBERS[row.dataset]} give {row.printed:.2f}"
    )
    if not row.disputed:
        return decimal(row.attempts, note, TIMES_SOURCES)
    note += ", but a printed time here is not the mean of its attempts"
    return Value(f"{row.attempts:.2f} ≠", note, TIMES_SOURCES, row.attempts)


def _measured_cells(cost: NetworkCost | None) -> dict[tuple[str, str], Value]:
    cells = {(HERE, name): _ratio_cell(cost, pair, what) for name, (pair, what) in MEASURED.items()}
    return cells | {
        ("ND of this report", "memory, × BN"): _number(cost and cost.memory_ratio(), "peak memory of ND over BN"),
        ("ND of this report", "time, × floor"): _number(cost and cost.times_floor(), FLOOR),
    }


def _ratio_cell(cost: NetworkCost | None, pair: tuple[str, str], what: str) -> Value:
    ratio = cost.ratio(pair) if cost else None
    if ratio is None:
        return missing(NOT_RUN, f"the benchmark file holds no {' and '.join(pair)} of this network", BENCH)
    return decimal(ratio.value, f"{what}: {spread(ratio)}", BENCH)


def spread(ratio: Ratio) -> str:
    """How sure a ratio is: its quartiles and the number of steps behind it."""
    return f"quartiles {ratio.low:.2f} to {ratio.high:.2f}, at least {ratio.samples} steps of each"


def _number(number: float | None, what: str) -> Value:
    if number is None or isnan(number):
        return missing(NOT_RUN, f"the benchmark file does not tell: {what}", BENCH)
    return decimal(number, f"{what}, medians of one run", BENCH)


def _mean_of_study(ratios: pd.DataFrame) -> dict[tuple[str, str], Value]:
    cells = {}
    for dataset, epochs in ((d, e) for d in NUMBERS for e in EPOCHS):
        chosen = ratios[(ratios["dataset"] == dataset) & (ratios["epochs"] == epochs)]
        mean = geometric_mean(chosen["attempts"])
        cell = missing("missing", "a network of the study has no ratio here", TIMES_SOURCES)
        if not isnan(mean):
            cell = decimal(mean, f"of {len(chosen)} networks, from the medians of their attempts", TIMES_SOURCES)
        cells[f"{ATTEMPTS}, {DATASETS[dataset]}", f"{epochs} ep."] = cell
    return cells


def _mean_of_ours(costs: Sequence[NetworkCost]) -> dict[tuple[str, str], Value]:
    chosen = of_the_study(costs)
    columns = {(HERE, name): list(values(chosen, pair).values()) for name, (pair, _) in MEASURED.items()}
    columns["ND of this report", "memory, × BN"] = [cost.memory_ratio() for cost in chosen]
    columns["ND of this report", "time, × floor"] = [cost.times_floor() for cost in chosen]
    return {name: _mean(numbers) for name, numbers in columns.items()}


def _mean(numbers: Sequence[float]) -> Value:
    known = [n for n in numbers if not isnan(n)]
    if not known:
        return missing(NOT_RUN, "no network of the study was measured", BENCH)
    return decimal(geometric_mean(known), f"of {len(known)} of the study's {len(NETWORKS)} networks", BENCH)


def cost_table(ratios: pd.DataFrame, costs: Sequence[NetworkCost]) -> Html:
    """ND over BN, per network, as HTML."""
    caption = (
        "Time of network deconvolution over time of batch normalisation (1 = equal); geometric mean over the study's "
        "networks, ResNet-18 counted once. ≠: a printed time of that setting is not the mean of its attempts."
    )
    return table(cost_view(ratios, costs), caption, "cost-ratios", "Network")


def parts_view(costs: Sequence[NetworkCost]) -> pd.DataFrame:
    """Where the time of our ND step goes, and where its arithmetic goes, in percent; networks that were measured."""
    rows = {}
    for name, ours, _ in row_names():
        cost = by_name(costs).get(ours)
        if cost is not None:
            rows[name] = _parts(cost)
    view = pd.DataFrame(rows.values(), index=pd.Index(rows))
    if rows:
        view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _parts(cost: NetworkCost) -> dict[tuple[str, str], Value]:
    time, arithmetic = cost.shares(), cost.floor_shares()
    least = "the step without normalisation and ND's arithmetic at the rate of matrix products, over BN"
    limits = {
        ("limit", "time, × floor"): _number(cost.times_floor(), FLOOR),
        ("limit", "ND / BN, least"): _number(cost.least_ratio(), least),
        ("limit", "ND / BN, measured"): _ratio_cell(cost, *MEASURED["ours"]),
    }
    in_time = {("share of the time (%)", part): _share(time, part, TIMED) for part in (*PHASES, "rest")}
    return limits | in_time | {("share of the arithmetic (%)", p): _share(arithmetic, p, COUNTED) for p in PHASES}


def _share(shares: dict[str, float], phase: str, how: str) -> Value:
    if not shares:
        return missing(NOT_RUN, "the benchmark files do not hold this network", BENCH)
    return decimal(100 * shares[phase], f"{phase}: {how}, forward and backward", BENCH, digits=1)


def parts_table(costs: Sequence[NetworkCost]) -> Html:
    """Where the time of our ND step goes, as HTML."""
    caption = (
        "A training step with our exact ND: shares of its time and of its arithmetic, in percent, and how many times "
        "longer it takes than its arithmetic alone would at the machine's measured rate of matrix products. Least: "
        "what ND over BN would be if only ND's own arithmetic were left, at that rate."
    )
    return table(parts_view(costs), caption, "cost-parts", "Network")
