"""Table of the published times that are not what their place in the table says."""

from __future__ import annotations

import pandas as pd

from ndcore.evidence.networks import DATASETS
from ndcore.evidence.times import setting_name
from ndcore.report.html import Html, table
from ndcore.report.values import decimal, word

TIMES_SOURCES = "../runs/published/README.html#source-cells-of-the-times"
CUT_OFF = "the mean, cut off instead of rounded"


def wrong_times_view(wrong: pd.DataFrame) -> pd.DataFrame:
    """Printed times that are not the mean of their attempts, in seconds.

    Args:
        wrong: from `ndcore.evidence.times.disagreeing_times`.
    """
    rows, names = [], []
    for row in wrong.itertuples():
        names.append(f"{row.label} {setting_name(row.norm, row.epochs)}, {DATASETS[row.dataset]}")
        rows.append(
            {
                "what it is": word(CUT_OFF if row.cut_off else row.equals or "not found in the attempts"),
                "printed (s)": decimal(row.printed, row.printed_source, TIMES_SOURCES),
                "mean of attempts (s)": decimal(row.mean, row.sources, TIMES_SOURCES),
                "printed / mean": decimal(row.printed / row.mean, "ratio of the two", TIMES_SOURCES),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, dtype="object"))


def wrong_times_table(wrong: pd.DataFrame) -> Html:
    """Printed times that are not the mean of their attempts, as HTML."""
    caption = "Printed training times of Tables 8 and 9 that are not the mean of their three attempts."
    return table(wrong_times_view(wrong), caption, "wrong-times", "Network, column")
