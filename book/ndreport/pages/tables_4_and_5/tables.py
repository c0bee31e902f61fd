"""Tables 4 and 5 of the study: original, reproduced, and our own runs, side by side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import fmean

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS, StudyNetwork
from ndreport.evidence.runs import (
    Setting,
    complete_runs,
    count_seeds,
    follows_recipe,
    mean_running_train_top1,
    mean_test_top1,
)
from ndreport.pages.tables_4_and_5.comparison import compared_cells, uncompared_cells
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, SOURCES_PAGE, link
from ndreport.rendering.names import TABLE_NUMBERS
from ndreport.rendering.prose import count
from ndreport.rendering.values import NOT_RUN, Value, decimal, missing, word

PRINTED_ROUNDING = 0.005 + 1e-9


def accuracy_rows(published: pd.DataFrame, records: Sequence[RunRecord], dataset: str) -> pd.DataFrame:
    """One row per network × epochs × norm, all accuracies top-1 in percent, with the source of each.

    A network of the study that goes with two of ours has two rows; only the first (`first_of_label`) holds its
    published values, so that none is counted twice. What nobody ran or published is NaN.
    """
    values = published[published["dataset"] == dataset]
    cells = {
        (row.study, row.arch, row.norm, row.epochs, 0 if pd.isna(row.attempt) else row.attempt): row
        for row in values.itertuples()
    }
    return pd.DataFrame(
        _row(cells, records, Setting(dataset, ours, norm, epochs), network)
        for network, epochs in itertools.product(NETWORKS, EPOCHS)
        for ours in network.ours
        for norm in NORMS
    )


def _row(cells: dict, records: Sequence[RunRecord], setting: Setting, network: StudyNetwork) -> dict:
    first = setting.arch == network.ours[0]
    row = {
        "dataset": setting.dataset,
        "arch": network.arch,
        "label": network.label,
        "ours": setting.arch,
        "norm": setting.norm,
        "epochs": setting.epochs,
        "first_of_label": first,
    }
    names = {"original": ("original", 0), "reproduced": ("re", 0)} | {f"attempt_{k}": ("re", k) for k in ATTEMPTS}
    for name, (study, attempt) in names.items():
        cell = cells.get((study, network.arch, setting.norm, setting.epochs, attempt)) if first else None
        row[name] = float("nan") if cell is None else cell.value
        row[f"{name}_source"] = "" if cell is None else cell.source
        if attempt:
            row[f"{name}_split"] = "" if cell is None else cell.split
            row[f"{name}_split_evidence"] = "" if cell is None else cell.split_evidence
    runs = complete_runs(records, setting)
    same = (r for r in records if Setting.of(r.config) == setting and follows_recipe(r.config))
    failed = [r for r in same if r.status == "failed"]
    return row | {
        "test_top1": mean_test_top1(runs) if runs else float("nan"),
        "running_train_top1": mean_running_train_top1(runs) if runs else float("nan"),
        "runs": len(runs),
        "seeds": len({r.config.seed for r in runs}),
        "repeats": len({r.config.repeat for r in runs}),
        "failed_runs": len(failed),
        "run_ids": tuple(r.run_id for r in runs),
        "runs_in_words": count_seeds(runs),
        "link": link(runs[0]) if runs else RUNS_PAGE,
    }


def mean_of_attempts(row: pd.Series) -> float:
    """Mean of the three attempts, in percent; NaN if one is missing."""
    return fmean(row[f"attempt_{k}"] for k in ATTEMPTS)


def disagreeing_averages(rows: pd.DataFrame) -> pd.DataFrame:
    """The settings whose printed average is not the mean of the three attempts to the printed decimals.

    Returns the rows with one more column, `mean_of_attempts`.
    """
    rows = rows[rows["reproduced"].notna()]
    rows = rows.assign(mean_of_attempts=rows.apply(mean_of_attempts, axis=1, result_type="reduce"))
    return rows[(rows["reproduced"] - rows["mean_of_attempts"]).abs() > PRINTED_ROUNDING]


def split_counts(published: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """How many attempts are proven test, proven training, or not proven, per number of epochs (index)."""
    attempts = published[(published["dataset"] == dataset) & published["attempt"].notna()]
    split = attempts["split"].replace("", "not proven")
    counts = pd.crosstab(attempts["epochs"], split)
    return counts.reindex(index=list(EPOCHS), columns=["test", "train", "not proven"], fill_value=0)


def accuracy_view(rows: pd.DataFrame, compared: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """The rows of one number of epochs as cells with provenance, ready to be rendered.

    Args:
        rows: from `accuracy_rows`.
        compared: from `ndreport.evidence.rules.comparisons`; other data sets may be among them.
        epochs: 1, 20 or 100.
    """
    chosen = rows[rows["epochs"] == epochs]
    pairs = compared[compared["epochs"] == epochs].set_index(["dataset", "arch", "norm", "epochs"])
    names = [_row_name(row) for _, row in chosen.iterrows()]
    view = pd.DataFrame([_view_row(row, pairs) for _, row in chosen.iterrows()], index=names)
    view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _row_name(row: pd.Series) -> str:
    ours = f" ({row['ours']})" if row["ours"] != row["arch"] else ""
    return f"{row['label']}{ours}, {NORM_LABELS[row['norm']]}"


def _view_row(row: pd.Series, pairs: pd.DataFrame) -> dict[tuple[str, str], Value]:
    study, against, own = "Obadage et al. 2024", "Average against original", "This report"
    return {
        ("Ye et al. 2020", "original"): published_value(row, "original"),
        (study, "average"): _average(row),
        (study, "measured on"): _split(row),
        (own, "test"): _own(row, "test_top1", "test top-1 of the final epoch"),
        (own, "running training"): _own(row, "running_train_top1", "training top-1 while the weights move"),
        (own, "runs"): _own_runs(row),
        **{(against, name): value for name, value in _compared(row, pairs).items()},
    }


def _compared(row: pd.Series, pairs: pd.DataFrame) -> dict[str, Value]:
    key = (row["dataset"], row["arch"], row["norm"], row["epochs"])
    if row["first_of_label"] and key in pairs.index:
        return compared_cells(pairs.loc[key])
    value = published_value(row, "reproduced")
    return uncompared_cells(value.text, value.note)


def published_value(row: pd.Series, name: str) -> Value:
    """A published value of a row of `accuracy_rows`, with its source and what is known of its split."""
    if not row["first_of_label"]:
        note = f"the study prints one row {row['label']} for both networks"
        return missing(f"see {row['label']}", note, SOURCES_PAGE)
    if pd.isna(row[name]):
        return missing("missing", "the file of published values is damaged or lacks this value", SOURCES_PAGE)
    note = row[f"{name}_source"]
    if split := row.get(f"{name}_split", ""):
        note += f"; {split} accuracy: {row[f'{name}_split_evidence']}"
    return decimal(row[name], note, SOURCES_PAGE)


def _average(row: pd.Series) -> Value:
    value, mean = published_value(row, "reproduced"), mean_of_attempts(row)
    if not value.present or abs(value.number - mean) <= PRINTED_ROUNDING:
        return value
    note = f"{value.note}; the mean of the three attempts is {mean:.2f}"
    return Value(f"{value.text} ≠", note, value.link, value.number)


def _split(row: pd.Series) -> Value:
    if not row["first_of_label"] or pd.isna(row["attempt_1"]):
        return published_value(row, "attempt_1")
    splits = [row[f"attempt_{k}_split"] for k in ATTEMPTS]
    known = sorted({s for s in splits if s})
    if not known:
        return word("not proven", "neither a log nor a third decimal tells the split of an attempt", SOURCES_PAGE)
    parts = [f"{s} ({splits.count(s)} of {len(splits)})" for s in known]
    return word(", ".join(parts), "number of attempts for which the public files prove it", SOURCES_PAGE)


def _own(row: pd.Series, name: str, what: str) -> Value:
    if row["runs"]:
        average = "" if row["runs"] == 1 else f", mean of {row['runs_in_words']}"
        return decimal(row[name], f"{what}{average}: {', '.join(row['run_ids'])}", row["link"])
    if row["failed_runs"]:
        return missing("failed", f"{row['failed_runs']} failed run(s), no complete one", RUNS_PAGE)
    return missing(NOT_RUN, f"no record of {row['ours']} {row['norm']} with the study's recipe", RUNS_PAGE)


def _own_runs(row: pd.Series) -> Value:
    if not row["runs"]:
        return _own(row, "test_top1", "")
    return word(row["runs_in_words"], ", ".join(row["run_ids"]), row["link"])


def accuracy_table(rows: pd.DataFrame, compared: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """The part of Table 4 (cifar10) or 5 (cifar100) for one number of epochs."""
    number = TABLE_NUMBERS[dataset]
    caption = (
        f"Table {number}, {DATASETS[dataset]}, {count(epochs, 'epoch')}: top-1 accuracy in percent. Original and "
        "average as printed; an average marked ≠ is not the mean of its attempts; our own values from the last epoch."
    )
    return table(accuracy_view(rows, compared, epochs), caption, f"table-{number}-epochs-{epochs}", "Network")
