"""Tables 6 and 7: BN, ND and their difference in the original, in the reproduction and in our own runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.evidence.imagenet import VALIDATION_IMAGES, binomial_error
from ndreport.evidence.imagenet_times import NORMS as IMAGENET_NORMS
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS
from ndreport.evidence.runs import Setting, complete_runs, count_seeds
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.comparison import compared_columns
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, disclosure, table
from ndreport.rendering.links import IMAGENET_PAGE, link
from ndreport.rendering.not_run import not_on_imagenet
from ndreport.rendering.prose import points
from ndreport.rendering.values import Value, decimal, judgement

NETWORKS_OF_TABLE = {6: ("vgg11",), 7: ("resnet18", "densenet121")}
NORM_NAMES = NORM_LABELS | {"none": "no normalisation"}


def row_name(row: Any) -> str:
    """ "VGG-11, BN, top-1"."""
    return f"{IMAGENET_NETWORKS[row.arch]}, {NORM_NAMES[row.norm]}, {METRICS[row.metric]}"


def _own(row: Any, material: Material) -> Value:
    runs = complete_runs(material.records, Setting("imagenet", f"{row.arch}_imagenet", row.norm, row.epochs))
    if not runs:
        return not_on_imagenet(material.published, row.arch, row.norm, row.metric)
    mean = fmean(getattr(run.final_epoch, f"test_{row.metric}") for run in runs)
    return decimal(mean, f"final epoch, {count_seeds(runs)}: {', '.join(r.run_id for r in runs)}", link(runs[0]))


STUDY, LACKS = "Obadage et al. 2024", "the file of this value is damaged or lacks it"
ERROR = (
    f"lower bound: binomial standard error of a share of {VALIDATION_IMAGES:,} validation images; what differs between "
    "trainings comes on top"
)
VALUES = (
    Column(("Ye et al. 2020", "original"), "original", 2, "{original_source}", IMAGENET_PAGE),
    Column((STUDY, "printed"), "reproduced", 2, "{reproduced_source}", IMAGENET_PAGE),
    Column((STUDY, "spreadsheet"), "single", 3, "{single_source}", IMAGENET_PAGE, why=LACKS),
    Column((STUDY, "± drawing images"), lambda row: binomial_error(row.single), 3, ERROR, IMAGENET_PAGE, why=LACKS),
    *compared_columns("Printed against original"),
)


def _single(values: Mapping[str, Any], norm: str, of: str, digits: int) -> Value | None:
    row = values[norm]
    number = getattr(row, of)
    if pd.isna(number):
        return None
    notes = {"original": row.original_source, "single": f"{row.reproduced_source}; {row.single_source}"}
    return Value(f"{number:.{digits}f}", notes[of], IMAGENET_PAGE, number)


def _gain(values: Mapping[str, Any], of: str, digits: int) -> Value | None:
    gain = getattr(values["nd"], of) - getattr(values["bn"], of)
    return None if pd.isna(gain) else Value(points(gain, digits), "ND − BN, in points", IMAGENET_PAGE, gain)


def _ahead(values: Mapping[str, Any]) -> Value | None:
    gain = values["nd"].single - values["bn"].single
    if pd.isna(gain):
        return None
    note = "one run with each norm; what another seed would change is not known"
    return judgement(
        "good" if gain > 0 else "bad", f"{'yes' if gain > 0 else 'no'}, {points(gain)}", note, IMAGENET_PAGE
    )


def _columns(archs: Sequence[str], material: Material) -> list[Column]:
    """BN, ND and their difference by who measured, the answer first."""
    norms = IMAGENET_NORMS[archs[0]]
    columns = [Column(("reproduction", "ND ahead?"), _ahead, link=IMAGENET_PAGE, why=LACKS)]
    for header, of, digits in (("original, as printed", "original", 2), ("reproduction", "single", 3)):
        columns += [
            Column(
                (header, NORM_LABELS[norm]),
                lambda values, norm=norm, of=of, digits=digits: _single(values, norm, of, digits),
                link=IMAGENET_PAGE,
                why=LACKS,
            )
            for norm in norms
        ]
        gain = partial(_gain, of=of, digits=digits)
        columns.append(Column((header, "ND − BN"), gain, link=IMAGENET_PAGE, why=LACKS))
    return columns + [
        Column(("this report", NORM_LABELS[norm]), lambda values, norm=norm: _own(values[norm], material))
        for norm in norms
    ]


def values_table(values: pd.DataFrame, number: int, material: Material) -> Html:
    """Table 6 or 7: a row per network and metric, accuracies in percent; behind a line, how the values compare.

    Args:
        values: from `ndreport.evidence.imagenet.imagenet_values`.
        number: 6 or 7.
        material: everything in `runs/`.
    """
    archs = NETWORKS_OF_TABLE[number]
    here = values[values["arch"].isin(archs)]
    names = " and ".join(IMAGENET_NETWORKS[arch] for arch in archs)
    rows = [{row.norm: row for row in group.itertuples()} for _, group in here.groupby(["arch", "metric"], sort=False)]
    caption = (
        f"Table {number}, ImageNet, {names}: accuracy in percent, ND − BN in percentage points, one run per value; the "
        "reproduction with the third decimal of its spreadsheet."
    )
    shown = view(rows, _columns(archs, material), lambda row: row_name(row["nd"]).replace(f", {NORM_LABELS['nd']}", ""))
    caption_of_values = f"Table {number}: every value, its error from drawing images, and how it compares."
    compared = table(view(here, VALUES, row_name), caption_of_values, f"table-{number}-values", "Network")
    behind = disclosure("Every value against the original: higher, within or lower?", compared)
    return Html(f"{table(shown, caption, f'table-{number}', 'Network')}\n{behind}")
