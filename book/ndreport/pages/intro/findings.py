"""Sentences of the page that tells the study in two minutes."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORMS
from ndreport.rendering.prose import Prose, count, prose


def about_compared(frame: pd.DataFrame) -> Prose:
    """How near the printed averages are to the two accuracies in the logs.

    Args:
        frame: from `ndreport.pages.intro.figure.compared`.
    """
    if frame.empty:
        return prose("The logs or the printed averages could not be read, so they are not compared here.")
    far = {name: (frame["printed"] - frame[name]).abs() for name in ("train", "test")}
    nearer = int((far["train"] < far["test"]).sum())
    reproduced, shown = ((frame[name] - frame["original"]).abs().median() for name in ("test", "printed"))
    better = ": **the reproduction succeeded better than its tables show.**" if reproduced < shown else "."
    return prose(
        f"In {nearer} of {count(len(frame), 'setting')} the printed average is nearer to the training accuracy of the "
        f"same runs than to their test accuracy; the median distances are {far['train'].median():.2f} and "
        f"{far['test'].median():.1f} points. From the original's values the test accuracies lie {reproduced:.1f} "
        f"points in the median, the printed averages {shown:.1f}{better} {_gains(frame)}"
    )


def _gains(frame: pd.DataFrame) -> str:
    """ND minus BN on the test images."""
    wide = frame.pivot(index="arch", columns="norm", values="test")
    if not set(NORMS) <= set(wide.columns):
        return ""
    gain = (wide["nd"] - wide["bn"]).dropna()
    return f"On test images ND is ahead in {int((gain > 0).sum())} of {len(gain)} networks."
