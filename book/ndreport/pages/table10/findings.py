"""Sentences about Table 10 of the study."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.pages.times.findings import times_as
from ndreport.rendering.prose import Prose, count, listing, prose

NO_TIMES = prose("The file of ImageNet values could not be read, so nothing can be said about Table 10 here.")
MINUTE = 60


def about_strings(times: pd.DataFrame) -> Prose:
    """Whether the printed strings are the times of the spreadsheet.

    Args:
        times: from `ndreport.evidence.imagenet_times.total_times`.
    """
    known = times.dropna(subset=["parsed", "spreadsheet"])
    if known.empty:
        return NO_TIMES
    cut = (known["spreadsheet"] - known["parsed"]).between(0, MINUTE, inclusive="left")
    others = listing(f"{row.label} {NORM_LABELS[row.norm]}" for row in known[~cut].itertuples())
    text = (
        f"{int(cut.sum())} of {count(len(known), 'printed time')} are those of the spreadsheet without their seconds"
        f"{'' if cut.all() else f'; not so are {others}'}."
    )
    stray = known[known["stray"] != ""]
    for row in stray.itertuples():
        text += (
            f' In the cell {row.label} {NORM_LABELS[row.norm]} of the version on arXiv a "{row.stray}" stands before '
            f"the time ({row.text}): read without it, the cell is the spreadsheet's time to the minute."
        )
    return prose(text)


def about_ratios(times: pd.DataFrame) -> Prose:
    """ND over BN in whole runs, and what BN costs over no normalisation, where the table tells."""
    nd = times[times["norm"] == "nd"].dropna(subset=["over_bn"])
    if nd.empty:
        return NO_TIMES
    ratios = listing(f"**{times_as(row.over_bn)}** ({row.label})" for row in nd.itertuples())
    text = f"The run with ND took {ratios} the time of the run with BN."
    bare = times[times["norm"] == "none"].dropna(subset=["over_bn"])
    for row in bare.itertuples():
        text += f" Without either, {row.label} took {times_as(row.over_bn)} the time with BN."
    return prose(text)
