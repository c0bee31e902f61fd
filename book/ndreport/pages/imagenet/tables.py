"""Tables 6 and 7, the origin of their baselines, and what ND gains over them."""

from __future__ import annotations

from math import isnan

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.evidence.imagenet import (
    METRICS,
    VALIDATION_IMAGES,
    binomial_error,
    independent_difference_error,
    smallest_difference_error,
)
from ndreport.evidence.published import IMAGENET_NETWORKS
from ndreport.pages.tables_4_and_5.comparison import compared_cells
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import IMAGENET_PAGE, RUNS_PAGE, ZOO_PAGE
from ndreport.rendering.prose import points
from ndreport.rendering.values import NOT_RUN, Value, decimal, judgement, missing

NETWORKS_OF_TABLE = {6: ("vgg11",), 7: ("resnet18", "densenet121")}
NORM_NAMES = NORM_LABELS | {"none": "no normalisation"}


def row_name(row: pd.Series) -> str:
    """ "VGG-11, BN, top-1"."""
    return f"{IMAGENET_NETWORKS[row['arch']]}, {NORM_NAMES[row['norm']]}, {METRICS[row['metric']]}"


def values_view(values: pd.DataFrame, number: int) -> pd.DataFrame:
    """Table 6 or 7: one row per network, norm and metric, accuracies in percent.

    Args:
        values: from `ndreport.evidence.imagenet.imagenet_values`.
        number: 6 or 7.
    """
    networks = NETWORKS_OF_TABLE[number]
    rows = values[values["arch"].isin(networks)]
    view = pd.DataFrame(
        [_values_row(row) for _, row in rows.iterrows()], index=[row_name(r) for _, r in rows.iterrows()]
    )
    if len(view):
        view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _values_row(row: pd.Series) -> dict[tuple[str, str], Value]:
    study, own = "Obadage et al. 2024", "This report"
    return {
        ("Ye et al. 2020", "original"): decimal(row["original"], row["original_source"], IMAGENET_PAGE),
        (study, "printed"): decimal(row["reproduced"], row["reproduced_source"], IMAGENET_PAGE),
        (study, "spreadsheet"): _number(row["single"], row["single_source"], IMAGENET_PAGE, 3),
        (study, "± drawing images"): _error(row),
        **{("Printed against original", name): value for name, value in compared_cells(row).items()},
        (own, "top-1, top-5"): missing(NOT_RUN, "no record of a training on ImageNet", RUNS_PAGE),
    }


def _number(number: float, note: str, link: str, digits: int = 2) -> Value:
    if isnan(number):
        return missing("missing", "the file of this value is damaged or lacks it", link)
    return decimal(number, note, link, digits)


def _error(row: pd.Series) -> Value:
    note = (
        f"lower bound: binomial standard error of a share of {VALIDATION_IMAGES:,} validation images; what differs "
        "between trainings comes on top"
    )
    return _number(binomial_error(row["single"]), note, IMAGENET_PAGE, 3)


def values_table(values: pd.DataFrame, number: int) -> Html:
    """Table 6 or 7 as HTML."""
    networks = " and ".join(IMAGENET_NETWORKS[arch] for arch in NETWORKS_OF_TABLE[number])
    caption = (
        f"Table {number}, ImageNet, {networks}: accuracy in percent as printed, and with the third decimal of the "
        "study's spreadsheet; one run per value."
    )
    return table(values_view(values, number), caption, f"table-{number}", "Network")


def origin_view(values: pd.DataFrame) -> pd.DataFrame:
    """The original's baselines beside the accuracies of torchvision's trained networks."""
    rows = values[values["norm"] != "nd"]
    view = {}
    for _, row in rows.iterrows():
        known = not isnan(row["zoo_error"])
        same = judgement("good", "equal", "to the last printed digit", ZOO_PAGE)
        other = judgement("bad", "different", "in the printed digits", ZOO_PAGE)
        unknown = missing("missing", "the file of torchvision's values is damaged or lacks it", ZOO_PAGE)
        view[row_name(row)] = {
            "torchvision, error": _number(row["zoo_error"], row["zoo_source"], ZOO_PAGE),
            "100 − error": _number(row["zoo_accuracy"], "computed", ZOO_PAGE),
            "original, as printed": decimal(row["original"], row["original_source"], IMAGENET_PAGE),
            "the two are": (same if row["from_zoo"] else other) if known else unknown,
            "retrained": _number(row["single"], row["single_source"], IMAGENET_PAGE, 3),
            "retrained − original": _points(row["single"] - row["original"], "points", IMAGENET_PAGE),
        }
    return pd.DataFrame.from_dict(view, orient="index")


def _points(number: float, note: str, link: str, digits: int = 3) -> Value:
    if isnan(number):
        return missing("missing", "a file of these values is damaged or lacks one", link)
    return Value(points(number, digits), note, link, number)


def origin_table(values: pd.DataFrame) -> Html:
    """The origin of the baselines as HTML."""
    caption = "Baselines of the original on ImageNet, in percent, and what torchvision documents for its own networks."
    return table(origin_view(values), caption, "imagenet-baselines", "Baseline")


def gain_name(gain: pd.Series) -> str:
    """ "VGG-11, ND − BN, top-1"."""
    return f"{IMAGENET_NETWORKS[gain['arch']]}, ND − {NORM_NAMES[gain['baseline']]}, {METRICS[gain['metric']]}"


def gains_view(gains: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """What ND gains over each baseline, in percentage points, and the bounds of its standard error.

    Args:
        gains: from `ndreport.evidence.imagenet.imagenet_gains`.
        values: from `ndreport.evidence.imagenet.imagenet_values`.
    """
    single = values.set_index(["arch", "norm", "metric"])["single"]
    view = {}
    for _, gain in gains.iterrows():
        pair = [single[gain["arch"], norm, gain["metric"]] for norm in ("nd", gain["baseline"])]
        least, note = smallest_difference_error(gain["reproduced"]), f"drawing of {VALIDATION_IMAGES:,} images alone"
        view[gain_name(gain)] = {
            "gain, original": _points(gain["original"], "difference of the printed values", IMAGENET_PAGE, 2),
            "gain, reproduced": _points(gain["reproduced"], "difference of the spreadsheet's values", IMAGENET_PAGE),
            "change of baseline": _points(gain["baseline_change"], "reproduced minus original", IMAGENET_PAGE),
            "change of ND": _points(gain["nd_change"], "reproduced minus original", IMAGENET_PAGE),
            "± at least": _number(least, f"{note}: if the networks disagree as seldom as they can", IMAGENET_PAGE, 3),
            "± if independent": _number(
                independent_difference_error(*pair), f"{note}: if their errors have nothing in common", IMAGENET_PAGE, 3
            ),
        }
    return pd.DataFrame.from_dict(view, orient="index")


def gains_table(gains: pd.DataFrame, values: pd.DataFrame) -> Html:
    """What ND gains, as HTML."""
    caption = (
        "What ND gains on ImageNet, in percentage points; ±: standard error of the reproduced gain from drawing the "
        "validation images alone, a lower bound of its uncertainty."
    )
    return table(gains_view(gains, values), caption, "imagenet-gains", "Difference")
