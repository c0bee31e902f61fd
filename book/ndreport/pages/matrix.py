"""The evidence matrix: every single value of the study has a cell, and every source a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NORM_LABELS, NORMS
from ndreport.evidence.expected import Expectations
from ndreport.evidence.matrix import IMAGENET_EPOCHS, NOT_PROVEN, evidence, logged
from ndreport.evidence.published import METRICS, Published
from ndreport.evidence.runs import STUDY_DATASETS, Setting, count_seeds, coverage
from ndreport.material import Material
from ndreport.rendering.columns import Column
from ndreport.rendering.html import Html, download, escape, table
from ndreport.rendering.links import IMAGENET_PAGE, LOGS_PAGE, MEASURED_PAGE, SOURCES_PAGE, link
from ndreport.rendering.not_run import not_on_imagenet, not_run
from ndreport.rendering.prose import Prose, count, listing, of_our_runs, prose
from ndreport.rendering.svg import SPLIT_COLOURS, side_by_side
from ndreport.rendering.values import Value, missing, word

WORDS = {"test": "test", "train": "training", NOT_PROVEN: NOT_PROVEN}
"""What a reproduced value was measured on, as it stands in its cell."""
LETTERS = {"test": "T", "train": "R", NOT_PROVEN: "?", "missing": "–"}


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    found = evidence(material.published, [])
    proven, logs = found["split"] != NOT_PROVEN, logged(found)
    counts = {
        "values": found["reproduced"].notna(),
        "proven": proven,
        "test": found["split"] == "test",
        "logged": logs,
        "marked": found["correction"] != "",
        "imagenet": (found["dataset"] == "imagenet") & found["reproduced"].notna(),
    }
    for dataset in STUDY_DATASETS:
        here = (found["dataset"] == dataset) & found["reproduced"].notna()
        counts |= {dataset: here, f"{dataset}_proven": here & proven, f"{dataset}_logged": here & logs}
    return {name: int(rows.sum()) for name, rows in counts.items()}


def about_own(records: Sequence[RunRecord]) -> Prose:
    """How much of the study our own records cover."""
    covered = coverage(records)
    parts = {DATASETS[name]: coverage([r for r in records if r.config.dataset == name]) for name in STUDY_DATASETS}
    where = listing(f"{part.settings_run or 'none'} on {name}" for name, part in parts.items())
    on_imagenet = sum(r.status == "complete" and r.config.dataset == "imagenet" for r in records)
    return prose(
        f"Our own records cover **{covered.settings_run or 'none'}** of the {covered.settings} settings on CIFAR "
        f"({where}): a complete run of ours follows the recipe of both papers there, with any network of the "
        f"label. They stand for **{covered.cells_run or 'none'}** of the {covered.cells} single runs, because a "
        f"setting counts at most as many runs as the reproduction made attempts, which is {len(ATTEMPTS)}. "
        f"{of_our_runs(on_imagenet)} on ImageNet."
    )


def boxes(matrix: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """One row per network × epochs × norm: `letters` of its attempts, `split` of most of them, `logs`, `seeds`.

    Args:
        matrix: from `ndreport.evidence.matrix.evidence`.
        dataset: "cifar10" or "cifar100".
    """
    here = matrix[matrix["dataset"] == dataset]
    known = here["split"].where(here["reproduced"].notna(), "missing")
    here = here.assign(letter=known.map(LETTERS), known=known, has_log=logged(here))
    groups = here.groupby(["label", "epochs", "norm"], sort=False)
    found = groups.agg(
        letters=("letter", "".join),
        split=("known", lambda s: s.mode().iloc[0]),
        logs=("has_log", "sum"),
        seeds=("own_seeds", "first"),
    ).reset_index()
    return found.sort_values(["epochs", "norm"], kind="stable")  # bn, nd, as the columns are


def box_in_words(box: Any) -> str:
    """What a box states, for those who do not see its letters."""
    known = {split: box.letters.count(letter) for split, letter in LETTERS.items()}
    values = listing(f"{number} {WORDS.get(split, split)}" for split, number in known.items() if number)
    return f"{values}; {'log public' if box.logs else 'no log'}; {count(box.seeds, 'seed')} of ours"


def _box(box: Any) -> str:
    colour = SPLIT_COLOURS.get(box.split, "transparent")
    shown = f"{box.letters}<br>{'L' if box.logs else '·'} {box.seeds}"
    words = f'<span class="nd-note">{escape(box_in_words(box))}</span>'
    return f'<td style="--nd-fill: {colour}"><span aria-hidden="true">{shown}</span>{words}</td>'


def matrix_grid(matrix: pd.DataFrame, dataset: str) -> Html:
    """A box per network × epochs × norm: what its attempts were measured on, logs, and seeds of our own."""
    drawn = boxes(matrix, dataset)
    upper = "".join(f'<th scope="colgroup" colspan="{len(NORMS)}">{count(epochs, "epoch")}</th>' for epochs in EPOCHS)
    lower = "".join(f'<th scope="col">{NORM_LABELS[norm]}</th>' for _ in EPOCHS for norm in NORMS)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(label)}</th>{"".join(map(_box, row.itertuples()))}</tr>'
        for label, row in drawn.groupby("label", sort=False)
    )
    caption = (
        f"{DATASETS[dataset]}. Above, one letter for each of {len(ATTEMPTS)} attempts: T test, R running training, "
        "? not proven. Below: L if a log prints both accuracies, · if none is public; then the number of seeds "
        "that we ran, zero if nobody did."
    )
    ident = f"matrix-figure-{dataset}"
    saved = download(drawn.to_csv(index=False, lineterminator="\n"), f"{ident}.csv", "text/csv", "Save as CSV")
    return Html(
        f'<figure class="nd-figure nd-grid" id="{ident}" aria-labelledby="{ident}-caption">\n<table>\n<thead>\n'
        f"<tr><td></td>{upper}</tr>\n<tr><td></td>{lower}</tr>\n</thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        f'<figcaption><span id="{ident}-caption">{escape(caption)}</span> {saved}</figcaption>\n</figure>'
    )


def matrix_grids(matrix: pd.DataFrame) -> Html:
    """The matrix at a glance for both CIFAR data sets."""
    return side_by_side(matrix_grid(matrix, dataset) for dataset in STUDY_DATASETS)


def _page(row: Any) -> str:
    return IMAGENET_PAGE if row.dataset == "imagenet" else SOURCES_PAGE


def _reproduced(row: Any) -> Value | None:
    """What a single value was measured on; the value, its source and the evidence in the note."""
    if pd.isna(row.reproduced):
        return None
    texts = (f"{row.reproduced:g} %, {row.reproduced_source}", row.split_evidence, row.correction)
    note = "; ".join(text for text in texts if text)
    if row.correction:
        return word(f"{WORDS[row.split]} ✗", note, MEASURED_PAGE)
    return word(WORDS[row.split], note, _page(row))


def _own(row: Any) -> Value | None:
    """How many complete runs of our own, with how many seeds, for every network that goes with this one."""
    run = {name: runs for name, runs in row.own.items() if runs}
    if not run:
        return None
    several = len(row.own) > 1
    text = "; ".join(f"{f'{name}: ' if several else ''}{count_seeds(runs)}" for name, runs in run.items())
    ids = ", ".join(one.run_id for runs in run.values() for one in runs)
    return word(text, ids, link(next(iter(run.values()))[0]))


def _logs(rows: pd.DataFrame) -> Value:
    """For how many of the attempts a log is public that prints both accuracies."""
    found = rows[logged(rows)]
    if found.empty:
        return missing("none", "no public log prints training and test accuracy of these runs", LOGS_PAGE)
    values = (
        f"attempt {row.attempt}: training {row.logged_train:.2f}, test {row.logged_test:.2f}"
        for row in found.itertuples()
    )
    return word(f"{len(found)} of {len(rows)}", "; ".join(values), LOGS_PAGE)


ORIGINAL = Column("original", "original", 2, "{original_source}", _page)
REPRODUCED = Column("run", _reproduced, link=_page)


def cifar_view(matrix: pd.DataFrame, dataset: str, epochs: int, expected: Expectations) -> pd.DataFrame:
    """One row per network: for BN and ND the original, a cell per attempt, the logs, and our own runs.

    Args:
        matrix: from `ndreport.evidence.matrix.evidence`.
        dataset: "cifar10" or "cifar100".
        epochs: 1, 20 or 100.
        expected: of runs that nobody made.
    """
    here = matrix[(matrix["dataset"] == dataset) & (matrix["epochs"] == epochs)]
    view: dict[str, dict] = {}
    for (label, norm), rows in here.groupby(["label", "norm"], sort=False):
        attempts = list(rows.itertuples())
        cells = {"original": ORIGINAL.cell(attempts[0])}
        cells |= {f"attempt {row.attempt}": REPRODUCED.cell(row) for row in attempts}
        settings = [Setting(dataset, name, norm, epochs) for name in attempts[0].own]
        cells |= {"logs": _logs(rows), "ours": _own(attempts[0]) or not_run(expected, settings)}
        view.setdefault(label, {}).update({(NORM_LABELS[norm], name): cell for name, cell in cells.items()})
    return pd.DataFrame.from_dict(view, orient="index")


def imagenet_view(matrix: pd.DataFrame, published: Published) -> pd.DataFrame:
    """One row per network and norm: for top-1 and top-5 the original, the reproduced value, and our own runs."""
    view: dict[str, dict] = {}
    for row in matrix[matrix["dataset"] == "imagenet"].itertuples():
        own = _own(row) or not_on_imagenet(published, row.arch, row.norm, row.metric)
        cells = {"original": ORIGINAL.cell(row), "run": REPRODUCED.cell(row), "ours": own}
        found = view.setdefault(f"{row.label}, {NORM_LABELS[row.norm]}", {})
        found.update({(METRICS[row.metric], name): cell for name, cell in cells.items()})
    return pd.DataFrame.from_dict(view, orient="index")


def cifar_table(matrix: pd.DataFrame, dataset: str, epochs: int, expected: Expectations) -> Html:
    """The matrix of one data set and number of epochs as HTML."""
    caption = (
        f"{DATASETS[dataset]}, {count(epochs, 'epoch')}: the original's value in percent; what each attempt was "
        "measured on (✗: it is another run, or holds a value of one); attempts whose log is public; our own runs."
    )
    return table(cifar_view(matrix, dataset, epochs, expected), caption, f"matrix-{dataset}-{epochs}", "Network")


def imagenet_table(matrix: pd.DataFrame, published: Published) -> Html:
    """The matrix of ImageNet as HTML."""
    caption = (
        f"ImageNet, {count(IMAGENET_EPOCHS, 'epoch')}: the original's value in percent; what the only run of the "
        "reproduction was measured on; our own runs. No log is public."
    )
    return table(imagenet_view(matrix, published), caption, "matrix-imagenet", "Network")


def matrix_download(matrix: pd.DataFrame) -> Html:
    """A link that saves the whole matrix, one row per value, as CSV."""
    ids = [" ".join(r.run_id for runs in own.values() for r in runs) for own in matrix["own"]]
    text = matrix.drop(columns="own").assign(own_run_ids=ids).to_csv(index=False, lineterminator="\n")
    label = f"Download the matrix (CSV, {count(len(matrix), 'row')}, one per value)"
    return Html(f'<p class="nd-after">{download(text, "evidence-matrix.csv", "text/csv", escape(label))}</p>')
