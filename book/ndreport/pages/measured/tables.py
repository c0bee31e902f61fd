"""Tables of what was measured: evidence per block, decimals, nearest accuracies, every single attempt."""

from __future__ import annotations

import pandas as pd

from ndcore.study import DATASETS, NORM_LABELS
from ndreport.evidence.decimals import LEVEL, Pattern
from ndreport.evidence.resemblance import OURS
from ndreport.evidence.splits import TEST_IMAGES
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import FIRST_PAGE, LOGS_PAGE, RUNS_PAGE, SOURCES_PAGE
from ndreport.rendering.measured_on import SPLITS, verdict
from ndreport.rendering.names import LABELS, block_name
from ndreport.rendering.prose import count, points, probability
from ndreport.rendering.values import Value, decimal, judgement, missing, word


def summary_table(summary: pd.DataFrame, patterns: dict[tuple[str, int], Pattern]) -> Html:
    """What every block was measured on.

    Args:
        summary: from `ndreport.evidence.splits.split_summary`.
        patterns: from `ndreport.evidence.decimals.patterns`.
    """
    rows = [
        {
            "measured on": verdict(row, patterns.get(block)),
            "attempts": Value(str(row["attempts"]), "single runs in the spreadsheet", SOURCES_PAGE, row["attempts"]),
            "proven test": _number(row["test"], "attempts"),
            "proven running training": _number(row["train"], "attempts"),
            "open": _number(row["open"], "attempts"),
            "known by a log": _number(row["by_log"], "attempts that equal a logged line", LOGS_PAGE),
            "known by the third decimal": _number(row["by_decimal"], "attempts whose decimals tell", FIRST_PAGE),
        }
        for block, row in summary.iterrows()
    ]
    view = pd.DataFrame(rows, index=[block_name(*block) for block in summary.index])
    caption = "Attempts behind Tables 4 and 5: how many were measured on what, as far as the public files prove it."
    return table(view, caption, "measured-summary", "Block")


def _number(number: int, note: str, link: str = SOURCES_PAGE) -> Value:
    return Value(str(int(number)), note, link, int(number))


def decimals_table(patterns: dict[tuple[str, int], Pattern], blocks: list[tuple[str, int]]) -> Html:
    """What the decimals of the first version say about each block.

    Args:
        patterns: from `ndreport.evidence.decimals.patterns`.
        blocks: their order.
    """
    shown = [block for block in blocks if block in patterns]
    rows = [
        {
            "values": _number(p.values, "attempts in the first public version", FIRST_PAGE),
            "at most two decimals": _number(p.coarse, f"shares of {TEST_IMAGES:,} images", FIRST_PAGE),
            "expected by chance": decimal(p.expected, "if all were training accuracies", FIRST_PAGE, digits=1),
            "p": Value(probability(p.p_all_train), "exact two-sided binomial test", FIRST_PAGE, p.p_all_train),
            "can be test": Value(
                f"{p.fewest_test} to {p.most_test}",
                f"numbers of test accuracies that would show such decimals with a probability of {LEVEL:g} or more",
                FIRST_PAGE,
            ),
        }
        for p in (patterns[block] for block in shown)
    ]
    view = pd.DataFrame(rows, index=[block_name(*block) for block in shown])
    caption = (
        "Decimals of the attempts in the first public version of the spreadsheet, against the hypothesis that all of a "
        "block are running training accuracies."
    )
    return table(view, caption, "measured-decimals", "Block")


def resemblance_table(resembling: pd.DataFrame) -> Html:
    """Which of two accuracies of a run of the same setting the attempts are nearer to.

    Args:
        resembling: from `ndreport.evidence.resemblance.resemblance`.
    """
    view = pd.DataFrame(
        [_resembling(row) for _, row in resembling.iterrows()],
        index=[
            f"{LABELS[row.arch]}, {NORM_LABELS[row.norm]}, {block_name(row.dataset, row.epochs)}"
            for row in resembling.itertuples()
        ],
    )
    caption = (
        "Runs that print both accuracies beside the study's attempts of the same setting: top-1 in percent. Too close "
        "to tell: test and training accuracy are no further apart than the attempts are among themselves."
    )
    return table(view, caption, "measured-resemblance", "Setting")


def _resembling(row: pd.Series) -> dict[str, Value]:
    link = RUNS_PAGE if row["who"] == OURS else LOGS_PAGE
    who = f"{OURS} ({row['ours']}), {count(row['runs'], 'run')}" if row["ours"] else row["who"]
    range_ = f"{row['lowest']:.2f} to {row['highest']:.2f}"
    near = (
        f"{points(row['test'] - row['attempts'])} points to test, {points(row['train'] - row['attempts'])} to training"
    )
    if row["decisive"]:
        nearer = judgement("good", SPLITS[row["nearer"]], near, link)
    else:
        nearer = judgement("open", "too close to tell", near, link)
    return {
        "run by": word(who, row["source"], link),
        "test": decimal(row["test"], row["source"], link),
        "running training": decimal(row["train"], row["source"], link, digits=2),
        "attempts, mean": decimal(row["attempts"], f"three attempts, {range_}", SOURCES_PAGE),
        "attempts, range": word(range_, "lowest and highest attempt", SOURCES_PAGE),
        "nearer": nearer,
    }


def cells_table(measured: pd.DataFrame) -> Html:
    """Every attempt, what it was measured on, and why that is known: searchable, with filters.

    Args:
        measured: from `ndreport.evidence.splits.measured_on`.
    """
    view = pd.DataFrame([_cell(row) for row in measured.itertuples()], index=[LABELS[a] for a in measured["arch"]])
    caption = "Every attempt of Tables 4 and 5: top-1 in percent, what it was measured on, and how that is known."
    return table(
        view,
        caption,
        "measured-cells",
        "Network",
        searchable=True,
        sortable=True,
        filters=("data set", "epochs", "norm", "measured on", "known by"),
        row_ids=[f"cell-{r.dataset}-{r.arch}-{r.norm}-{r.epochs}-{r.attempt}" for r in measured.itertuples()],
    )


def _cell(row) -> dict[str, Value]:
    if pd.isna(row.first_version):
        first = missing("none", "this attempt was empty in the first version", FIRST_PAGE)
    else:
        first = Value(f"{row.first_version:.3f}", "", "", row.first_version)
    return {
        "data set": word(DATASETS[row.dataset]),
        "norm": word(NORM_LABELS[row.norm]),
        "epochs": Value(str(row.epochs), "", "", row.epochs),
        "attempt": Value(str(row.attempt), "", "", row.attempt),
        "value": decimal(row.value, row.source, SOURCES_PAGE),
        "first version": first,
        "measured on": word(SPLITS[row.split]),
        "known by": word(row.kind if row.split else "nothing"),
        "evidence": word(row.split_evidence or "no log, and no third decimal that tells"),
    }
