"""Sentences about the training times that the study published, and about the attempts behind them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ndcore.study import DATASETS
from ndreport.evidence.corrected_times import BASES
from ndreport.evidence.costs import geometric_mean
from ndreport.evidence.times import FAR, NUMBERS, disagreeing_times, far_attempts, repeated_times, setting_name
from ndreport.rendering.prose import Prose, count, listing, percent, prose, span, times_as

NO_TIMES = prose("The file of published times could not be read, so nothing can be said about the study's times here.")


def more(ratio: float) -> str:
    """A ratio as additional time: "2 % more" or "5 % less"."""
    return f"{percent(abs(100 * (ratio - 1)), 0)} {'more' if ratio >= 1 else 'less'}"


def setting_in_words(row: pd.Series) -> str:
    """ "SENet-18, CIFAR-10, 1 epoch"."""
    return f"{row['label']}, {DATASETS[row['dataset']]}, {count(row['epochs'], 'epoch')}"


def about_study_ratios(ratios: pd.DataFrame) -> Prose:
    """What the study measured: the range of ND over BN, as printed and from the attempts.

    Args:
        ratios: from `ndreport.evidence.times.study_ratios`.
    """
    printed, known = ratios.dropna(subset=["printed"]), ratios.dropna(subset=["attempts"])
    if printed.empty or known.empty:
        return NO_TIMES
    least, most = (printed.loc[index] for index in (printed["printed"].idxmin(), printed["printed"].idxmax()))
    longer = known[known["epochs"] > 1]
    slower = int((known["attempts"] > 1).sum())
    return prose(
        f"**What the study measured.** As printed in {tables(NUMBERS.values())}, training with ND takes from "
        f"**{more(least['printed'])}** time than with BN ({setting_in_words(least)}) to **{more(most['printed'])}** "
        f"({setting_in_words(most)}). From the medians of the single attempts, which do not follow a value in a wrong "
        f"cell, the ratio is {ratio_span(known['attempts'])}, geometric mean **{mean(known['attempts'])}**; without "
        f"the trainings of a single epoch {ratio_span(longer['attempts'])}, geometric mean "
        f"{mean(longer['attempts'])}. ND takes longer in {slower} of {count(len(known), 'setting')}."
    )


def tables(numbers: Iterable[int]) -> str:
    """ "Tables 8 and 9"."""
    return f"Tables {listing(numbers)}"


def ratio_span(values: Iterable[float]) -> str:
    """ "1.02× to 9.31×", or the one value if all are equal as shown."""
    values = list(values)
    return span(values, times_as) if values else "not known"


def mean(values: Iterable[float]) -> str:
    """The geometric mean of ratios."""
    values = list(values)
    return times_as(geometric_mean(values)) if values else "not known"


def about_printed_times(frame: pd.DataFrame) -> Prose:
    """How many printed times are the mean of their attempts, and what the others are.

    Args:
        frame: from `ndreport.evidence.times.settings`.
    """
    known = frame.dropna(subset=["printed", "mean"])
    if known.empty:
        return NO_TIMES
    wrong = disagreeing_times(known)
    lines = ["A printed time should be the mean of the training times of three attempts, to the printed decimals:", ""]
    for dataset, number in NUMBERS.items():
        cells, here = known[known["dataset"] == dataset], wrong[wrong["dataset"] == dataset]
        line = f"- Table {number}, {DATASETS[dataset]}: {len(cells) - len(here)} of {count(len(cells), 'time')} are"
        lines.append(line if here.empty else f"{line}; {listing(_explanations(here))}")
    return prose("\n".join(lines))


def _explanations(wrong: pd.DataFrame) -> list[str]:
    cut_off, real = wrong[wrong["cut_off"]], wrong[~wrong["cut_off"]]
    parts = [f"{_are(len(cut_off))} cut off after the last decimal instead of rounded"] if len(cut_off) else []
    for (norm, epochs, equals), group in real.groupby(["norm", "epochs", "equals"], sort=False):
        column, names = f"in column {setting_name(norm, epochs)}", listing(group["label"])
        if equals:
            parts.append(f"{_are(len(group))} {column} {equals} instead")
        else:
            parts.append(f"{_are(len(group))} {column} ({names}) and none of the means here")
    return parts


def _are(number: int) -> str:
    return f"{number} {'is' if number == 1 else 'are'}"


def about_attempts(frame: pd.DataFrame, times: pd.DataFrame) -> Prose:
    """Single attempts that are far from the other two, and numbers that stand in two places."""
    known = frame.dropna(subset=["median"])
    if known.empty:
        return NO_TIMES
    far, repeated = far_attempts(known), repeated_times(times)
    single = int((far["epochs"] == 1).sum())
    lines = [
        f"The three attempts of a setting ran the same code. Even so {count(len(far), 'attempt')} have a time of more "
        f"than {FAR:.1f} times the median of their three, or less than its inverse; {single} of them "
        f"{'is a training' if single == 1 else 'are trainings'} of a single epoch. The others: "
        f"{listing(_far(row) for _, row in far[far['epochs'] > 1].iterrows())}. What is "
        "known to be the time of something else is among the corrections above.",
        "",
        f"{count(len(repeated), 'long time').capitalize()} stand twice, to the last decimal, which two measurements "
        "hardly do:" + ("" if repeated else " nothing to list."),
        "",
        *(f"- {first}; and {second}" for first, second in repeated),
    ]
    return prose("\n".join(lines))


def _far(row: pd.Series) -> str:
    name = f"{row['label']} {setting_name(row['norm'], row['epochs'])}, {DATASETS[row['dataset']]}"
    return f"{name}, attempt {row['attempt']} ({times_as(row['factor'])} the median)"


def most_and_least(ratios: pd.DataFrame, base: str) -> tuple[pd.Series, pd.Series, float] | None:
    """The rows with the least and the most of a ratio, and the geometric mean; None if one is not known.

    Args:
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
        base: a column of it.
    """
    if ratios.empty or ratios[base].isna().any():
        return None
    return ratios.loc[ratios[base].idxmin()], ratios.loc[ratios[base].idxmax()], geometric_mean(ratios[base])


def about_ratios(ratios: pd.DataFrame) -> Prose:
    """ND over BN: as printed, from the attempts, and corrected.

    Args:
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
    """
    if ratios.dropna(subset=list(BASES)).empty:
        return NO_TIMES
    lines = [f"Time with ND over time with BN, in {count(len(ratios), 'setting')} of data set, network and epochs:", ""]
    for base, name in BASES.items():
        known = ratios.dropna(subset=[base])
        least, most, average = most_and_least(known, base)
        lines.append(
            f"- {name}: {times_as(least[base])} ({setting_in_words(least)}) to {times_as(most[base])} "
            f"({setting_in_words(most)}), geometric mean **{times_as(average)}**; ND takes longer in "
            f"{int((known[base] > 1).sum())}"
        )
    longer = ratios[ratios["epochs"] > 1].dropna(subset=["corrected"])
    least, most, average = most_and_least(longer, "corrected")
    lines.append(
        f"- corrected, without the trainings of a single epoch: {times_as(least['corrected'])} "
        f"({setting_in_words(least)}) to {times_as(most['corrected'])} ({setting_in_words(most)}), geometric mean "
        f"**{times_as(average)}**"
    )
    return prose("\n".join(lines))
