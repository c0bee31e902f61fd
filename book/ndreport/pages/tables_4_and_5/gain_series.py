"""ND minus BN per network, as points with intervals: original, reproduced by split, and our own runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from ndcore.study import EPOCHS, NETWORKS
from ndreport.evidence.gains import CONFIDENCE, original_gains, own_pairs, reproduced_gains
from ndreport.material import Material
from ndreport.rendering.links import SOURCES_PAGE, link
from ndreport.rendering.svg import SOURCE_COLOURS, SOURCE_MARKERS, SPLIT_COLOURS, SPLIT_MARKERS

ROWS = {ours: network.label if ours == network.ours[0] else ours for network in NETWORKS for ours in network.ours}
"""Rows: names of our networks, and what stands beside the row."""
FIRST = {network.arch: network.ours[0] for network in NETWORKS}
OURS = "ours, test"


@dataclass(frozen=True)
class Gain:
    """One point: ND minus BN of one network, in percentage points."""

    row: str
    gain: float
    note: str
    """Where it comes from."""
    link: str
    low: float = nan
    high: float = nan
    """Ends of its interval; NaN where there is none."""


@dataclass(frozen=True)
class Series:
    """Points of one kind, and how they are drawn."""

    label: str
    marker: str
    colour: str
    filled: bool
    gains: Sequence[Gain]


REPRODUCED = {
    split: (f"reproduced, {label}", SPLIT_MARKERS[split], SPLIT_COLOURS[split], split == "test")
    for split, label in (("test", "test"), ("train", "running training"), ("not proven", "not proven which"))
}
"""Label, marker, colour and filling of the reproduction's points, by what they were measured on."""


def gain_series(material: Material, dataset: str) -> dict[int, list[Series]]:
    """What each panel draws, by number of epochs; a series without a point is left out."""
    original, reproduced = original_gains(material.published), reproduced_gains(material.published)
    original, reproduced = (frame[frame["dataset"] == dataset] for frame in (original, reproduced))
    panels = {}
    for epochs in EPOCHS:
        printed = [_original(row) for row in original[original["epochs"] == epochs].itertuples()]
        drawn = [Series("original, as printed", SOURCE_MARKERS["original"], SOURCE_COLOURS["original"], True, printed)]
        for split, how in REPRODUCED.items():
            rows = reproduced[(reproduced["epochs"] == epochs) & (reproduced["split"] == split)]
            drawn.append(Series(*how, [_reproduced(row) for row in rows.itertuples()]))
        drawn.append(
            Series(OURS, SOURCE_MARKERS["ours"], SOURCE_COLOURS["ours"], True, _own(material, dataset, epochs))
        )
        panels[epochs] = [series for series in drawn if series.gains]
    return panels


def _original(row: Any) -> Gain:
    return Gain(FIRST[row.arch], row.gain, "difference of the two printed values; one run each", SOURCES_PAGE)


def _reproduced(row: Any) -> Gain:
    runs = f"means of {row.nd_runs} ND and {row.bn_runs} BN runs"
    if isnan(row.low):
        interval = "all runs of each agree to the last digit, so there is no interval"
    else:
        interval = f"Welch's {100 * CONFIDENCE:g} % interval"
    proven = f"the split is proven for {row.proven} of them"
    return Gain(FIRST[row.arch], row.gain, f"{runs}; {interval}; {proven}", SOURCES_PAGE, row.low, row.high)


def _own(material: Material, dataset: str, epochs: int) -> list[Gain]:
    """A point per pair of our own runs, with one standard error to each side."""
    gains = []
    for pair in own_pairs(material.records, dataset, epochs):
        note = f"{pair.nd.run_id} minus {pair.bn.run_id}; one standard error from drawing the test images, paired"
        ends = (pair.test - pair.test_standard_error, pair.test + pair.test_standard_error)
        gains.append(Gain(pair.nd.config.arch, pair.test, note, link(pair.nd), *ends))
    return [gain for gain in gains if gain.row in ROWS]
