"""The evidence matrix at a glance: a box per setting, with a letter per attempt and a word on logs and our own runs."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NORM_LABELS, NORMS
from ndreport.evidence.matrix import NOT_PROVEN, logged
from ndreport.evidence.runs import STUDY_DATASETS
from ndreport.rendering.html import Html
from ndreport.rendering.prose import count
from ndreport.rendering.svg import BLUE, INK, PURPLE, VERMILLION, render, style

LETTERS = {"test": "T", "train": "R", NOT_PROVEN: "?", "missing": "–"}
FILLS = {"test": (BLUE, 0.3), "train": (VERMILLION, 0.3), NOT_PROVEN: (PURPLE, 0.2), "missing": ("none", 1.0)}
"""Colour of a box by what most of its attempts were measured on; the letters say it too."""
SIZE = (4.9, 5.6)


def boxes(evidence: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """One row per network × epochs × norm: `letters` of its attempts, `split` of most of them, `logs`, `seeds`.

    Args:
        evidence: from `ndreport.evidence.matrix.evidence`.
        dataset: "cifar10" or "cifar100".
    """
    here = evidence[evidence["dataset"] == dataset]
    known = here["split"].where(here["reproduced"].notna(), "missing")
    here = here.assign(letter=known.map(LETTERS), known=known, has_log=logged(here))
    groups = here.groupby(["label", "epochs", "norm"], sort=False)
    return groups.agg(
        letters=("letter", "".join),
        split=("known", lambda s: s.mode().iloc[0]),
        logs=("has_log", "sum"),
        seeds=("own_seeds", "first"),
    ).reset_index()


def matrix_alt(drawn: pd.DataFrame, dataset: str) -> str:
    """What the figure states, in words: the letters of every box, per network and norm."""
    parts = []
    for (label, norm), rows in drawn.groupby(["label", "norm"], sort=False):
        cells = (f"{row.letters} {_below(row)}" for row in rows.itertuples())
        parts.append(f"{label} {NORM_LABELS[norm]} {', '.join(cells)}")
    columns = ", ".join(count(epochs, "epoch") for epochs in EPOCHS)
    return (
        f"Evidence for the values on {DATASETS[dataset]}, per network and norm for {columns}; a letter per attempt: "
        f"T test, R running training, ? not proven. {'; '.join(parts)}."
    )


def _below(row: object) -> str:
    return f"{'log' if row.logs else 'no log'}, {count(row.seeds, 'seed')} of ours"


def matrix_figure(evidence: pd.DataFrame, dataset: str) -> Html:
    """A box per network × epochs × norm: what its attempts were measured on, logs, and seeds of our own."""
    drawn = boxes(evidence, dataset)
    columns = [(epochs, norm) for epochs in EPOCHS for norm in NORMS]
    labels = list(dict.fromkeys(drawn["label"]))
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for row in drawn.itertuples():
            x, y = columns.index((row.epochs, row.norm)), labels.index(row.label)
            colour, alpha = FILLS[row.split]
            axes.add_patch(Rectangle((x - 0.47, y - 0.45), 0.94, 0.9, facecolor=colour, alpha=alpha, linewidth=0))
            axes.add_patch(Rectangle((x - 0.47, y - 0.45), 0.94, 0.9, fill=False, edgecolor=INK, linewidth=0.6))
            axes.text(x, y - 0.17, row.letters, ha="center", va="center", fontsize=9)
            axes.text(x, y + 0.22, f"{'L' if row.logs else '·'} {row.seeds}", ha="center", va="center", fontsize=8)
        axes.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(labels) - 0.4, -0.6))
        axes.set_xticks(range(len(columns)), [f"{NORM_LABELS[norm]} {epochs}" for epochs, norm in columns])
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        axes.grid(visible=False)
        for side in axes.spines.values():
            side.set_visible(False)
        caption = (
            f"{DATASETS[dataset]}. Above, one letter for each of {len(ATTEMPTS)} attempts: T test, R running training, "
            "? not proven. Below: L if a log prints both accuracies, · if none is public; then the number of seeds "
            "that we ran, 0 if nobody did."
        )
        return render(figure, f"matrix-figure-{dataset}", caption, matrix_alt(drawn, dataset))


def matrix_figures(evidence: pd.DataFrame) -> Html:
    """The matrix at a glance for both CIFAR data sets."""
    figures = "\n".join(matrix_figure(evidence, dataset) for dataset in STUDY_DATASETS)
    return Html(f'<div class="nd-figures">\n{figures}\n</div>')
