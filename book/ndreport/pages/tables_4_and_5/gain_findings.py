"""Sentences about ND − BN per network, and about what the intervals assume; every number in them is computed here."""

from __future__ import annotations

from statistics import median

from ndcore.study import ATTEMPTS, DATASETS
from ndreport.evidence.gains import CONFIDENCE
from ndreport.pages.tables_4_and_5.gain_series import OURS, REPRODUCED, Series
from ndreport.rendering.prose import Prose, count, percent, points, prose
from ndreport.rendering.stated import NOTHING

MEASURED_ON = {how[0] for how in REPRODUCED.values()}


def about_gains(panels: dict[int, list[Series]], dataset: str) -> Prose:
    """In how many networks ND is ahead, per number of epochs and kind of value.

    Args:
        panels: from `ndreport.pages.tables_4_and_5.gain_series.gain_series`.
        dataset: "cifar10" or "cifar100".
    """
    if not any(panels.values()):
        return NOTHING
    lines = [f"{DATASETS[dataset]}, ND − BN in percentage points:", ""]
    for epochs, drawn in panels.items():
        lines.append(f"- {count(epochs, 'epoch')}:")
        lines += [f"  - {_about(series)}" for series in drawn] or ["  - nothing is known"]
    return prose("\n".join(lines))


def _about(series: Series) -> str:
    gains = [gain.gain for gain in series.gains]
    noun = "pair of runs" if series.label == OURS else "network"
    many = count(len(gains), noun, "pairs of runs" if series.label == OURS else None)
    text = (
        f"{series.label}: ND ahead in **{sum(gain > 0 for gain in gains)}** of {many}, median {points(median(gains))}"
    )
    if series.label not in MEASURED_ON:
        return text
    above, below = (sum(end) for end in zip(*((g.low > 0, g.high < 0) for g in series.gains), strict=True))
    return f"{text}; the interval lies wholly above zero for {above or 'none'}, wholly below for {below or 'none'}"


def about_intervals() -> Prose:
    """Which interval is drawn, and what it takes for granted."""
    return prose(
        f"The intervals of the reproduction are Welch's at {percent(100 * CONFIDENCE, 0)}, from the "
        f"{len(ATTEMPTS)} attempts of each norm. Welch's interval takes the attempts as independent draws from normal "
        "distributions, with a spread of its own for BN and for ND. With so few attempts nobody can check that, and "
        "the intervals are wide where one attempt fell out of line. The scripts of the study give every attempt the "
        "same seed, so the intervals cover what differs between repetitions on its machines, not what another seed "
        "would change. Where all runs of a norm agree to the last digit the spread is below what two decimals show, "
        "and an interval is missing or too narrow. The original printed one value each: no interval. Our own points "
        "have the standard error of a difference paired image by image, which covers the drawing of the test images "
        "only."
    )
