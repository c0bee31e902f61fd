"""Sentences about the kill experiment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ndreport.evidence.fault_reports import FaultReport, Kill
from ndreport.pages.power_failure.tables import PHASES
from ndreport.rendering.prose import Prose, count, listing, prose

NOTHING = prose(
    "The kill experiment has not been made here yet: `papermill notebooks/power-failure.ipynb out.ipynb` makes it."
)


def about_kills(reports: Sequence[FaultReport]) -> Prose:
    """What became of the runs of the newest experiment."""
    if not reports:
        return NOTHING
    kills = reports[0].kills
    equal = sum(kill.bit_equal for kill in kills)
    good = "all of them" if equal == len(kills) else f"**{equal}**"
    return prose(
        f"**{count(len(kills), 'run')}** of the real notebook were killed, each once and with all its processes. "
        f"Then the same command was given again. {_lost(kills)}, {_duplicated(kills)}, and {good} ended with the same "
        "bits as a run that was left alone: weights, curves, and which test images are right. "
        f"{_torn(kills)} {_left_over(kills)}"
    )


def _lost(kills: Sequence[Kill]) -> str:
    lost = [kill for kill in kills if kill.lost]
    return (
        f"**{len(lost)}** lost work that a checkpoint held, or their result"
        if lost
        else "**None** lost anything that had been saved"
    )


def _duplicated(kills: Sequence[Kill]) -> str:
    twice = sum(kill.duplicated for kill in kills)
    return f"**{twice}** left a second result or changed the first" if twice else "**none** left a second result"


def _torn(kills: Sequence[Kill]) -> str:
    torn = sum(kill.torn_files for kill in kills)
    if torn:
        return f"{count(torn, 'record or notebook', 'records and notebooks')} lay there torn."
    return "No record and no executed notebook was ever there in part."


def _left_over(kills: Sequence[Kill]) -> str:
    left = sum(kill.left_over for kill in kills)
    if left:
        return f"{count(left, 'file')} of killed processes stayed behind."
    return "Nothing of the killed processes stayed behind."


def about_phases(reports: Sequence[FaultReport]) -> Prose:
    """Where the kills fell, and how far runs had to go back."""
    if not reports:
        return prose("")
    kills = reports[0].kills
    numbers = Counter(kill.found_in for kill in kills)
    phases = [f"{PHASES[phase]} ({numbers[phase]})" for phase in PHASES if numbers[phase]]
    resumed = [kill for kill in kills if kill.checkpoint is not None and kill.resumed_at is not None]
    exact = sum(kill.checkpoint == kill.resumed_at for kill in resumed)
    text = f"When they were killed, the runs were: {listing(phases)}."
    if resumed:
        text += (
            f" Of {count(len(resumed), 'run')} that had a checkpoint when killed and went on training, {exact} "
            "took up the training at exactly the step that the checkpoint held."
        )
    return prose(text)
