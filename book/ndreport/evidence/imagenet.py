"""Tables 6 and 7 of the study (ImageNet): what was printed, where the baselines come from, what ND gains over them."""

from __future__ import annotations

from math import isnan, nan

import pandas as pd
from scipy.stats import binom

from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS, Published
from ndreport.evidence.rules import comparisons

VALIDATION_IMAGES = 50_000
"""Images of the validation set of ILSVRC 2012, on which accuracies on ImageNet are given."""
CELL = ["arch", "norm", "metric"]
GAIN_COLUMNS = ["arch", "metric", "baseline", "original", "reproduced", "baseline_change", "nd_change"]
GAIN_COLUMNS += ["least_error", "independent_error"]
"""Columns of `imagenet_gains`."""


def imagenet_values(published: Published) -> pd.DataFrame:
    """One row per value of Tables 6 and 7, by network and metric: the columns of `comparisons`, and these.

    `single`: the spreadsheet's value with its third decimal, and `single_source`; `zoo_error`: what torchvision's
    documentation gives as error rate of its own trained network, `zoo_accuracy`: 100 minus that, and `zoo_source`;
    `from_zoo`: whether the original's value is that accuracy to the last printed digit. NaN where there is none.
    """
    frame = comparisons(published)
    frame = frame[frame["dataset"] == "imagenet"]
    order = frame["arch"].map({arch: place for place, arch in enumerate(IMAGENET_NETWORKS)})
    frame = frame.assign(order=order).sort_values(["order", "metric"], kind="stable").drop(columns="order")
    single = published.imagenet.dropna(subset=["attempt"])[[*CELL, "value", "source"]]
    frame = frame.merge(single.rename(columns={"value": "single", "source": "single_source"}), on=CELL, how="left")
    zoo = published.model_zoo[[*CELL, "value", "source"]]
    zoo = zoo.assign(metric=zoo["metric"].str.removesuffix("_error"))
    frame = frame.merge(zoo.rename(columns={"value": "zoo_error", "source": "zoo_source"}), on=CELL, how="left")
    accuracy = (100 - frame["zoo_error"]).round(2)
    return frame.assign(
        single_source=frame["single_source"].fillna(""),
        zoo_source=frame["zoo_source"].fillna(""),
        zoo_accuracy=accuracy,
        from_zoo=accuracy == frame["original"],
    )


def imagenet_gains(frame: pd.DataFrame) -> pd.DataFrame:
    """ND minus each baseline (`bn`, and `none` where there is one), per network and metric, in percentage points.

    Columns: `GAIN_COLUMNS`. `original` and `reproduced` are the gains; `baseline_change` and `nd_change` are how far
    the reproduction is from the original in the baseline and in ND: the gain changes by their difference. Reproduced
    values are the spreadsheet's, with their third decimal. `least_error` and `independent_error` bound the standard
    error of the reproduced gain.

    Args:
        frame: from `imagenet_values`.
    """
    cells = frame.set_index(CELL)[["original", "single"]]
    rows = []
    for arch in IMAGENET_NETWORKS:
        for metric in METRICS:
            for baseline in ("bn", "none"):
                if (arch, "nd", metric) in cells.index and (arch, baseline, metric) in cells.index:
                    nd, base = cells.loc[(arch, "nd", metric)], cells.loc[(arch, baseline, metric)]
                    pair = nd["single"], base["single"]
                    gain, changes = nd - base, [one["single"] - one["original"] for one in (base, nd)]
                    points = [round(number, 3) for number in (gain["original"], gain["single"], *changes)]
                    errors = smallest_difference_error(points[1]), independent_difference_error(*pair)
                    rows.append([arch, metric, baseline, *points, *errors])
    return pd.DataFrame(rows, columns=GAIN_COLUMNS)


def binomial_error(percent: float, images: int = VALIDATION_IMAGES) -> float:
    """Standard error of an accuracy from drawing the images alone, in percentage points.

    A lower bound of the uncertainty of a single training: it leaves out everything that differs between trainings.
    """
    return nan if isnan(percent) else 100 * float(binom(images, percent / 100).std()) / images


def smallest_difference_error(points: float, images: int = VALIDATION_IMAGES) -> float:
    """The least that the standard error of a difference of two accuracies on the same images can be, in points.

    It is reached where one network is right on every image on which the other is right: the two then disagree on as
    few images as the difference allows.
    """
    return binomial_error(abs(points), images)


def independent_difference_error(one: float, other: float, images: int = VALIDATION_IMAGES) -> float:
    """The standard error of a difference of two accuracies, if the errors of the two networks had nothing in common."""
    return (binomial_error(one, images) ** 2 + binomial_error(other, images) ** 2) ** 0.5
