"""Reproduced values against the original's, by the two readings of the study's colour rule.

The captions of Tables 4 to 7 colour a reproduced value green if it is greater than the original's, red if it is lower
"by more than 10 %", and black if it is lower by no more than that. Ten percent of an accuracy can mean ten percent of
the original's value (`relative`) or ten percentage points (`absolute`); the discussion of the study says relative. No
colour is defined for two equal values; here they are within the threshold.
"""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.published import Published

THRESHOLD = 10.0
"""Percent of the original's value, or percentage points."""
RULES = ("relative", "absolute")
VERDICTS = ("higher", "within", "lower")
COLOURS = {"green": "higher", "black": "within", "red": "lower"}
"""The printed colours, and what their caption says they mean."""
KEY = ["dataset", "arch", "norm", "epochs", "metric"]
COLUMNS = [*KEY, "original", "original_source", "reproduced", "reproduced_source", "difference"]
COLUMNS += [*RULES, "printed", "printed_source"]
"""Columns of `comparisons`."""
DIGITS = 6
"""Decimals to which differences are compared with the threshold; the values themselves have two."""


def verdict(original: float, reproduced: float, rule: str) -> str:
    """ "higher", "within" or "lower" (by more than the threshold).

    Args:
        original: accuracy in percent.
        reproduced: accuracy in percent.
        rule: "relative" or "absolute".

    Raises:
        ValueError: another rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule {rule!r} is none of {', '.join(RULES)}")
    if reproduced > original:
        return "higher"
    allowed = THRESHOLD if rule == "absolute" else THRESHOLD / 100 * original
    return "lower" if round(original - reproduced - allowed, DIGITS) > 0 else "within"


def comparisons(published: Published) -> pd.DataFrame:
    """One row per value that the study prints beside one of the original: Tables 4 to 7, accuracies in percent.

    Columns: those of `KEY`; `original`, `reproduced` and their sources; `difference`, reproduced minus original; the
    verdict of each of `RULES`; `printed`, the verdict that the printed colour stands for, or "" where it is not known.
    """
    tables = [published.accuracies, published.imagenet[published.imagenet["metric"] != "total_seconds"]]
    printed = pd.concat([t.loc[t["attempt"].isna(), ["study", *KEY, "value", "source"]] for t in tables])
    original, reproduced = (printed[printed["study"] == study].drop(columns="study") for study in ("original", "re"))
    frame = original.merge(reproduced, on=KEY, suffixes=("_original", "_reproduced"))
    frame = frame.rename(columns=_role)
    colours = published.colours[[*KEY, "colour", "source"]].rename(columns={"source": "printed_source"})
    frame = frame.merge(colours, on=KEY, how="left")
    frame["difference"] = (frame["reproduced"] - frame["original"]).round(DIGITS)
    for rule in RULES:
        pairs = zip(frame["original"], frame["reproduced"], strict=True)
        frame[rule] = pd.Series([verdict(*pair, rule) for pair in pairs], dtype="object")
    frame["printed"] = frame["colour"].map(COLOURS).fillna("")
    return frame.assign(printed_source=frame["printed_source"].fillna(""))[COLUMNS]


def _role(column: str) -> str:
    """ "value_original" → "original", "source_original" → "original_source"."""
    what, _, study = column.partition("_")
    return {"value": study, "source": f"{study}_source"}.get(what, column)


def rule_counts(frame: pd.DataFrame, rule: str) -> dict[str, int]:
    """How many values are higher, within and lower by a rule, or by the printed colours (`printed`).

    Args:
        frame: from `comparisons`.
        rule: one of `RULES`, or "printed".
    """
    return {name: int((frame[rule] == name).sum()) for name in VERDICTS}
