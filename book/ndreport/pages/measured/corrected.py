"""Tables 4 and 5 after 20 epochs as they should have read: test accuracies from the study's own logs."""

from __future__ import annotations

import itertools

import pandas as pd

from ndcore.study import ATTEMPTS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.published import Published
from ndreport.evidence.series import logged_tests
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import LOGS_PAGE, SOURCES_PAGE
from ndreport.rendering.names import LABELS, TABLES
from ndreport.rendering.prose import count
from ndreport.rendering.values import Value, decimal, missing, word

KEY = ["dataset", "arch", "norm", "epochs"]
COLUMNS = [*KEY, "original", "printed", "test", "runs", "values"]
"""Columns of `corrected`."""


def corrected(published: Published) -> pd.DataFrame:
    """One row per setting whose log is public: original and printed value, mean test accuracy of the finished runs.

    Columns: `COLUMNS`, accuracies in percent; `runs` counts the runs in the mean, `values` are their accuracies.
    """
    tests = logged_tests(published).rename(columns={"mean": "test"})
    printed = published.accuracies[published.accuracies["attempt"].isna()]
    for study, name in (("original", "original"), ("re", "printed")):
        values = printed.loc[printed["study"] == study, [*KEY, "value"]].rename(columns={"value": name})
        tests = tests.merge(values, on=KEY, how="left")
    return tests[COLUMNS]


def corrected_table(rows: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """One of the tables with a column of test accuracies.

    Args:
        rows: from `corrected`.
        dataset: "cifar10" or "cifar100".
        epochs: length of the training.
    """
    chosen = rows[(rows["dataset"] == dataset) & (rows["epochs"] == epochs)].set_index(["arch", "norm"])
    archs = [network.arch for network in NETWORKS if network.arch in chosen.index.get_level_values("arch")]
    view = pd.DataFrame([_row(chosen, arch) for arch in archs], index=[LABELS[arch] for arch in archs])
    if len(view):
        view.columns = pd.MultiIndex.from_tuples(view.columns)
    caption = (
        f"{TABLES[dataset]} after {count(epochs, 'epoch')}, with test accuracies: top-1 in percent, ND − BN "
        "in percentage points. Test: mean over the finished runs of the study's logs, each at its highest epoch."
    )
    return table(view, caption, f"corrected-{dataset}-{epochs}", "Network")


def _row(chosen: pd.DataFrame, arch: str) -> dict[tuple[str, str], Value]:
    cells = {norm: chosen.loc[(arch, norm)] if (arch, norm) in chosen.index else None for norm in NORMS}
    row = {
        (NORM_LABELS[norm], name): _value(cells[norm], column)
        for norm, (column, name) in itertools.product(NORMS, _NAMES.items())
    }
    for norm in NORMS:
        row[NORM_LABELS[norm], "runs"] = _runs(cells[norm])
    order = [(NORM_LABELS[norm], name) for norm in NORMS for name in (*_NAMES.values(), "runs")]
    return {key: row[key] for key in order} | {
        ("ND − BN", name): _gain(row[NORM_LABELS["bn"], name], row[NORM_LABELS["nd"], name]) for name in _NAMES.values()
    }


_NAMES = {"original": "original", "printed": "as printed", "test": "test"}


def _value(cell: pd.Series | None, column: str) -> Value:
    if cell is None or pd.isna(cell[column]):
        return missing("missing", "the files of published values lack it", SOURCES_PAGE)
    if column == "test":
        runs = ", ".join(f"{value:.2f}" for value in cell["values"])
        return decimal(cell[column], f"logged test accuracies {runs}", LOGS_PAGE)
    return decimal(cell[column], f"{column}: the table's own value", SOURCES_PAGE)


def _runs(cell: pd.Series | None) -> Value:
    if cell is None:
        return missing("missing", "no log", LOGS_PAGE)
    note = "finished runs in the log"
    if cell["runs"] < len(ATTEMPTS):
        return word(f"{cell['runs']} of {len(ATTEMPTS)}", f"{note}; the rest did not finish", LOGS_PAGE)
    return Value(str(cell["runs"]), note, LOGS_PAGE, int(cell["runs"]))


def _gain(bn: Value, nd: Value) -> Value:
    if not (bn.present and nd.present):
        return missing("missing", "one of the two is missing", SOURCES_PAGE)
    difference = nd.number - bn.number
    text = f"{difference:+.2f}".replace("-", "−")
    return Value(text, f"{nd.text} − {bn.text}", nd.link, difference)
