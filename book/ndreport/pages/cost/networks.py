"""Network by network: ratios of ND to BN, here and in the study, and where the time of an ND step goes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from math import isnan
from types import SimpleNamespace

import pandas as pd

from ndcore.study import DATASETS, EPOCHS, NETWORKS
from ndreport.evidence.costs import (
    ORIGINAL,
    OURS,
    OURS_EVERY4,
    PHASES,
    NetworkCost,
    by_name,
    geometric_mean,
    of_the_study,
    values,
)
from ndreport.evidence.times import NUMBERS
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import TIMES_PAGE
from ndreport.rendering.values import NOT_RUN, Value, decimal, missing

BENCH = "#benchmark"
"""Where the page describes the benchmark file."""
MEAN_ROW = "Geometric mean"
MEASURED = {
    "original's way": (ORIGINAL, "the original's way of computing ND over its way of computing BN"),
    "ours": (OURS, "our exact ND over our BN"),
    "ours, every 4th step": (OURS_EVERY4, "our ND with update_every=4, an approximation, over our BN"),
}
"""Column names of our measurements, the variants behind them, and what that is in words."""
HERE, ATTEMPTS, LIMITS = "This report, time of a training step", "Obadage et al. 2024, time of training", "limit"
MEMORY, FLOOR = ("ND of this report", "memory, × BN"), ("ND of this report", "time, × floor")
ABOVE_FLOOR = "a step over the time of its arithmetic at the machine's rate of matrix products"
LEAST = "the step without normalisation and ND's arithmetic at the rate of matrix products, over BN"
STUDIED = tuple(product(NUMBERS, EPOCHS))


def _rows(costs: Sequence[NetworkCost]) -> list[SimpleNamespace]:
    """Each of our networks under the study's label: its cost, and whether it is the first network of its label."""
    known = by_name(costs)
    return [
        SimpleNamespace(
            name=network.label + (f" ({ours})" if len(network.ours) > 1 else ""),
            arch=network.arch,
            first=ours == network.ours[0],
            cost=known.get(ours, NetworkCost(ours, {}, {}, float("nan"), {})),
        )
        for network in NETWORKS
        for ours in network.ours
    ]


def _ratio(pair: tuple[str, str], what: str, row) -> Value:
    ratio = row.cost.ratio(pair)
    if ratio is None:
        return missing(NOT_RUN, f"the benchmark file holds no {' and '.join(pair)} of this network", BENCH)
    quartiles = f"quartiles {ratio.low:.2f} to {ratio.high:.2f}, at least {ratio.samples} steps of each"
    return decimal(ratio.value, f"{what}: {quartiles}", BENCH)


def _number(header: tuple[str, str], of, what: str) -> Column:
    why = f"the benchmark file does not tell: {what}"
    return Column(header, lambda row: of(row.cost), 2, f"{what}, medians of one run", BENCH, absent=NOT_RUN, why=why)


def _study(study: dict, dataset: str, epochs: int, row) -> Value | None:
    found = study[dataset, row.arch, epochs]
    if not row.first:
        return missing("as above", f"the reproduction prints one row {found.label} for both networks", TIMES_PAGE)
    if isnan(found.attempts):
        return None
    note = (
        f"medians of three attempts: {found.source}; single attempts give {found.low:.2f} to {found.high:.2f}; "
        f"the printed times of Table {NUMBERS[dataset]} give {found.printed:.2f}"
    )
    note += ", but a printed time here is not the mean of its attempts" if found.disputed else ""
    return Value(f"{found.attempts:.2f}{' ≠' if found.disputed else ''}", note, TIMES_PAGE, found.attempts)


def _header(dataset: str, epochs: int) -> tuple[str, str]:
    return f"{ATTEMPTS}, {DATASETS[dataset]}", f"{epochs} ep."


