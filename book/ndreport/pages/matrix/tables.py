"""The evidence matrix as tables: every single value of the study has a cell, and every source a column."""

from __future__ import annotations

from math import isnan

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NORM_LABELS, NORMS
from ndreport.evidence.imagenet import METRICS
from ndreport.evidence.matrix import IMAGENET_EPOCHS, NOT_PROVEN, logged
from ndreport.evidence.runs import count_seeds
from ndreport.rendering.html import Html, download, escape, table
from ndreport.rendering.links import IMAGENET_PAGE, LOGS_PAGE, MEASURED_PAGE, RUNS_PAGE, SOURCES_PAGE, link
from ndreport.rendering.prose import count
from ndreport.rendering.values import NOT_RUN, Value, decimal, missing, word

WORDS = {"test": "test", "train": "training", NOT_PROVEN: NOT_PROVEN}
"""What a reproduced value was measured on, as it stands in its cell."""


def cifar_view(evidence: pd.DataFrame, dataset: str, epochs: int) -> pd.DataFrame:
    """One row per network: for BN and ND the original, a cell per attempt, the logs, and our own runs.

    Args:
        evidence: from `ndreport.evidence.matrix.evidence`.
        dataset: "cifar10" or "cifar100".
        epochs: 1, 20 or 100.
    """
    here = evidence[(evidence["dataset"] == dataset) & (evidence["epochs"] == epochs)]
    view = {}
    for label, network in here.groupby("label", sort=False):
        view[label] = {}
        for norm in NORMS:
            rows = network[network["norm"] == norm].set_index("attempt")
            cells = {"original": _original(rows.loc[1], SOURCES_PAGE)}
            cells |= {f"attempt {k}": reproduced_cell(rows.loc[k], SOURCES_PAGE) for k in ATTEMPTS}
            cells |= {"logs": _logs(rows), "ours": _own(rows.loc[1])}
            view[label] |= {(NORM_LABELS[norm], name): cell for name, cell in cells.items()}
    return _frame(view)


def imagenet_view(evidence: pd.DataFrame) -> pd.DataFrame:
    """One row per network and norm: for top-1 and top-5 the original, the reproduced value, and our own runs."""
    here = evidence[evidence["dataset"] == "imagenet"]
    view = {}
    for (label, norm), rows in here.groupby(["label", "norm"], sort=False):
        name = f"{label}, {NORM_LABELS[norm]}"
        view[name] = {}
        for _, row in rows.iterrows():
            cells = {"original": _original(row, IMAGENET_PAGE), "run": reproduced_cell(row, IMAGENET_PAGE)}
            cells |= {"ours": _own(row)}
            view[name] |= {(METRICS[row["metric"]], column): cell for column, cell in cells.items()}
    return _frame(view)


def _frame(view: dict[str, dict[tuple[str, str], Value]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(view.values()), index=list(view))
    frame.columns = pd.MultiIndex.from_tuples(frame.columns)
    return frame


def _original(row: pd.Series, page: str) -> Value:
    if isnan(row["original"]):
        return missing("missing", "the file of published values is damaged or lacks this value", page)
    return decimal(row["original"], row["original_source"], page)


def reproduced_cell(row: pd.Series, page: str) -> Value:
    """The cell of one single value: what it was measured on; the value, its source and the evidence in the note."""
    if isnan(row["reproduced"]):
        return missing("missing", "the file of published values is damaged or lacks this value", page)
    note = f"{row['reproduced']:g} %, {row['reproduced_source']}"
    if row["split_evidence"]:
        note += f"; {row['split_evidence']}"
    if row["correction"]:
        return word(f"{WORDS[row['split']]} ✗", f"{note}; {row['correction']}", MEASURED_PAGE)
    return word(WORDS[row["split"]], note, page)


def _logs(rows: pd.DataFrame) -> Value:
    """For how many of the attempts a log is public that prints both accuracies."""
    found = rows[logged(rows)]
    if found.empty:
        return missing("none", "no public log prints training and test accuracy of these runs", LOGS_PAGE)
    values = (
        f"attempt {k}: training {row.logged_train:.2f}, test {row.logged_test:.2f}" for k, row in found.iterrows()
    )
    return word(f"{len(found)} of {len(rows)}", "; ".join(values), LOGS_PAGE)


def _own(row: pd.Series) -> Value:
    """How many complete runs of our own, with how many seeds, for every network that goes with this one."""
    run = {name: runs for name, runs in row["own"].items() if runs}
    if not run:
        return missing(NOT_RUN, f"no record of {' or '.join(row['own'])} with the study's recipe", RUNS_PAGE)
    several = len(row["own"]) > 1
    text = "; ".join(f"{f'{name}: ' if several else ''}{count_seeds(runs)}" for name, runs in run.items())
    ids = ", ".join(one.run_id for runs in run.values() for one in runs)
    return word(text, ids, link(next(iter(run.values()))[0]))


def cifar_table(evidence: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """The matrix of one data set and number of epochs as HTML."""
    caption = (
        f"{DATASETS[dataset]}, {count(epochs, 'epoch')}: the original's value in percent; what each attempt was "
        "measured on (✗: it is another run, or holds a value of one); attempts whose log is public; our own runs."
    )
    return table(cifar_view(evidence, dataset, epochs), caption, f"matrix-{dataset}-{epochs}", "Network")


def imagenet_table(evidence: pd.DataFrame) -> Html:
    """The matrix of ImageNet as HTML."""
    caption = (
        f"ImageNet, {count(IMAGENET_EPOCHS, 'epoch')}: the original's value in percent; what the only run of the "
        "reproduction was measured on; our own runs. No log is public."
    )
    return table(imagenet_view(evidence), caption, "matrix-imagenet", "Network")


def matrix_download(evidence: pd.DataFrame) -> Html:
    """A link that saves the whole matrix, one row per value, as CSV."""
    columns = evidence.drop(columns="own").assign(
        own_run_ids=[" ".join(r.run_id for runs in own.values() for r in runs) for own in evidence["own"]]
    )
    text = columns.to_csv(index=False, lineterminator="\n")
    label = f"Download the matrix (CSV, {count(len(evidence), 'row')}, one per value)"
    return Html(f'<p class="nd-after">{download(text, "evidence-matrix.csv", "text/csv", escape(label))}</p>')
