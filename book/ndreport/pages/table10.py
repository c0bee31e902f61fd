"""Table 10 of the study, the times of its ImageNet runs, beside the spreadsheet."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.evidence.imagenet_times import total_times
from ndreport.material import Material
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import of_our_runs, times_as
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.values import Value, word

SOURCES = "../runs/published/README.html#imagenet-csv"
HOUR, MINUTE = 3_600, 60


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    times = total_times(material.published.imagenet)
    over_bn = {(row.arch, row.norm): times_as(row.over_bn) for row in times.itertuples()}
    cut = (times["spreadsheet"] - times["parsed"]).between(0, MINUTE, inclusive="left")
    stray = times[times["stray"] != ""].iloc[0]
    return {
        **{f"{arch}_{norm}": ratio for (arch, norm), ratio in over_bn.items()},
        "times": len(times),
        "cut": int(cut.sum()),
        "own_runs": of_our_runs(sum(r.config.dataset == "imagenet" for r in material.records)),
        "stray_cell": f"{stray['label']} {NORM_LABELS[stray['norm']]}",
        "stray": stray["stray"],
        "stray_text": stray["text"],
    }


def _stray(row) -> Value | None:
    if not row.text:
        return None
    return Value(f'"{row.stray}"', row.printed_source, SOURCES, kind="bad") if row.stray else word("nothing")


COLUMNS = (
    Column("printed", "text", note="{printed_source}", link=SOURCES),
    Column("over BN", "over_bn", 2, "time in the spreadsheet over that of BN of the same network", SOURCES),
    Column("hours", lambda row: row.spreadsheet / HOUR, 2, "{source}", SOURCES),
    Column(
        "minutes per epoch",
        lambda row: row.spreadsheet / row.epochs / MINUTE,
        2,
        "of the whole run, divided by its epochs",
        SOURCES,
    ),
    Column("printed (s)", "parsed", 0, "days, hours and minutes of the printed string; {printed_source}", SOURCES),
    Column("spreadsheet (s)", "spreadsheet", 0, "{source}", SOURCES),
    Column(
        "spreadsheet − printed (s)",
        lambda row: row.spreadsheet - row.parsed,
        0,
        "the table prints no seconds",
        SOURCES,
    ),
    Column("in the string, but no time", _stray, link=SOURCES),
)


@unless_missing
def total_times_table(times: pd.DataFrame) -> Html:
    """Table 10 with its recount: printed strings, seconds, their difference, hours, minutes per epoch, and ratios.

    Args:
        times: from `ndreport.evidence.imagenet_times.total_times`.
    """
    caption = (
        "Table 10, ImageNet: time of a whole run (training, validation and loading) as printed and as the spreadsheet "
        "has it, in seconds and hours, per epoch, and over the time with BN."
    )
    cells = view(times, COLUMNS, lambda row: f"{row.label}, {NORM_LABELS[row.norm]}")
    return table(cells, caption, "table-10", "Network")
