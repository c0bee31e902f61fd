"""Learning curves of a record, drawn with seaborn."""

from __future__ import annotations

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS, NORM_LABELS
from ndreport.rendering.html import Html
from ndreport.rendering.svg import SPLIT_COLOURS, WIDTH, render, style

RUNNING, TEST = "running training", "test"
MEASURES = {"top1": ("top-1 accuracy", "percent", "%"), "loss": ("cross entropy", "nats", "nats")}


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


def alt_text(record: RunRecord) -> str:
    """What the curves of a record state, in words: first and last value of both measures and splits."""
    curves = learning_curves(record)
    parts = []
    for measure, (name, _, unit) in MEASURES.items():
        for split in (RUNNING, TEST):
            values = curves.loc[curves["split"] == split, measure].tolist()
            parts.append(f"{split} {name} {values[0]:.2f} to {values[-1]:.2f} {unit}")
    return f"Learning curves of {describe(record)}, epochs 1 to {len(record.epochs)}: {'; '.join(parts)}."


def curves(record: RunRecord, ident: str) -> Html:
    """Running training and test values of a record over its epochs: accuracy above, cross entropy below.

    Args:
        record: with more than one finished epoch; a single value per split is no curve.
        ident: HTML id, unique in the page.
    """
    import seaborn as sns  # noqa: PLC0415 - more than a second, and every page loads this module
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    frame = learning_curves(record)
    splits = {RUNNING: "train", TEST: "test"}
    palette = {split: SPLIT_COLOURS[key] for split, key in splits.items()}
    with style():
        figure = Figure(figsize=(WIDTH, 4.0))
        for axes, (measure, (name, unit, _)) in zip(figure.subplots(2, 1, sharex=True), MEASURES.items(), strict=True):
            sns.lineplot(
                data=frame, x="epoch", y=measure, hue="split", style="split", ax=axes, errorbar=None, linewidth=1.8,
                palette=palette, dashes={RUNNING: (4, 2), TEST: ""}, legend=measure == "top1",
            )  # fmt: skip
            axes.set(xlabel="epoch", ylabel=f"{name} ({unit})")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
            _room(axes, frame[measure], percent=measure == "top1")
            if measure == "top1":
                axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, title=None)
        return render(figure, ident, "Accuracy and cross entropy per epoch.", alt_text(record))


def _room(axes, values: pd.Series, percent: bool) -> None:
    """Limits of the vertical axis: from zero, with room above, and never beyond what a percentage can be."""
    top = max(values.max() * 1.15, 1e-3)
    axes.set_ylim(0, min(top, 100.5) if percent else top)
