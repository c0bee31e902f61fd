"""Sentences that check the published training times: corrected attempts, what the study says, seconds per epoch."""

from __future__ import annotations

import pandas as pd

from ndcore.study import DATASETS, EPOCHS, NORM_LABELS
from ndreport.evidence.corrected_times import COMPARABLE, comparable
from ndreport.evidence.time_statements import PERCENT, RANGE, percents
from ndreport.evidence.times import setting_name
from ndreport.pages.times.findings import NO_TIMES, ratio_span
from ndreport.rendering.prose import Prose, count, listing, prose, span, times_as

LOGGED = 20
"""Epochs of the trainings whose logs are public."""


def about_corrections(frame: pd.DataFrame) -> Prose:
    """Which training times of the spreadsheet are not what their place says, and what that changes.

    Args:
        frame: from `ndreport.evidence.corrected_times.corrected_settings`.
    """
    known = frame.dropna(subset=["mean", "corrected"])
    if known.empty:
        return NO_TIMES
    changed = known[known["correction"] != ""]
    lines = [
        f"The public logs of the trainings of {count(LOGGED, 'epoch')} were laid beside the attempts. In "
        f"{count(len(changed), 'setting')} an attempt is not what its place says:",
        "",
    ]
    for _, row in changed.iterrows():
        lines.append(
            f"- {row['label']} {setting_name(row['norm'], row['epochs'])}, {DATASETS[row['dataset']]}: "
            f"{row['correction']}; mean {row['mean']:.2f} s, corrected **{row['corrected']:.2f} s** from "
            f"{count(int(row['runs']), 'run')}"
        )
    return prose("\n".join(lines))


def about_statements(checks: pd.DataFrame) -> Prose:
    """How many places each statement of the study about its times holds in, and every place where it does not.

    Args:
        checks: from `ndreport.evidence.time_statements.check`.
    """
    if checks["holds_printed"].isna().any() or checks["holds_corrected"].isna().any():
        return NO_TIMES
    lines = ["What the text says about Figures 4 and 5, place by place:", ""]
    for statement, rows in checks[checks["statement"] != RANGE].groupby("statement", sort=False):
        parts = []
        for base in ("printed", "corrected"):
            holds = rows[f"holds_{base}"].astype(bool)
            fails = [f"{_place(row)}: {row[f'found_{base}']}" for _, row in rows[~holds].iterrows()]
            but = f" (not: {'; '.join(fails)})" if fails else ""
            parts.append(f"with the {base} times in **{int(holds.sum())} of {len(rows)}**{but}")
        said = listing(dict.fromkeys(rows["said"]))
        lines.append(f"- {statement} (said: {said}): holds {listing(parts)}")
    return prose("\n".join(lines))


def about_range(checks: pd.DataFrame, ratios: pd.DataFrame) -> Prose:
    """Where the range of additional time that the study states comes from, and what it is over all settings.

    Args:
        checks: from `ndreport.evidence.time_statements.check`.
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
    """
    rows = checks[checks["statement"] == RANGE]
    if rows["holds_printed"].isna().any() or ratios[["printed", "corrected"]].isna().any(axis=None):
        return NO_TIMES
    held = [_place(row) for _, row in rows[rows["holds_printed"].astype(bool)].iterrows()]
    spans = {b: percents(100 * (ratios[b].min() - 1), 100 * (ratios[b].max() - 1)) for b in ("printed", "corrected")}
    longer = ratios.loc[ratios["epochs"] > 1, "corrected"]
    return prose(
        f"The abstract and the conclusions say that ND lengthens a training by {percents(*PERCENT)}, depending on "
        f"network and number of epochs. Among the printed times that is the range of {listing(held)}; over all of them "
        f"it is **{spans['printed']}**, over all corrected ones **{spans['corrected']}**, and over the corrected ones "
        f"without the trainings of a single epoch {percents(100 * (longer.min() - 1), 100 * (longer.max() - 1))}."
    )


def _place(row: pd.Series) -> str:
    norm = f", {NORM_LABELS[row['norm']]}" if row["norm"] else ""
    return f"{DATASETS[row['dataset']]}, {count(row['epochs'], 'epoch')}{norm}"


def about_epochs(per: pd.DataFrame) -> Prose:
    """Whether the time of an epoch depends on how many epochs a training has.

    Args:
        per: from `ndreport.evidence.corrected_times.seconds_per_epoch`.
    """
    last = EPOCHS[-1]
    known = per.dropna(subset=[f"times_{e}" for e in EPOCHS])
    if known.empty:
        return NO_TIMES
    lines = [
        "If a training is a number of equal epochs, the seconds per epoch do not depend on that number. Beside an "
        f"epoch of the trainings of {last} epochs, within a factor of {COMPARABLE:.2f} either way:",
        "",
    ]
    for dataset, rows in known.groupby("dataset", sort=False):
        for epochs in EPOCHS[:-1]:
            times = rows[f"times_{epochs}"]
            alike = times.map(comparable)
            line = f"- {DATASETS[dataset]}, {count(epochs, 'epoch')}: **{int(alike.sum())} of {len(rows)}**"
            line += f", {ratio_span(times)}"
            if 0 < (~alike).sum() < len(rows) / 2:
                line += f"; not {listing(_series(row, epochs) for _, row in rows[~alike].iterrows())}"
            lines.append(line)
    extra = {DATASETS[d]: rows["extra"] for d, rows in known.groupby("dataset", sort=False)}
    spans = listing(f"{span(seconds, _whole_seconds)} on {name}" for name, seconds in extra.items())
    lines += [
        "",
        f"A start-up that costs the same every time would add the same to every first epoch. What the trainings of one "
        f"epoch took beyond an epoch of {last} is {spans}: not one start-up, and more with ND than with BN (median "
        f"{listing(_medians(known))}).",
    ]
    return prose("\n".join(lines))


def _series(row: pd.Series, epochs: int) -> str:
    return f"{row['label']} {NORM_LABELS[row['norm']]} ({times_as(row[f'times_{epochs}'])})"


def _whole_seconds(number: float) -> str:
    return f"{number:.0f} s".replace("-", "−")


def _medians(per: pd.DataFrame) -> list[str]:
    groups = per.groupby(["dataset", "norm"], sort=False)["extra"].median()
    return [f"{DATASETS[d]} {NORM_LABELS[n]} {_whole_seconds(median)}" for (d, n), median in groups.items()]
