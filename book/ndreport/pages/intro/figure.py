"""What the printed averages are: beside the original's values and both accuracies of the study's own logs."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ndcore.study import DATASETS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.published import Published
from ndreport.rendering.html import Html
from ndreport.rendering.prose import count
from ndreport.rendering.svg import BLUE, GREEN, INK, VERMILLION, render, style

DATASET, EPOCHS = "cifar100", 20
"""The setting that is drawn: every run has a log, and training and test accuracy are far apart."""
SERIES = {
    "original": ("original, as printed", "D", GREEN),
    "test": ("reproduction, test accuracy in its logs", "o", BLUE),
    "train": ("reproduction, running training accuracy in its logs", "s", VERMILLION),
    "printed": ("reproduction, as printed", "x", INK),
}


def compared(published: Published) -> pd.DataFrame:
    """One row per network and norm: the columns `arch`, `norm` and those of `SERIES`, top-1 in percent.

    `test` and `train` are means over the logged runs that finished.
    """
    runs = attempts(published)
    runs = runs[(runs["dataset"] == DATASET) & (runs["epochs"] == EPOCHS) & runs["corrected_top1"].notna()]
    logs = runs.groupby(["arch", "norm"])[["train_top1", "test_top1"]].mean()
    table = published.accuracies
    table = table[(table["dataset"] == DATASET) & (table["epochs"] == EPOCHS) & table["attempt"].isna()]
    printed = table.pivot(index=["arch", "norm"], columns="study", values="value").reindex(columns=["original", "re"])
    frame = printed.join(logs).rename(columns={"re": "printed", "train_top1": "train", "test_top1": "test"})
    return frame.dropna().reset_index()


def compared_alt(frame: pd.DataFrame) -> str:
    """What the figure states, in words: every drawn value."""
    labels = {network.arch: network.label for network in NETWORKS}
    rows = [
        f"{labels[row.arch]} {NORM_LABELS[row.norm]} "
        + ", ".join(f"{name} {getattr(row, name):.1f}" for name in SERIES)
        for row in frame.itertuples()
    ]
    if not rows:
        return "Printed averages beside the logs: nothing to show yet."
    return (
        f"Top-1 accuracy in percent on {DATASETS[DATASET]} after {count(EPOCHS, 'epoch')}, a row per network: "
        f"original, test and training accuracy in the logs, printed. {'; '.join(rows)}."
    )


def compared_figure(published: Published) -> Html:
    """Four points per network, a panel per norm: the printed average sits on the training accuracy."""
    frame = compared(published)
    panels = "\n".join(_panel(frame[frame["norm"] == norm], norm) for norm in NORMS)
    return Html(f'<div class="nd-figures">\n{panels}\n</div>')


def _panel(rows: pd.DataFrame, norm: str) -> Html:
    places = {network.arch: place for place, network in enumerate(NETWORKS)}
    heights = [places[arch] for arch in rows["arch"]]
    with style():
        figure = Figure(figsize=(4.6, 4.6))
        axes = figure.subplots()
        for name, (label, marker, colour) in SERIES.items():
            axes.plot(
                rows[name], heights, marker, color=colour, label=label, linestyle="", markeredgewidth=1.4,
                markersize=8 if marker == "x" else 5.5, markerfacecolor=colour if name == "train" else "none",
            )  # fmt: skip
        axes.set(xlabel=f"top-1 accuracy (%) with {NORM_LABELS[norm]}", xlim=(30, 102))
        axes.set_ylim(len(NETWORKS) - 0.5, -0.5)
        axes.set_yticks(list(places.values()), [network.label for network in NETWORKS])
        figure.legend(loc="outside upper center", handletextpad=0.2)
        caption = (
            f"{NORM_LABELS[norm]}, {DATASETS[DATASET]}, {count(EPOCHS, 'epoch')}: the reproduction's printed average "
            "(cross) beside the two accuracies in its own logs, and the original's value."
        )
        return render(figure, f"printed-against-logs-{norm}", caption, compared_alt(rows))