def _mean(header: tuple[str, str], numbers: Sequence[float]) -> Column:
    """A cell of the last row, of what was measured here."""
    known = [number for number in numbers if not isnan(number)]
    note, why = (
        f"of {len(known)} of the reproduction's {len(NETWORKS)} networks",
        "no network of the reproduction was measured",
    )
    return Column(header, lambda row: geometric_mean(known), 2, note, BENCH, absent=NOT_RUN, why=why)


def _mean_of_study(ratios: pd.DataFrame, dataset: str, epochs: int) -> Column:
    chosen = ratios.loc[(ratios["dataset"] == dataset) & (ratios["epochs"] == epochs), "attempts"]
    note, why = (
        f"of {len(chosen)} networks, from the medians of their attempts",
        "a network of the reproduction has no ratio here",
    )
    return Column(_header(dataset, epochs), lambda row: geometric_mean(chosen), 2, note, TIMES_PAGE, why=why)


def cost_table(ratios: pd.DataFrame, costs: Sequence[NetworkCost]) -> Html:
    """ND over BN, per network: our steps, and the study's times of training.

    Args:
        ratios: from `ndreport.evidence.times.study_ratios`.
        costs: from the benchmark; a network that is not there is "not run".
    """
    caption = (
        "Time of network deconvolution over time of batch normalisation (1 = equal); geometric mean over the "
        "reproduction's networks, ResNet-18 counted once. ≠: a printed time of that setting is not the mean of its "
        "attempts."
    )
    study = {(row.dataset, row.arch, row.epochs): row for row in ratios.itertuples()}
    columns = [
        *(Column((HERE, name), partial(_ratio, *measured)) for name, measured in MEASURED.items()),
        _number(MEMORY, NetworkCost.memory_ratio, "peak memory of ND over BN"),
        _number(FLOOR, NetworkCost.times_floor, ABOVE_FLOOR),
        *(Column(_header(*place), partial(_study, study, *place), link=TIMES_PAGE) for place in STUDIED),
    ]
    chosen = of_the_study(costs)
    means = [
        *(_mean((HERE, name), values(chosen, pair).values()) for name, (pair, _) in MEASURED.items()),
        _mean(MEMORY, [cost.memory_ratio() for cost in chosen]),
        _mean(FLOOR, [cost.times_floor() for cost in chosen]),
        *(_mean_of_study(ratios, *place) for place in STUDIED),
    ]
    cells = pd.concat([view(_rows(costs), columns, "{name}"), view([None], means, lambda row: MEAN_ROW)])
    return table(cells, caption, "cost-ratios", "Network")


def _share(header: str, of, phase: str, how: str) -> Column:
    return Column(
        (header, phase),
        lambda row: 100 * of(row.cost)[phase] if of(row.cost) else None,
        1,
        f"{phase}: {how}, forward and backward",
        BENCH,
        absent=NOT_RUN,
        why="the benchmark files do not hold this network",
    )


TIME, ARITHMETIC = "share of the time (%)", "share of the arithmetic (%)"
PARTS = (
    _number((LIMITS, "time, × floor"), NetworkCost.times_floor, ABOVE_FLOOR),
    _number((LIMITS, "ND / BN, least"), NetworkCost.least_ratio, LEAST),
    Column((LIMITS, "ND / BN, measured"), partial(_ratio, *MEASURED["ours"])),
    *(
        _share(TIME, NetworkCost.shares, part, "layers timed by themselves, over a whole step")
        for part in (*PHASES, "rest")
    ),
    *(_share(ARITHMETIC, NetworkCost.floor_shares, part, "counted operations") for part in PHASES),
)


def parts_table(costs: Sequence[NetworkCost]) -> Html:
    """Where the time of our ND step goes, and where its arithmetic goes, in percent; networks that were measured."""
    caption = (
        "A training step with our exact ND: shares of its time and of its arithmetic, in percent, and how many times "
        "longer it takes than its arithmetic alone would at the machine's measured rate of matrix products. Least: "
        "what ND over BN would be if only ND's own arithmetic were left, at that rate."
    )
    rows = [row for row in _rows(costs) if row.cost.steps]
    return table(view(rows, PARTS, "{name}"), caption, "cost-parts", "Network")
