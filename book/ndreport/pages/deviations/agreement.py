"""Agreement of original and reproduced values: Bland–Altman figures, and the tables of coefficients."""

from __future__ import annotations

from math import isnan

import pandas as pd
from matplotlib.figure import Figure

from ndcore.study import DATASETS, NORM_LABELS
from ndreport.evidence.concordance import BlandAltman, bland_altman
from ndreport.evidence.deviations import NOT_PROVEN, TEST, TRAIN
from ndreport.evidence.proportions import RESAMPLES
from ndreport.pages.deviations.tables import group_name, number, setting_name
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import count, listing, points
from ndreport.rendering.svg import BLUE, GREEN, INK, PURPLE, VERMILLION, render, style
from ndreport.rendering.values import Value, missing, word

PANELS = {TEST: "bland-altman-test", TRAIN: "bland-altman-train", NOT_PROVEN: "bland-altman-not-proven"}
"""HTML ids, by what the reproduced values were measured on."""
SMALLEST_P = 0.0001
"""A smaller p is shown as "below this"."""
MARKERS = {"bn": "o", "nd": "^"}
COLOURS = {1: GREEN, 20: VERMILLION, 100: BLUE}
"""Colour by number of epochs; CIFAR-100 is drawn hollow."""


def bland_altman_alt(rows: pd.DataFrame, split: str) -> str:
    """What one panel states, in words."""
    if len(rows) < 2:
        return f"Bland–Altman plot of {split} accuracies: nothing to show."
    found = bland_altman(rows["original"], rows["mean"])
    outside = rows[~(rows["mean"] - rows["original"]).between(found.low, found.high)]
    names = listing(setting_name(row) for row in outside.itertuples())
    return (
        f"Bland–Altman plot, {split} accuracies of {count(len(rows), 'setting')}: reproduced minus original against "
        f"their mean. Bias {points(found.bias)} points, limits of agreement {points(found.low)} to "
        f"{points(found.high)}; outside them: {names}."
    )


def bland_altman_figures(pairs: pd.DataFrame) -> Html:
    """A panel for test, running training and unproven values: difference against mean, bias, limits of agreement.

    Args:
        pairs: from `ndreport.evidence.concordance.pairs`.
    """
    panels = [_panel(pairs[pairs["split"] == split], split) for split in PANELS]
    return Html(f'<div class="nd-figures">\n{"".join(panels)}\n</div>')


def _panel(rows: pd.DataFrame, split: str) -> Html:
    with style():
        figure = Figure(figsize=(3.9, 3.8))
        axes = figure.subplots()
        for (dataset, epochs, norm), group in rows.groupby(["dataset", "epochs", "norm"], sort=False):
            colour = COLOURS[epochs]
            axes.plot(
                (group["original"] + group["mean"]) / 2, group["mean"] - group["original"], MARKERS[norm], mec=colour,
                mfc=colour if dataset == "cifar10" else "none", markersize=5.5, ls="",
                label=f"{DATASETS[dataset]}, {epochs}, {NORM_LABELS[norm]}",
            )  # fmt: skip
        axes.axhline(0, color=INK, linewidth=0.8)
        if len(rows) > 1:
            found = bland_altman(rows["original"], rows["mean"])
            axes.axhline(found.bias, color=PURPLE, linewidth=1.6)
            for limit in (found.low, found.high):
                axes.axhline(limit, color=PURPLE, linewidth=1.2, linestyle=(0, (5, 3)))
            axes.legend(
                loc="lower center",
                bbox_to_anchor=(0.42, 1.0),
                ncols=2,
                fontsize=8,
                handletextpad=0.1,
                columnspacing=0.8,
            )
        axes.set(xlabel="mean of original and reproduced (%)", ylabel="reproduced − original (points)")
        caption = (
            f"{split[0].upper()}{split[1:]} accuracies. Solid: bias; dashed: limits of agreement; thin: equal. Legend: "
            "data set, epochs, normalisation."
        )
        return render(figure, PANELS[split], caption, bland_altman_alt(rows, split))


def agreement_view(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, limits of agreement and Lin's coefficient per data set, epochs and split.

    Args:
        found: from `ndreport.evidence.concordance.agreement`.
    """
    names = [group_name(row) for row in found.itertuples()]
    view = pd.DataFrame([_agreement(row) for row in found.itertuples()], index=pd.Index(names, dtype="object"))
    if len(view):
        view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _agreement(row) -> dict[tuple[str, str], Value]:
    settings = count(row.number, "setting")
    lin = f"bootstrap over networks, BCa, {RESAMPLES:,} resamples"
    return {
        ("reproduced − original (points)", "bias"): Value(
            points(row.bias), f"mean difference over {settings}", SOURCES_PAGE, row.bias
        ),
        ("reproduced − original (points)", "95 % interval"): _span(row.bias_low, row.bias_high, "Student's t"),
        ("reproduced − original (points)", "limits of agreement"): _span(row.low, row.high, "bias ± 1.96 SD"),
        ("concordance (Lin)", "coefficient"): number(row.ccc, f"over {settings}", digits=3),
        ("concordance (Lin)", "95 % interval"): _span(row.ccc_low, row.ccc_high, lin, signed=False),
        ("correlation", "Pearson"): number(row.pearson, f"over {settings}", digits=3),
    }


def _span(low: float, high: float, note: str, signed: bool = True) -> Value:
    if isnan(low) or isnan(high):
        return missing("not defined", "the values do not vary enough", SOURCES_PAGE)
    show = points if signed else "{:.2f}".format
    return word(f"{show(low)} to {show(high)}", note, SOURCES_PAGE)


def agreement_table(found: pd.DataFrame) -> Html:
    """Bias, limits of agreement and Lin's coefficient, as HTML."""
    caption = (
        "Agreement of original and reproduced average over the networks, with both normalisations: Bland–Altman's bias "
        "and limits of agreement, Lin's concordance correlation coefficient, and Pearson's correlation."
    )
    return table(agreement_view(found), caption, "agreement", "Settings")


def rankings_view(found: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of the networks per data set, epochs, split and normalisation.

    Args:
        found: from `ndreport.evidence.concordance.rankings`.
    """
    names = [f"{group_name(row)}, {NORM_LABELS[row.norm]}" for row in found.itertuples()]
    rows = [
        {
            "Kendall's τ": number(row.tau, f"over {count(row.number, 'network')}"),
            "p": _p(row.p, "exact" if row.exact else "normal approximation: two values are equal"),
            "p (Holm)": _p(row.holm, f"corrected for {count(len(found), 'row')}"),
            "Spearman's ρ": number(row.rho, f"over {count(row.number, 'network')}"),
        }
        for row in found.itertuples()
    ]
    return pd.DataFrame(rows, index=pd.Index(names, dtype="object"))


def _p(value: float, note: str) -> Value:
    return Value(f"{value:.4f}" if value >= SMALLEST_P else f"< {SMALLEST_P}", note, SOURCES_PAGE, value)


def rankings_table(found: pd.DataFrame) -> Html:
    """Rank correlation of the networks, as HTML."""
    caption = "Order of the networks by accuracy, original against reproduced average: rank correlations."
    return table(rankings_view(found), caption, "rankings", "Settings, normalisation", sortable=True)


def pooled(pairs: pd.DataFrame, split: str) -> BlandAltman | None:
    """Bias and limits over all settings of one split; None for fewer than two."""
    rows = pairs[pairs["split"] == split]
    return bland_altman(rows["original"], rows["mean"]) if len(rows) > 1 else None
