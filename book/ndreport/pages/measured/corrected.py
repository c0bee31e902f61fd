"""Tables 4 and 5 after 20 epochs as they should have read: test accuracies from the study's own logs."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ndcore.study import ATTEMPTS, NETWORK_LABELS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.series import logged_tests
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import LOGS_PAGE, SOURCES_PAGE
from ndreport.rendering.names import TABLES
from ndreport.rendering.prose import count, points
from ndreport.rendering.values import Value, word

COLUMNS = [*SETTING, "original", "printed", "test", "runs", "values"]
"""Columns of `corrected`."""
NAMES = {"original": "original", "printed": "as printed", "test": "test"}
"""What stands above the accuracies."""


def corrected(published: Published) -> pd.DataFrame:
    """One row per setting whose log is public: original and printed value, mean test accuracy of the finished runs.

    Columns: `COLUMNS`, accuracies in percent; `runs` counts the runs in the mean, `values` are their accuracies.
    """
    tests = logged_tests(published).rename(columns={"mean": "test"})
    for name, printed in (("original", published.original), ("printed", published.averages)):
        values = printed[[*SETTING, "value"]].rename(columns={"value": name})
        tests = tests.merge(values, on=SETTING, how="left")
    return tests[COLUMNS]


def _columns() -> Iterator[Column]:
    links = dict.fromkeys(NAMES, SOURCES_PAGE) | {"test": LOGS_PAGE}
    for norm in NORMS:
        notes = {of: f"{of}: the table's own value" for of in NAMES} | {
            "test": f"logged test accuracies {{{norm}_tests}}"
        }
        for of, name in NAMES.items():
            yield Column((NORM_LABELS[norm], name), f"{norm}_{of}", 2, notes[of], links[of])
        yield Column((NORM_LABELS[norm], "runs"), lambda row, norm=norm: _runs(int(getattr(row, f"{norm}_runs"))))
    for of, name in NAMES.items():
        pair = f"{{nd_{of}:.2f}} − {{bn_{of}:.2f}}"
        yield Column(("ND − BN", name), f"gain_{of}", note=pair, link=links[of], show=points)


def _runs(runs: int) -> Value:
    note = "finished runs in the log"
    if runs < len(ATTEMPTS):
        return word(f"{runs} of {len(ATTEMPTS)}", f"{note}; the rest did not finish", LOGS_PAGE)
    return Value(str(runs), note, LOGS_PAGE, runs)


def corrected_table(rows: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """One of the tables with a column of test accuracies.

    Args:
        rows: from `corrected`.
        dataset: "cifar10" or "cifar100".
        epochs: length of the training.
    """
    chosen = rows[(rows["dataset"] == dataset) & (rows["epochs"] == epochs)]
    chosen = chosen.assign(tests=[", ".join(f"{value:.2f}" for value in values) for values in chosen["values"]])
    wide = chosen.pivot(index="arch", columns="norm", values=[*NAMES, "runs", "tests"])
    wide.columns = [f"{norm}_{of}" for of, norm in wide.columns]
    if len(wide):
        wide = wide.assign(**{f"gain_{of}": wide[f"nd_{of}"] - wide[f"bn_{of}"] for of in NAMES})
    wide = wide.loc[[network.arch for network in NETWORKS if network.arch in wide.index]]
    caption = (
        f"{TABLES[dataset]} after {count(epochs, 'epoch')}, with test accuracies: top-1 in percent, ND − BN "
        "in percentage points. Test: mean over the finished runs of the reproduction's logs, each at its highest epoch."
    )
    cells = view(wide, list(_columns()), lambda row: NETWORK_LABELS[row.Index])
    return table(cells, caption, f"corrected-{dataset}-{epochs}", "Network")
