"""Sentences about deviations, agreement, repeats and seeds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NORM_LABELS
from ndreport.evidence.deviations import PRINTED_RANGE, TEST, THRESHOLD, TRAIN, threshold
from ndreport.evidence.same_seed import Repeated
from ndreport.pages.deviations.agreement import pooled
from ndreport.pages.deviations.tables import setting_name
from ndreport.rendering.prose import Prose, count, listing, percent, points, prose, span

NO_VALUES = prose("The files of published values could not be read, so nothing can be said about deviations here.")


def about_squared(frame: pd.DataFrame) -> Prose:
    """The study's own measure: recomputed, its ranges, and its largest values.

    Args:
        frame: from `ndreport.evidence.deviations.deviations`.
    """
    known = frame.dropna(subset=["squared"])
    if known.empty:
        return NO_VALUES
    below = int((known["squared"] < THRESHOLD).sum())
    lines = [
        f"Of {count(len(known), 'setting')} **{below}** are below the threshold of {THRESHOLD:g}. The printed ranges, "
        "recomputed from the attempts as published:",
        "",
    ]
    for dataset, (low, high) in PRINTED_RANGE.items():
        here = known[known["dataset"] == dataset]
        if here.empty:
            continue
        worst = here.loc[here["squared"].idxmax()]
        lines.append(
            f"- {DATASETS[dataset]}: printed {low:.2f} to {high:.2f}, recomputed **{here['squared'].min():.2f} to "
            f"{worst['squared']:.2f}**; the largest is {worst['label']} {NORM_LABELS[worst['norm']]}, "
            f"{count(worst['epochs'], 'epoch')}: original {percent(worst['original'])}, attempts {worst['values']}. "
            f"Divided by n, as a mean would be, the highest is {here['squared_mean'].max():.2f}"
        )
    return prose("\n".join(lines))


def about_splits(frame: pd.DataFrame) -> Prose:
    """What the published attempts were measured on, as far as the public files prove it.

    Args:
        frame: from `ndreport.evidence.deviations.deviations`.
    """
    if frame.empty:
        return NO_VALUES
    parts = []
    for split, rows in frame.groupby("split", sort=False):
        places = rows.groupby(["dataset", "epochs"], sort=False).size()
        names = listing(f"{DATASETS[d]} after {count(e, 'epoch')} ({n})" for (d, e), n in places.items())
        parts.append(f"- {split}: {names}")
    lead = (
        "What the published attempts were measured on, as far as the public files prove it, with numbers of settings:"
    )
    return prose("\n".join([lead, "", *parts]))


def about_threshold(frame: pd.DataFrame) -> Prose:
    """What the threshold lets pass."""
    found = threshold(frame)
    if not found.settings:
        return NO_VALUES
    settings, pairs = count(found.settings, "setting"), f"{found.exchanged:,} of {found.pairs:,}"
    return prose(
        f"**What {THRESHOLD:g} means.** With {count(len(ATTEMPTS), 'attempt')} the measure reaches {THRESHOLD:g} if "
        f"every attempt is **{found.points:.1f} percentage points** from the original. A reproduction that reached "
        f"half of the original's accuracy in every attempt would be called consistent in {found.half} of {settings}. "
        f"So would {pairs} in which the attempts had the value that the original gives for another network (same data "
        f"set, epochs and normalisation), and {found.chance} of {settings} in which every attempt only guessed. The "
        "threshold notices a training that fails outright where the original is high; it cannot tell a good "
        "reproduction from a poor one."
    )


def about_prediction(published: pd.DataFrame, logged: pd.DataFrame) -> Prose:
    """How often the original's value lies where one more run is expected.

    Args:
        published: from `ndreport.evidence.deviations.deviations`.
        logged: from `ndreport.evidence.deviations.logged_deviations`.
    """
    parts = []
    for frame, what in ((logged, "of the test accuracies in the logs"), (published, "of the published attempts")):
        known = frame.dropna(subset=["inside"])
        for split, rows in known.groupby("split", sort=False):
            if frame is published and split == TEST:
                continue  # the same values as in the logs
            inside = int(rows["inside"].astype(bool).sum())
            parts.append(
                f"- {split} ({what}): the original lies inside in **{inside}** of {count(len(rows), 'setting')}"
            )
    if not parts:
        return NO_VALUES
    lead = (
        "If the original's value were one more run of the same kind, it would lie inside in about nineteen of twenty:"
    )
    return prose("\n".join([lead, "", *parts]))


def about_bland_altman(pairs: pd.DataFrame) -> Prose:
    """Bias and limits of agreement over all settings, test and running training apart.

    Args:
        pairs: from `ndreport.evidence.concordance.pairs`.
    """
    found = {split: pooled(pairs, split) for split in (TEST, TRAIN)}
    if not any(found.values()):
        return NO_VALUES
    lines = []
    for split, one in found.items():
        if one is None:
            continue
        rows = pairs[pairs["split"] == split]
        bias = (rows["mean"] - rows["original"]).groupby([rows["dataset"], rows["epochs"]]).mean()
        ends = [f"{points(bias[k])} ({DATASETS[k[0]]}, {count(k[1], 'epoch')})" for k in (bias.idxmin(), bias.idxmax())]
        lines.append(
            f"- {split}, {count(one.number, 'setting')}: reproduced minus original is **{points(one.bias)}** points on "
            f"average; the limits of agreement are {points(one.low)} to {points(one.high)}. Taken apart by data set "
            f"and epochs the average is between {listing(ends)}"
        )
    return prose("\n".join(lines))


def about_rankings(found: pd.DataFrame) -> Prose:
    """Whether the networks come in the same order.

    Args:
        found: from `ndreport.evidence.concordance.rankings`.
    """
    if found.empty:
        return NO_VALUES
    lines = []
    for split, rows in found.groupby("split", sort=False):
        small = int((rows["holm"] < 0.05).sum())
        taus = span(rows["tau"], "{:.2f}".format)
        lines.append(
            f"- {split}: Kendall's τ {taus} in {count(len(rows), 'comparison')}; after Holm's correction for "
            f"these {small} of {len(rows)} are below the usual five percent"
        )
    return prose("\n".join(lines))


def about_same_seed(frame: pd.DataFrame, logged: pd.DataFrame) -> Prose:
    """How far the study's three attempts, all with one seed, lie apart.

    Args:
        frame: from `ndreport.evidence.deviations.deviations`.
        logged: from `ndreport.evidence.deviations.logged_deviations`.
    """
    lines = []
    for rows, what in ((frame, "published attempts, corrected"), (logged, "test accuracies in the logs")):
        ranges = (rows["high"] - rows["low"]).dropna()
        if ranges.empty:
            continue
        top = rows.loc[ranges.sort_values(ascending=False).index[:SHOWN]]
        names = listing(f"{setting_name(row)} ({row.high - row.low:.2f})" for row in top.itertuples())
        lines.append(
            f"- {what}: highest minus lowest is {ranges.median():.2f} points in the median of "
            f"{count(len(ranges), 'setting')}; the largest are {names}"
        )
    return prose("\n".join(lines)) if lines else NO_VALUES


SHOWN = 4
"""How many of the largest ranges are named."""


def about_repeats(groups: Sequence[Repeated]) -> Prose:
    """What our own runs say about repeats of a seed and about other seeds.

    Args:
        groups: from `ndreport.evidence.same_seed.repeated_settings`.
    """
    repeated, seeds = [g for g in groups if g.repeated], [g for g in groups if len(g.by_seed) > 1]
    both = [g for g in repeated if len(g.by_seed) > 1]
    if not groups:
        return prose("No setting of our own has more than one run yet: not run.")
    parts = []
    if repeated:
        again, equal = sum(len(g.repeated) for g in repeated), sum(g.equal_weights() for g in repeated)
        apart = max(g.repeat_range() for g in repeated)
        parts.append(
            f"In {count(len(repeated), 'setting')} a seed of our own ran again: in {equal} of {count(again, 'case')} "
            f"all weights are equal bit by bit, and the test accuracies lie at most {apart:.2f} points apart."
        )
    else:
        parts.append("Repeats of one seed: not run yet.")
    if seeds:
        ranges = [g.seed_range() for g in seeds]
        parts.append(
            f"In {count(len(seeds), 'setting')} several seeds ran; their test accuracies span "
            f"{span(ranges, '{:.2f}'.format)} points."
        )
    else:
        parts.append("Several seeds of one setting: not run yet.")
    parts.append(f"{count(len(both), 'setting').capitalize()} of our own {'has' if len(both) == 1 else 'have'} both.")
    return prose(" ".join(parts))
