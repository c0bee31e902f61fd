"""Sentences about how the reproduced values compare with the original's; every number in them is computed here."""

from __future__ import annotations

from math import isnan

import pandas as pd

from ndcore.study import DATASETS, NETWORKS, NORM_LABELS
from ndreport.evidence.published import IMAGENET_NETWORKS
from ndreport.evidence.rules import COLOURS, RULES, THRESHOLD, VERDICTS, rule_counts
from ndreport.pages.tables_4_and_5.attempts import is_another_run, spread
from ndreport.pages.tables_4_and_5.comparison import ALLOWED, SIGNS, TABLES
from ndreport.rendering.prose import Prose, count, listing, percent, points, prose
from ndreport.rendering.stated import NOTHING

LABELS = {network.arch: network.label for network in NETWORKS} | IMAGENET_NETWORKS


def about_rules(compared: pd.DataFrame, dataset: str) -> Prose:
    """How many averages of one table are higher, within and lower, by both rules and as printed.

    Args:
        compared: from `ndreport.evidence.rules.comparisons`.
        dataset: "cifar10", "cifar100" or "imagenet".
    """
    here = compared[compared["dataset"] == dataset]
    if here.empty:
        return NOTHING
    lines = [
        "The captions colour a value green if it is greater than the original's, red if it is lower "
        f"by more than {percent(THRESHOLD, 0)} and black in between, and leave open of what: of the original's value "
        f"or of all images, that is, percentage points. {TABLES[dataset]}, {count(len(here), 'value')}:",
        "",
        *(f"- {rule} reading ({ALLOWED[rule]}): {_counts(here, rule)}" for rule in RULES),
        f"- as printed in colour: {_counts(here, 'printed')}" if (here["printed"] != "").any() else "",
    ]
    return prose("\n".join(lines))


def _counts(compared: pd.DataFrame, rule: str) -> str:
    counts = rule_counts(compared, rule)
    return listing(f"**{counts[verdict]}** {SIGNS[verdict]}" for verdict in VERDICTS)


def about_colours(compared: pd.DataFrame) -> Prose:
    """Which reading the printed colours follow, over all tables, and where they follow neither.

    Args:
        compared: from `ndreport.evidence.rules.comparisons`.
    """
    known = compared[compared["printed"] != ""]
    if known.empty:
        return prose("The file of printed colours could not be read, so they cannot be compared with the rules here.")
    agree = {rule: int((known["printed"] == known[rule]).sum()) for rule in RULES}
    others = known[(known["printed"] != known[list(RULES)].T).all()]
    closest = max(agree, key=agree.get)
    equal = known[known["original"] == known["reproduced"]]
    wrong = known[known["printed"] != known[closest]]
    lines = [
        f"The printed colours agree with the relative reading in {agree['relative']} of {len(known)} values and with "
        f"the absolute one in {agree['absolute']}. The discussion of the study calls the threshold a relative error, "
        f"but the {closest} reading explains all colours{' except these:' if len(wrong) else '.'}",
        "",
        *(_exception(row, closest) for _, row in wrong.iterrows()),
        *[""] * bool(len(wrong)),
        f"Colours that follow neither reading: {len(others) or 'none'}. Values that equal the original's in both "
        f"decimals: {len(equal) or 'none'}; the captions give no colour for that, and here it counts as within.",
    ]
    return prose("\n".join(lines))


def _exception(row: pd.Series, closest: str) -> str:
    colour = {verdict: colour for colour, verdict in COLOURS.items()}[row["printed"]]
    metric = "" if row["dataset"] in DATASETS else f", {row['metric'].replace('top', 'top-')}"
    return (
        f"- {LABELS[row['arch']]} {NORM_LABELS[row['norm']]}, {TABLES[row['dataset']]}{metric}, "
        f"{count(row['epochs'], 'epoch')}: {percent(row['reproduced'])} for {percent(row['original'])} "
        f"({points(row['difference'])} points) is {SIGNS[row[closest]]}, printed {colour}"
    )


def about_spread(single: pd.DataFrame, dataset: str) -> Prose:
    """How far the runs of one setting are apart, per number of epochs.

    Args:
        single: from `ndreport.evidence.corrections.attempts`.
        dataset: "cifar10" or "cifar100".
    """
    spreads = spread(single)
    here = spreads[spreads["runs"] > 1]
    here = here[here.index.get_level_values("dataset") == dataset].reset_index()
    if here.empty:
        return NOTHING
    lines = ["How far the runs of a setting are apart (largest minus smallest, in percentage points):", ""]
    for epochs, group in here.groupby("epochs"):
        widest = group.loc[group["range"].idxmax()]
        lines.append(
            f"- {count(epochs, 'epoch')}: median {group['range'].median():.2f}, at most "
            f"**{widest['range']:.2f}** ({LABELS[widest['arch']]} {NORM_LABELS[widest['norm']]})"
        )
    return prose("\n".join(lines))


def about_corrections(single: pd.DataFrame, dataset: str) -> Prose:
    """Which attempts are not the run that their place says, and how many cannot be checked.

    Args:
        single: from `ndreport.evidence.corrections.attempts`.
        dataset: "cifar10" or "cifar100".
    """
    here = single[single["dataset"] == dataset]
    if here.empty:
        return NOTHING
    unchecked = len(here) - here["logged"].count()
    checked, wrong = here[here["logged"].notna()], here[here.apply(is_another_run, axis=1, result_type="reduce")]
    lines = [
        f"Public logs cover {len(checked)} of the {count(len(here), 'attempt')} of {DATASETS[dataset]}. "
        f"{'All' if wrong.empty else len(checked) - len(wrong)} of these are the run that their place in the "
        f"spreadsheet says{'' if wrong.empty else f', **{len(wrong)}** are not'}. The other {unchecked} cannot "
        "be checked from what is public.",
        "",
        *(_correction(row) for _, row in wrong.iterrows()),
        *[""] * bool(len(wrong)),
        "[What was measured](measured.ipynb) has the evidence and the tables with the right runs.",
    ]
    return prose("\n".join(lines))


def _correction(row: pd.Series) -> str:
    right = row["corrected_top1"]
    instead = "no right value is known" if isnan(right) else f"the right value is {percent(right)}"
    return (
        f"- {LABELS[row['arch']]} {NORM_LABELS[row['norm']]}, {count(row['epochs'], 'epoch')}, attempt "
        f"{row['attempt']} ({percent(row['top1'])}): {row['correction']}; {instead}"
    )
