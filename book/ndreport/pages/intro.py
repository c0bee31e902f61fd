"""The study in one page: the printed averages beside both accuracies of the study's own logs, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import pandas as pd
from matplotlib.figure import Figure

from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS, NETWORK_LABELS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.claims import Decision
from ndreport.evidence.corrections import attempts
from ndreport.evidence.decimals import suggested_tests
from ndreport.evidence.families import Tested
from ndreport.evidence.imagenet_times import NORMS as IMAGENET_NORMS
from ndreport.evidence.published import Published
from ndreport.evidence.runs import STUDY_DATASETS, Difference, coverage, differences, runs_of_settings
from ndreport.evidence.series import logged_tests
from ndreport.evidence.splits import BLOCK, measured_on
from ndreport.material import Material
from ndreport.pages import claims
from ndreport.pages.claim.numbers import conclusion, imagenet_numbers
from ndreport.pages.times.numbers import of_ratios
from ndreport.rendering.html import Html
from ndreport.rendering.prose import Prose, count, in_cases, listing, prose, span
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.svg import INK, SOURCE_COLOURS, SPLIT_COLOURS, WIDTH, render, side_by_side, style
from ndreport.rendering.values import NOT_RUN

DATASET, EPOCHS = "cifar100", 20
"""The setting that is drawn: every run has a log, and training and test accuracy are far apart."""
IMAGENET_RUNS = sum(map(len, IMAGENET_NORMS.values()))
SERIES = {
    "original": ("original, as printed", "D", SOURCE_COLOURS["original"]),
    "test": ("reproduction, test accuracy in its logs", "o", SPLIT_COLOURS["test"]),
    "train": ("reproduction, running training accuracy in its logs", "s", SPLIT_COLOURS["train"]),
    "printed": ("reproduction, as printed", "x", INK),
}


def numbers(
    tested: Sequence[Tested], ratios: pd.DataFrame, decisions: Sequence[Decision], material: Material
) -> dict[str, object]:
    """What the sentences of the page name.

    Args:
        tested: from `ndreport.evidence.families.paired_tests`.
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
        decisions: the verdicts of the ledger.
        material: everything in `runs/`.
    """
    frame, grid = compared(material.published), coverage([])
    far = {name: (frame["printed"] - frame[name]).abs() for name in ("train", "test")}
    reproduced, shown = ((frame[name] - frame["original"]).abs().median() for name in ("test", "printed"))
    return {
        "rerun": rerun(material.records),
        **judged(material.published),
        "imagenet_reproduced": imagenet_numbers(material.published).get("imagenet_reproduced", nan),
        **conclusion(tested),
        **of_ratios(ratios),
        **claims.numbers(decisions, material),
        "compared": len(frame),
        "nearer_train": int((far["train"] < far["test"]).sum()),
        "from_train": f"{far['train'].median():.2f}",
        "from_test": f"{far['test'].median():.1f}",
        "test_from_original": f"{reproduced:.1f}",
        "printed_from_original": f"{shown:.1f}",
        "grid_settings": grid.settings,
        "grid_cells": grid.cells,
    }


def rerun(records: Sequence[RunRecord]) -> str:
    """ "12 of the 360 trainings on CIFAR (1 epoch, on a CPU) and none of the 7 on ImageNet"."""
    covered = coverage(records)
    runs = [run for runs in runs_of_settings(records) for run in runs]
    epochs = listing(count(number, "epoch") for number in sorted({run.config.epochs for run in runs}))
    devices = listing(sorted({_device(run) for run in runs}))
    how = f" ({epochs}, on {devices})" if runs else ""
    imagenet = sum(r.status == "complete" and r.config.dataset == "imagenet" for r in records)
    return (
        f"{covered.cells_run or 'none'} of the {covered.cells} trainings on CIFAR{how} and {imagenet or 'none'} of the "
        f"{IMAGENET_RUNS} on ImageNet"
    )


def _device(run: RunRecord) -> str:
    return "a CPU" if run.environment.device == "cpu" else run.environment.device_name


def judged(published: Published) -> dict[str, object]:
    """How many of the reproduction's CIFAR values there are, and how many say nothing about test images: those of the
    blocks whose test accuracies are neither printed nor logged."""
    measured = measured_on(published)
    if measured.empty:
        return {}
    logs = logged_tests(published)
    suggested = suggested_tests(measured)
    known = suggested | set(logs[BLOCK].itertuples(index=False, name=None))
    blocks = list(measured[BLOCK].itertuples(index=False, name=None))
    unjudged, probable = sum(block not in known for block in blocks), sum(block in suggested for block in blocks)
    return {"attempts": len(measured), "unjudged": unjudged, "probable": probable}


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
    rows = [
        f"{NETWORK_LABELS[row.arch]} {NORM_LABELS[row.norm]} "
        + ", ".join(f"{name} {getattr(row, name):.1f}" for name in SERIES)
        for row in frame.itertuples()
    ]
    return (
        f"Top-1 accuracy in percent on {DATASETS[DATASET]} after {count(EPOCHS, 'epoch')}, a row per network: "
        f"original, test and training accuracy in the logs, printed. {'; '.join(rows)}."
    )


def about_coverage(material: Material) -> Prose:
    """How many settings and single runs of the study have a record of our own."""
    covered = coverage(material.records)
    complete, failed = count(len(material.complete), "complete record"), count(len(material.failed), "record")
    return prose(
        f"Our own records cover **{covered.settings_run or 'none'}** of these settings and "
        f"**{covered.cells_run or 'none'}** of the single runs; where nobody has run a setting, the tables say "
        f'"{NOT_RUN}". In all, `runs/` holds {complete} and {failed} of failed runs.'
    )


def pairs_on_cifar(records: Sequence[RunRecord]) -> list[Difference]:
    """Our own pairs of BN and ND on the data sets of the study."""
    return [pair for pair in differences(records) if pair.nd.config.dataset in STUDY_DATASETS]


def about_differences(pairs: Sequence[Difference]) -> Prose:
    """What our own pairs of BN and ND say."""
    if not pairs:
        return prose("There is no pair of our own runs yet that differs in its normalisation only.")
    seeds, comes = len({pair.nd.config.seed for pair in pairs}), "comes" if len(pairs) == 1 else "come"
    limits = "one seed, which says nothing about the spread between seeds" if seeds == 1 else f"{seeds} seeds"
    lines = [
        f"{count(len(pairs), 'pair')} of our own runs, equal in everything but the normalisation, {comes} from "
        f"{limits}. ND − BN in percentage points of top-1 accuracy:",
        "",
    ]
    for dataset in sorted({pair.nd.config.dataset for pair in pairs}):
        here = [pair for pair in pairs if pair.nd.config.dataset == dataset]
        ahead = in_cases(sum(pair.test > 0 for pair in here), len(here), "pair")
        lines.append(
            f"- {DATASETS.get(dataset, dataset)}: ND has the higher test accuracy {ahead}; "
            f"{span(pair.test for pair in here)} on the test set, {span(pair.running_train for pair in here)} on the "
            "running training accuracy"
        )
    return prose("\n".join(lines))


@unless_missing
def compared_figure(frame: pd.DataFrame) -> Html:
    """Four points per network, a panel per norm: the printed average sits on the training accuracy."""
    return side_by_side(_panel(frame[frame["norm"] == norm], norm) for norm in NORMS)


def _panel(rows: pd.DataFrame, norm: str) -> Html:
    places = {network.arch: place for place, network in enumerate(NETWORKS)}
    heights = [places[arch] for arch in rows["arch"]]
    with style():
        figure = Figure(figsize=(WIDTH, 4.6))
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
