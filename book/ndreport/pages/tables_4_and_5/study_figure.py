"""Figures 2 and 3 as the study drew them: accuracies of BN and ND, original and reproduced, per network."""

from __future__ import annotations

from math import isnan

import pandas as pd
from matplotlib.figure import Figure

from ndcore.study import DATASETS, EPOCHS, NORM_LABELS
from ndreport.pages.tables_4_and_5.rows import split_counts
from ndreport.rendering.html import Html
from ndreport.rendering.prose import count, listing
from ndreport.rendering.svg import INK, NORM_COLOURS, WIDTH, render, side_by_side, style
from ndreport.rendering.values import MISSING_FILE

NUMBERS = {"cifar10": 2, "cifar100": 3}
PANELS = dict(zip(EPOCHS, "abc", strict=True))
SIZE = (WIDTH, 6.4)
"""Inches; legible at the width of a phone."""
BARS = {
    ("bn", "original"): ("O_BN", NORM_COLOURS["bn"], ""),
    ("bn", "reproduced"): ("R_BN", NORM_COLOURS["bn"], "////"),
    ("nd", "original"): ("O_ND", NORM_COLOURS["nd"], ""),
    ("nd", "reproduced"): ("R_ND", NORM_COLOURS["nd"], "////"),
}
"""How each series is called in the study's legend, its colour and its pattern; our legend spells it out."""
WORDS = {"test": "proven test", "train": "proven running training", "not proven": "not proven"}


def bars(rows: pd.DataFrame, epochs: int) -> dict[str, dict[str, float]]:
    """The accuracies that one panel draws, by series ("O_BN_20") and network; NaN where a value is missing.

    Args:
        rows: from `accuracy_rows`.
        epochs: 1, 20 or 100.
    """
    here = rows[(rows["epochs"] == epochs) & rows["first_of_label"]]
    return {
        f"{name}_{epochs}": here[here["norm"] == norm].set_index("label")[study].to_dict()
        for (norm, study), (name, _, _) in BARS.items()
    }


def bars_alt(rows: pd.DataFrame, dataset: str, epochs: int) -> str:
    """What one panel states, in words: every drawn value."""
    drawn = bars(rows, epochs)
    values = [
        f"{label} {', '.join(MISSING_FILE if isnan(value) else f'{value:.2f}' for value in series)}"
        for label, series in pd.DataFrame(drawn).iterrows()
    ]
    return (
        f"Top-1 accuracy on {DATASETS[dataset]} in percent after {count(epochs, 'epoch')}, bars per network in the "
        f"order {', '.join(drawn)}: {'; '.join(values)}."
    )


def study_panel(rows: pd.DataFrame, published: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """One panel of Figure 2 (cifar10) or 3 (cifar100): four bars per network."""
    drawn = bars(rows, epochs)
    labels = list(next(iter(drawn.values())))
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        looks = [(f"{NORM_LABELS[norm]}, {study}", *look[1:]) for (norm, study), look in BARS.items()]
        for number, (series, (label, colour, pattern)) in enumerate(zip(drawn.values(), looks, strict=True)):
            places = [place + (number - 1.5) * 0.2 for place in range(len(labels))]
            axes.barh(
                places, list(series.values()), height=0.2, label=label, facecolor=colour, hatch=pattern, edgecolor=INK,
                linewidth=0.6,
            )  # fmt: skip
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.45, -0.55)
        axes.grid(visible=False, axis="y")
        axes.set(xlim=(0, 100), xlabel="top-1 accuracy (percent)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=2, columnspacing=1.0, handlelength=1.4)
        ident = f"figure-{NUMBERS[dataset]}-{PANELS[epochs]}"
        return render(figure, ident, _caption(published, dataset, epochs), bars_alt(rows, dataset, epochs))


def _caption(published: pd.DataFrame, dataset: str, epochs: int) -> str:
    splits = split_counts(published, dataset).loc[epochs]
    known = [f"{splits[split]} {words}" for split, words in WORDS.items() if splits[split]]
    return (
        f"Figure {NUMBERS[dataset]} ({PANELS[epochs]}): {DATASETS[dataset]}, {count(epochs, 'epoch')}. Reproduced: "
        "average of three attempts, as printed. What these attempts were measured on: "
        f"{listing(known or ['not known'])}."
    )


def study_figure(rows: pd.DataFrame, published: pd.DataFrame, dataset: str) -> Html:
    """Figure 2 (cifar10) or 3 (cifar100), one panel per number of epochs.

    Args:
        rows: from `accuracy_rows`.
        published: the accuracies with the split of every attempt.
        dataset: "cifar10" or "cifar100".
    """
    return side_by_side(study_panel(rows, published, dataset, epochs) for epochs in EPOCHS)
