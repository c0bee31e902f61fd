"""The numbers in the sentences of the page on deviations."""

from __future__ import annotations

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NORM_LABELS
from ndreport.evidence.concordance import bland_altman, pairs, rankings
from ndreport.evidence.deviations import PRINTED_RANGE, TEST, THRESHOLD, TRAIN, deviations, logged_deviations, threshold
from ndreport.evidence.paired import ALPHA
from ndreport.material import Material
from ndreport.pages.deviations.spread import setting_name
from ndreport.rendering.glued import prefixed
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import count, listing, percent, points, span

LARGEST = 4
"""How many of the largest ranges are named."""


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    published, logged = deviations(material.published), logged_deviations(material.published)
    both = pairs(material.published)
    return {
        **_splits(published),
        **_squared(published),
        **_threshold(published),
        **_prediction(published, logged),
        **_bland_altman(both),
        **_rankings(rankings(both)),
        **_ranges("published", published),
        **_ranges("logged", logged),
    }


def _splits(frame: pd.DataFrame) -> dict[str, object]:
    """The blocks whose attempts were measured on each split, with numbers of settings."""
    found = {}
    for split, rows in frame.groupby("split", sort=False):
        blocks = rows.groupby(["dataset", "epochs"], sort=False).size()
        found |= prefixed(split, blocks=listing(f"{block_name(*block)} ({n})" for block, n in blocks.items()))
    return found


def _squared(frame: pd.DataFrame) -> dict[str, object]:
    found = {
        "settings": len(frame),
        "below": int((frame["squared"] < THRESHOLD).sum()),
        "threshold": f"{THRESHOLD:g}",
    }
    for dataset, (low, high) in PRINTED_RANGE.items():
        here = frame[frame["dataset"] == dataset]
        worst = here.loc[here["squared"].idxmax()]
        found |= prefixed(
            dataset,
            printed=f"{low:.2f} to {high:.2f}",
            recomputed=f"{here['squared'].min():.2f} to {worst['squared']:.2f}",
            worst=f"{worst['label']} {NORM_LABELS[worst['norm']]}, {count(worst['epochs'], 'epoch')}",
            worst_original=percent(worst["original"]),
            worst_attempts=worst["values"],
            highest_mean=f"{here['squared_mean'].max():.2f}",
        )
    return found


def _threshold(frame: pd.DataFrame) -> dict[str, object]:
    found = threshold(frame)
    return {
        "attempts": len(ATTEMPTS),
        "reached": f"{found.points:.1f}",
        "half": f"{found.half} of {found.settings}",
        "exchanged": f"{found.exchanged:,} of {found.pairs:,}",
        "chance": f"{found.chance} of {found.settings}",
    }


def _prediction(published: pd.DataFrame, logged: pd.DataFrame) -> dict[str, object]:
    """In how many settings the original is where one more run is expected; test accuracies are those of the logs."""
    known = pd.concat([logged, published[published["split"] != TEST]]).dropna(subset=["inside"])
    found = {}
    for split, rows in known.groupby("split"):
        found |= prefixed(split, inside=f"{int(rows['inside'].sum())} of {len(rows)}")
    return found


def _bland_altman(both: pd.DataFrame) -> dict[str, object]:
    """Bias and limits of agreement over all settings, test and running training apart, and the extreme blocks."""
    found = {}
    for split in (TEST, TRAIN):
        rows = both[both["split"] == split]
        one = bland_altman(rows["original"], rows["mean"])
        bias = (rows["mean"] - rows["original"]).groupby([rows["dataset"], rows["epochs"]]).mean()
        ends = bias.idxmin(), bias.idxmax()
        found |= prefixed(
            split,
            number=one.number,
            bias=points(one.bias),
            limits=f"{points(one.low)} to {points(one.high)}",
            ends=listing(f"{points(bias[k])} ({DATASETS[k[0]]}, {count(k[1], 'epoch')})" for k in ends),
        )
    return found


def _rankings(found: pd.DataFrame) -> dict[str, object]:
    shown = {}
    for split, rows in found.groupby("split"):
        taus = f"{span(rows['tau'], '{:.2f}'.format)} in {count(len(rows), 'comparison')}"
        shown |= prefixed(split, taus=taus, below=f"{int((rows['holm'] < ALPHA).sum())} of {len(rows)}")
    return shown


def _ranges(name: str, frame: pd.DataFrame) -> dict[str, object]:
    """How far the attempts, all with one seed, lie apart."""
    ranges = (frame["high"] - frame["low"]).dropna().sort_values(ascending=False)
    top = frame.loc[ranges.index[:LARGEST]]
    largest = listing(f"{setting_name(row)} ({row.high - row.low:.2f})" for row in top.itertuples())
    return prefixed(name, median_range=f"{ranges.median():.2f}", ranges=len(ranges), largest=largest)
