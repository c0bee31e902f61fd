"""Table 10 of the study beside the spreadsheet."""

from __future__ import annotations

from math import isnan

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.rendering.html import Html, table
from ndreport.rendering.values import Value, decimal, missing, word

SOURCES = "../runs/published/README.html#imagenet-csv"
HOUR = 3_600
MISSING = missing("missing", "the file of ImageNet values is damaged or lacks this time", SOURCES)


def total_times_view(times: pd.DataFrame) -> pd.DataFrame:
    """Printed strings, seconds, their difference, hours, minutes per epoch, and ratios.

    Args:
        times: from `ndreport.evidence.imagenet_times.total_times`.
    """
    names = [f"{row.label}, {NORM_LABELS[row.norm]}" for row in times.itertuples()]
    return pd.DataFrame([_row(row) for row in times.itertuples()], index=pd.Index(names, dtype="object"))


def _row(row) -> dict[str, Value]:
    per_epoch = row.spreadsheet / row.epochs / 60
    return {
        "printed": word(row.text, row.printed_source, SOURCES) if row.text else MISSING,
        "over BN": _number(row.over_bn, "time in the spreadsheet over that of BN of the same network", 2),
        "hours": _number(row.spreadsheet / HOUR, row.source, 2),
        "minutes per epoch": _number(per_epoch, "of the whole run, divided by its epochs", 2),
        "printed (s)": _number(row.parsed, f"days, hours and minutes of the printed string; {row.printed_source}", 0),
        "spreadsheet (s)": _number(row.spreadsheet, row.source, 0),
        "spreadsheet − printed (s)": _number(row.spreadsheet - row.parsed, "the table prints no seconds", 0),
        "in the string, but no time": _stray(row),
    }


def _number(number: float, note: str, digits: int) -> Value:
    return MISSING if isnan(number) else decimal(number, note, SOURCES, digits)


def _stray(row) -> Value:
    if not row.text:
        return MISSING
    return Value(f'"{row.stray}"', row.printed_source, SOURCES, kind="bad") if row.stray else word("nothing")


def total_times_table(times: pd.DataFrame) -> Html:
    """Table 10 with its recount, as HTML."""
    caption = (
        "Table 10, ImageNet: time of a whole run (training, validation and loading) as printed and as the spreadsheet "
        "has it, in seconds and hours, per epoch, and over the time with BN."
    )
    return table(total_times_view(times), caption, "table-10", "Network")
