"""Numbers for the sentences about Tables 4 and 5, and the sentence about our own pairs of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

import pandas as pd

from ndcore.study import DATASETS, NETWORK_LABELS, NETWORKS, NORM_LABELS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.gains import CONFIDENCE
from ndreport.evidence.rules import RULES, THRESHOLD, comparisons, rule_counts
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.attempts import another_runs, spread
from ndreport.pages.tables_4_and_5.gain_series import OURS, REPRODUCED, Series, gain_series
from ndreport.pages.tables_4_and_5.rows import accuracy_rows, disagreeing_averages, split_counts
from ndreport.rendering.prose import Prose, count, percent, points, prose

_KEYS = {"test": "test", "train": "train", "not proven": "open"}
KINDS = {"original, as printed": "original"} | {how[0]: _KEYS[split] for split, how in REPRODUCED.items()}
"""How the pages call a series of differences, by its label in the figure."""


def table4(material: Material) -> dict[str, object]:
    """What the sentences of the page on Table 4 name."""
    return _numbers(material, "cifar10")


def table5(material: Material) -> dict[str, object]:
    """What the sentences of the page on Table 5 name."""
    return _numbers(material, "cifar100")


def _numbers(material: Material, dataset: str) -> dict[str, object]:
    compared = comparisons(material.published)
    compared = compared[compared["dataset"] == dataset]
    single = attempts(material.published)
    single = single[single["dataset"] == dataset]
    return {
        **_splits(split_counts(material.accuracies, dataset)),
        "values": len(compared),
        "threshold": percent(THRESHOLD, 0),
        "threshold_points": f"{THRESHOLD:g}",
        **{
            f"{rule}_{verdict}": n for rule in (*RULES, "printed") for verdict, n in rule_counts(compared, rule).items()
        },
        "networks": len(NETWORKS),
        "confidence": percent(100 * CONFIDENCE, 0),
        **_gains(material, dataset),
        **_spreads(single),
        **_logs(single),
        **_averages(accuracy_rows(material.accuracies, [], dataset)),
    }


def _splits(counts: pd.DataFrame) -> dict[str, object]:
    return {f"{_KEYS[split]}_{epochs}": n for epochs, row in counts.iterrows() for split, n in row.items()}


def _gains(material: Material, dataset: str) -> dict[str, object]:
    """In how many networks ND is ahead, by how much, and how many intervals lie to one side of zero."""
    found = {}
    for epochs, drawn in gain_series(replace(material, records=[]), dataset).items():
        for series in drawn:
            name = f"{KINDS[series.label]}_%s_{epochs}"
            found |= {
                name % "ahead": sum(gain.gain > 0 for gain in series.gains),
                name % "median": points(median(gain.gain for gain in series.gains)),
                name % "above": sum(gain.low > 0 for gain in series.gains),
                name % "below": sum(gain.high < 0 for gain in series.gains),
            }
    return found


def _spreads(single: pd.DataFrame) -> dict[str, object]:
    """How far the runs of a setting are apart, per number of epochs: in the median, at most, and where that is."""
    found = {}
    for epochs, group in spread(single).reset_index().groupby("epochs"):
        widest = group.loc[group["range"].idxmax()]
        found |= {
            f"range_{epochs}": f"{group['range'].median():.2f}",
            f"widest_{epochs}": f"{widest['range']:.2f}",
            f"widest_of_{epochs}": f"{NETWORK_LABELS[widest['arch']]} {NORM_LABELS[widest['norm']]}",
        }
    return found


def _logs(single: pd.DataFrame) -> dict[str, object]:
    """How many attempts have a log, and which of them are another run."""
    checked, wrong = int(single["logged"].count()), another_runs(single)
    found = {
        "attempts": len(single),
        "logged": checked,
        "unchecked": len(single) - checked,
        "right": checked - len(wrong),
        "wrong": len(wrong),
    }
    for row in wrong.itertuples():
        found[f"given_{row.arch}_{row.norm}"] = percent(row.top1)
        found[f"right_{row.arch}_{row.norm}"] = percent(row.corrected_top1)
    return found


def _averages(rows: pd.DataFrame) -> dict[str, object]:
    wrong = disagreeing_averages(rows)
    items = (
        f"{row.label} {percent(row.reproduced)} for {percent(row.mean_of_attempts)} "
        f"({points(row.reproduced - row.mean_of_attempts)})"
        for row in wrong.itertuples()
    )
    return {"wrong_averages": len(wrong), "wrong_averages_named": ", ".join(items)}


def about_own_pairs(panels: Mapping[int, Sequence[Series]], dataset: str) -> Prose:
    """What our own pairs of runs say about ND − BN.

    Args:
        panels: from `gain_series`.
        dataset: "cifar10" or "cifar100".
    """
    own = {epochs: [g.gain for s in drawn if s.label == OURS for g in s.gains] for epochs, drawn in panels.items()}
    if not any(own.values()):
        return prose(f"We have no pair of our own runs on {DATASETS[dataset]} yet that differs in its norm only.")
    lines = [f"- {count(epochs, 'epoch')}: {_own_pairs(gains)}" for epochs, gains in own.items() if gains]
    return prose("\n".join(["Our own pairs of runs, test accuracy:", "", *lines]))


def _own_pairs(gains: Sequence[float]) -> str:
    if len(gains) == 1:
        return f"the only pair has ND − BN {points(gains[0])}"
    ahead = sum(gain > 0 for gain in gains)
    return f"ND is ahead in **{ahead or 'none'}** of {len(gains)} pairs, by {points(median(gains))} in the median"
