"""Learning curves of a record, drawn with seaborn."""

from __future__ import annotations

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS, NORM_LABELS
from ndreport.rendering.html import Html
from ndreport.rendering.svg import SPLIT_COLOURS, SPLIT_MARKERS, WIDTH, render, style

RUNNING, TEST = "running training", "test"
MEASURES = {"top1": ("top-1 accuracy", "percent", "%"), "loss": ("cross entropy", "nats", "nats")}

MARKED = 20
"""Up to so many epochs every one has a marker."""


def learning_curves(record: RunRecord) -> pd.DataFrame:
    """Long table of a record's epochs: epoch, split, top1 (percent) and loss (nats)."""
    return pd.DataFrame(
        {"epoch": e.epoch, "split": split, "top1": accuracy.top1, "loss": accuracy.loss}
        for e in record.epochs
        for split, accuracy in ((RUNNING, e.running_train), (TEST, e.test))
    )


def describe(record: RunRecord) -> str:
    """A run in a few words: "resnet18d, ND, CIFAR-100, 1 epoch"."""
    config = record.config
    epochs = f"{config.epochs} epoch{'s' * (config.epochs > 1)}"
    return f"{config.arch}, {NORM_LABELS[config.norm]}, {DATASETS.get(config.dataset, config.dataset)}, {epochs}"


def alt_text(record: RunRecord, measure: str) -> str:
    """What the curve of a record states, in words: first and last value of both splits."""
    name, _, unit = MEASURES[measure]
    curves = learning_curves(record)
    parts = []
    for split in (RUNNING, TEST):
        values = curves.loc[curves["split"] == split, measure].tolist()
        parts.append(f"{split} {values[0]:.2f} to {values[-1]:.2f} {unit}")
    span = f"epochs 1 to {len(record.epochs)}"
    return f"{name[0].upper()}{name[1:]} of {describe(record)} over {span}: {'; '.join(parts)}."


def curve(record: RunRecord, ident: str, measure: str = "top1") -> Html:
    """Running training and test values of a record over its epochs.

    Args:
        record: with more than one finished epoch; a single value per split is no curve.
        ident: HTML id, unique in the page.
        measure: "top1" (percent) or "loss" (cross entropy in nats).
    """
    import seaborn as sns  # noqa: PLC0415 - more than a second, and every page loads this module
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    name, unit, _ = MEASURES[measure]
    curves = learning_curves(record)
    palette = {RUNNING: SPLIT_COLOURS["train"], TEST: SPLIT_COLOURS["test"]}
    markers = {RUNNING: SPLIT_MARKERS["train"], TEST: SPLIT_MARKERS["test"]}
    few = len(record.epochs) <= MARKED
    with style():
        figure = Figure(figsize=(WIDTH, 2.8))
        axes = figure.subplots()
        sns.lineplot(
            data=curves, x="epoch", y=measure, hue="split", style="split", ax=axes, errorbar=None, linewidth=1.8,
            palette=palette, markers=markers if few else False, markeredgecolor="none", markersize=5,
            dashes={RUNNING: (4, 2), TEST: ""},
        )  # fmt: skip
        axes.set(xlabel="epoch", ylabel=f"{name} ({unit})")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
        _room(axes, curves[measure], percent=measure == "top1")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, title=None)
        return render(figure, ident, f"{name[0].upper()}{name[1:]} per epoch.", alt_text(record, measure))


def _room(axes, values: pd.Series, percent: bool) -> None:
    """Limits of the vertical axis: from zero, with room above, and never beyond what a percentage can be."""
    top = max(values.max() * 1.15, 1e-3)
    axes.set_ylim(0, min(top, 100.5) if percent else top)
