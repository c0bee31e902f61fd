"""What the reproduction says about its Figures 4 and 5, checked against the printed and the corrected times.

Source: Obadage et al. 2024, §5.3 ("Training Time Comparison") and §7; the statements are given in our own words.
"""

from __future__ import annotations

import itertools
from functools import partial
from math import isfinite

import pandas as pd

from ndcore.study import EPOCHS, NORMS
from ndreport.evidence.corrected_times import BASES
from ndreport.evidence.csv_files import select
from ndreport.evidence.times import NUMBERS

LONGEST = "DPN-92"
"""The network that is said to take longest, with both normalisations, and to have the largest gap."""
SHORTEST_GAP = "EfficientNet"
SHORTEST_GAP_ELSEWHERE = {("cifar100", 20): "ResNet-18"}
"""The network that is said to have the smallest gap, and where another one is said to have it."""
PERCENT = (2, 358)
"""By how many percent ND is said to lengthen a training, least and most (abstract and §7)."""
SLOWER = "ND takes longer than BN"
MOST, GAP, LEAST, RANGE = "longest training", "largest gap ND − BN", "smallest gap ND − BN", "additional time of ND"


def check(frame: pd.DataFrame, ratios: pd.DataFrame) -> pd.DataFrame:
    """Every statement in every place that it speaks of.

    Args:
        frame: from `ndreport.evidence.corrected_times.corrected_settings`.
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.

    Returns:
        `statement`, `dataset`, `epochs`, `norm` ("" for both), `said`, and, for every base of `BASES`, `found_…` what
        is there instead ("" if not known) and `holds_…` whether it is what was said (None if not known).
    """
    rows = []
    for dataset, epochs in itertools.product(NUMBERS, EPOCHS):
        times = select(frame, dataset=dataset, epochs=epochs)
        here = select(ratios, dataset=dataset, epochs=epochs)
        shortest = SHORTEST_GAP_ELSEWHERE.get((dataset, epochs), SHORTEST_GAP)
        statements = [
            (SLOWER, "", f"{len(here)} of {len(here)}", partial(_slower, here)),
            *((MOST, norm, LONGEST, partial(_extreme, select(times, norm=norm), "idxmax", "")) for norm in NORMS),
            (GAP, "", LONGEST, partial(_extreme, here, "idxmax", "gap_")),
            (LEAST, "", shortest, partial(_extreme, here, "idxmin", "gap_")),
            (RANGE, "", percents(*PERCENT), partial(_range, here)),
        ]
        for statement, norm, said, find in statements:
            row = {"statement": statement, "dataset": dataset, "epochs": epochs, "norm": norm, "said": said}
            for base in BASES:
                found = find(base)
                row |= {f"found_{base}": found, f"holds_{base}": found == said if found else None}
            rows.append(row)
    return pd.DataFrame(rows)


def percents(low: float, high: float) -> str:
    """ "2 % to 358 %"."""
    return f"{low:.0f} % to {high:.0f} %"


def _slower(ratios: pd.DataFrame, base: str) -> str:
    return f"{int((ratios[base] > 1).sum())} of {len(ratios)}" if ratios[base].notna().all() else ""


def _extreme(rows: pd.DataFrame, which: str, prefix: str, base: str) -> str:
    values = rows[prefix + base]
    return rows.loc[getattr(values, which)(), "label"] if values.notna().all() else ""


def _range(ratios: pd.DataFrame, base: str) -> str:
    low, high = (100 * (r - 1) for r in (ratios[base].min(), ratios[base].max()))
    return percents(low, high) if isfinite(low) and ratios[base].notna().all() else ""
