"""The numbers in the sentences of the page on the published training times."""

from __future__ import annotations

from math import nan

import pandas as pd

from ndcore.study import DATASETS, EPOCHS, NORM_LABELS
from ndreport.evidence.corrected_times import (
    BASES,
    COMPARABLE,
    comparable,
    corrected_settings,
    seconds_per_epoch,
    time_ratios,
)
from ndreport.evidence.costs import geometric_mean
from ndreport.evidence.time_statements import GAP, LEAST, MOST, PERCENT, RANGE, SLOWER, check, percents
from ndreport.evidence.times import FAR, disagreeing_times, far_attempts, repeated_times, setting_name
from ndreport.material import Material
from ndreport.rendering.glued import prefixed
from ndreport.rendering.prose import count, listing, ratio_span, span, times_as

STATEMENTS = {SLOWER: "slower", MOST: "longest", GAP: "gap", LEAST: "smallest"}
"""What the study says about its figures, and how the names of its numbers begin."""


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    times = corrected_settings(material.published).dropna(subset=["printed", "mean"])
    ratios = time_ratios(times)
    checks = check(times, ratios)
    return {
        **of_ratios(ratios),
        **_printed(times),
        **_corrections(times),
        **_attempts(times, material.times),
        **_statements(checks),
        **_range(checks, ratios),
        **_epochs(seconds_per_epoch(times)),
    }


def of_ratios(ratios: pd.DataFrame) -> dict[str, object]:
    """ND over BN: as printed, from the attempts, and corrected, with the networks of the least and the most."""
    longer = ratios[ratios["epochs"] > 1]
    found = {"settings": len(ratios)}
    for name, rows, base in [*((base, ratios, base) for base in BASES), ("longer", longer, "corrected")]:
        least, most = (
            f"{times_as(row[base])} ({row['label']}, {DATASETS[row['dataset']]}, {count(row['epochs'], 'epoch')})"
            for _, row in rows.sort_values(base).iloc[[0, -1]].iterrows()
        )
        slower, mean = int((rows[base] > 1).sum()), times_as(geometric_mean(rows[base]))
        found |= prefixed(name, least=least, most=most, mean=mean, slower=slower)
    return found


def _printed(times: pd.DataFrame) -> dict[str, object]:
    """How many printed times are the mean of their attempts, and what the others are."""
    wrong = disagreeing_times(times)
    found = {"cut_off": int(wrong["cut_off"].sum())}
    for dataset, cells in times.groupby("dataset"):
        right = len(cells) - int((wrong["dataset"] == dataset).sum())
        found |= prefixed(dataset, means=f"{right} of {len(cells)}")
    groups = wrong[~wrong["cut_off"]].groupby(["norm", "epochs", "equals"], sort=False)
    return found | {
        "wrong": listing(
            f"{len(rows) if equals else listing(rows['label'])} in column {setting_name(norm, epochs)} "
            f"({equals or 'no mean of the published times'})"
            for (norm, epochs, equals), rows in groups
        )
    }


def _corrections(times: pd.DataFrame) -> dict[str, object]:
    changed = times[times["correction"] != ""]
    lines = [
        f"{row.label} {setting_name(row.norm, row.epochs)}, {DATASETS[row.dataset]}: {row.correction}; mean "
        f"{row.mean:.2f} s, corrected {row.corrected:.2f} s from {count(int(row.runs), 'run')}"
        for row in changed.itertuples()
    ]
    named = {f"correction_{number}": line for number, line in enumerate(lines, start=1)}
    return {"corrections": len(lines) or nan, "logged_epochs": listing(sorted(set(changed["epochs"]))), **named}


def _attempts(times: pd.DataFrame, published: pd.DataFrame) -> dict[str, object]:
    """Single attempts that are far from the other two, and numbers that stand in two places."""
    far, repeated = far_attempts(times), repeated_times(published)
    others = listing(
        f"{row.label} {setting_name(row.norm, row.epochs)}, {DATASETS[row.dataset]}, attempt {row.attempt} "
        f"({times_as(row.factor)} the median)"
        for row in far[far["epochs"] > 1].itertuples()
    )
    found = {
        "far": len(far),
        "factor": f"{FAR:.1f}",
        "far_single": int((far["epochs"] == 1).sum()),
        "far_longer": others,
    }
    pairs = {f"repeated_{number}": " and ".join(pair) for number, pair in enumerate(repeated, start=1)}
    return found | pairs | {"repeated": len(repeated)}


def place(row) -> str:
    """ "CIFAR-10, 20 epochs, BN"."""
    norm = f", {NORM_LABELS[row.norm]}" if row.norm else ""
    return f"{DATASETS[row.dataset]}, {count(row.epochs, 'epoch')}{norm}"


def _statements(checks: pd.DataFrame) -> dict[str, object]:
    """In how many places each statement of the study about its figures holds, and where it does not."""
    found = {}
    for statement, rows in checks[checks["statement"] != RANGE].groupby("statement", sort=False):
        name = STATEMENTS[statement]
        found |= prefixed(name, said=listing(dict.fromkeys(rows["said"])))
        for base in ("printed", "corrected"):
            holds = rows[f"holds_{base}"].astype(bool)
            fails = listing(f"{place(row)}: {getattr(row, f'found_{base}')}" for row in rows[~holds].itertuples())
            found |= {f"{name}_{base}": f"{int(holds.sum())} of {len(rows)}", f"{name}_{base}_fails": fails}
    return found


def _range(checks: pd.DataFrame, ratios: pd.DataFrame) -> dict[str, object]:
    """Where the range of additional time that the study states comes from, and what it is over all settings."""
    rows = checks[checks["statement"] == RANGE]
    longer = ratios[ratios["epochs"] > 1]
    spans = {"printed": ratios["printed"], "corrected": ratios["corrected"], "longer": longer["corrected"]}
    return {
        "said_range": percents(*PERCENT),
        "range_of": listing(place(row) for row in rows[rows["holds_printed"].astype(bool)].itertuples()),
        **{f"{name}_range": percents(100 * (r.min() - 1), 100 * (r.max() - 1)) for name, r in spans.items()},
    }


def _epochs(per: pd.DataFrame) -> dict[str, object]:
    """Whether the time of an epoch depends on how many epochs a training has."""
    found = {"last": EPOCHS[-1], "comparable": f"{COMPARABLE:.2f}"}
    for dataset, rows in per.groupby("dataset", sort=False):
        for epochs in EPOCHS[:-1]:
            times = rows[f"times_{epochs}"]
            alike = times.map(comparable)
            unlike = [
                f"{row['label']} {NORM_LABELS[row['norm']]} ({times_as(row[times.name])})"
                for _, row in rows[~alike].iterrows()
            ]
            shown = f"{int(alike.sum())} of {len(rows)}"
            found |= prefixed(f"{dataset}_{epochs}", alike=shown, span=ratio_span(times), unlike=listing(unlike))
        medians = {f"{dataset}_{norm}_extra": _seconds(extra.median()) for norm, extra in rows.groupby("norm")["extra"]}
        found |= medians | prefixed(dataset, extra=span(rows["extra"], _seconds))
    return found


def _seconds(number: float) -> str:
    return f"{number:.0f} s".replace("-", "−")
