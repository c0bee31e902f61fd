"""Sentences about ImageNet: origin of the baselines, shrinking gains, a single run; every number is computed here."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.imagenet import (
    METRICS,
    VALIDATION_IMAGES,
    binomial_error,
    independent_difference_error,
    smallest_difference_error,
)
from ndreport.evidence.published import IMAGENET_NETWORKS
from ndreport.evidence.splits import is_share_of
from ndreport.pages.imagenet.tables import gain_name
from ndreport.rendering.prose import Prose, count, listing, points, prose, span

NO_VALUES = prose("The file of published values on ImageNet could not be read, so nothing can be said about it here.")
TRAINING_IMAGES = "more than a million"


def about_origin(values: pd.DataFrame) -> Prose:
    """How many of the original's baselines are the accuracies of torchvision's own networks.

    Args:
        values: from `ndreport.evidence.imagenet.imagenet_values`.
    """
    known = values.dropna(subset=["zoo_error"])
    if known.empty:
        return prose(
            "The files of ImageNet and of torchvision's values could not both be read, so they are not compared."
        )
    changes = (known["single"] - known["original"]).dropna()
    return prose(
        f"**{int(known['from_zoo'].sum())}** of {count(len(known), 'baseline')} of the original (no normalisation and "
        "BN) equal, to the last printed digit, what torchvision's documentation gave for the trained networks that it "
        "offers: one hundred minus the error rate. That is no coincidence: they were most likely taken over from there "
        "and not trained with the recipe that ND was trained with. The reproduction trained the baselines itself, with "
        f"the recipe of ND, and they came out {span(changes)} points away from the original's"
        f"{', every one of them higher' if (changes > 0).all() else ''}."
    )


def about_shrinking(gains: pd.DataFrame) -> Prose:
    """How the gain of ND over BN changes when the baselines are trained as ND was.

    Args:
        gains: from `ndreport.evidence.imagenet.imagenet_gains`.
    """
    over_bn = gains[gains["baseline"] == "bn"].dropna()
    if over_bn.empty:
        return NO_VALUES
    lines = ["Gain of ND over BN in percentage points, original and with both retrained:", ""]
    for metric, name in METRICS.items():
        here = over_bn[over_bn["metric"] == metric]
        steps = (
            f"{IMAGENET_NETWORKS[g.arch]} {points(g.original)} to **{points(g.reproduced)}**" for g in here.itertuples()
        )
        lines.append(f"- {name}: {'; '.join(steps)}")
    smaller = int((over_bn["reproduced"] < over_bn["original"]).sum())
    behind = over_bn[over_bn["reproduced"] < 0]
    names = listing(dict.fromkeys(IMAGENET_NETWORKS[arch] for arch in behind["arch"]))
    mostly = int((over_bn["baseline_change"].abs() > over_bn["nd_change"].abs()).sum())
    lines += [
        "",
        f"The gain is smaller in {smaller} of {count(len(over_bn), 'comparison')}, and in {mostly} of them mainly "
        "because the baseline is better, not because ND is worse. "
        + (
            f"With {names} BN is ahead of ND ({count(len(behind), 'comparison')})."
            if len(behind)
            else "ND stays ahead."
        ),
    ]
    return prose("\n".join(lines))


def about_single_runs(values: pd.DataFrame, gains: pd.DataFrame) -> Prose:
    """What one run per cell cannot tell, and the part of its uncertainty that can be computed."""
    single = values.dropna(subset=["single"]).set_index(["arch", "norm", "metric"])["single"]
    known = gains[gains["baseline"] == "bn"].dropna()
    if single.empty or known.empty:
        return NO_VALUES
    errors = [binomial_error(accuracy) for accuracy in single]
    lines = [
        "Every cell is a single training, so nothing in Tables 6 and 7 says how far two trainings of one network are "
        "apart, and no test of the difference between ND and BN is possible. One part of the uncertainty can be "
        f"computed: if the {VALIDATION_IMAGES:,} validation images are taken as drawn from all images of their kind, "
        f"the binomial standard error of a single value is {span(errors, _error)} points. That is a **lower bound**: "
        "other seeds come on top. For a difference of two networks on the same images it depends on how often they "
        "disagree, which only the answers to the single images would tell. Two bounds:",
        "",
    ]
    for _, gain in known.iterrows():
        pair = [single[gain["arch"], norm, gain["metric"]] for norm in ("nd", "bn")]
        lines.append(
            f"- {gain_name(gain)}: {points(gain['reproduced'], 3)}, standard error at least "
            f"{_error(smallest_difference_error(gain['reproduced']))}, and "
            f"{_error(independent_difference_error(*pair))} if the errors had nothing in common"
        )
    return prose("\n".join(lines))


def _error(points_: float) -> str:
    return f"{points_:.3f}"


def about_decimals(values: pd.DataFrame) -> Prose:
    """Whether the third decimals fit accuracies on the validation set."""
    single = values["single"].dropna()
    if single.empty:
        return NO_VALUES
    fit = sum(is_share_of(value, VALIDATION_IMAGES) for value in single)
    step = 100 / VALIDATION_IMAGES
    return prose(
        f"What the values were measured on is not said either, but the third decimals suggest it: {fit} of "
        f"{len(single)} are a multiple of {step:g}, as a share of {VALIDATION_IMAGES:,} validation images in percent "
        f"has to be. A share of the {TRAINING_IMAGES} training images would be one in half of all cases, and all "
        f"{len(single)} would be with a probability of about one in {round(0.5 ** -len(single)):,}. That strongly "
        "suggests validation accuracies; the logs, which would prove it, are not public."
    )
