"""The kill experiment as a table: one row per phase in which a run was killed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pandas as pd

from ndreport.evidence.fault_reports import FaultReport, Found, Kill
from ndreport.pages.our_runs.provenance import commit
from ndreport.rendering.html import Html, facts, table
from ndreport.rendering.prose import count
from ndreport.rendering.values import Value, missing

PHASES: dict[Found, str] = {
    "start": "starting",
    "kernel": "starting the kernel",
    "data": "loading data and network",
    "training": "training or testing",
    "checkpoint": "writing a checkpoint",
    "record": "writing the record",
    "notebook": "finishing the notebook",
    "finished": "had just ended",
}
"""What a run was doing when it was killed, in words, in the order of a run."""


def show_kills(reports: Sequence[FaultReport]) -> Html:
    """The table of the newest experiment; nothing if there is none."""
    return kills_table(reports[0]) if reports else Html("")


def show_conditions(reports: Sequence[FaultReport]) -> Html:
    """The conditions of the newest experiment; nothing if there is none."""
    return conditions(reports[0]) if reports else Html("")


def kills_table(report: FaultReport) -> Html:
    """Kills, losses, duplicates and equality by phase."""
    rows, index = [], []
    for phase in get_args(Found):
        chosen = [kill for kill in report.kills if kill.found_in == phase]
        rows.append(_row(chosen))
        index.append(PHASES[phase])
    rows.append(_row(report.kills))
    index.append("all")
    caption = (
        "Runs that were killed, by what they were doing, and what became of them when the command was given again."
    )
    return table(pd.DataFrame(rows, index=pd.Index(index)), caption, "kills", "killed while it was")


def _row(kills: Sequence[Kill]) -> dict[str, Value]:
    note = "runs/faults/: fields of its kills"
    if not kills:
        names = ("killed", "torn files", "lost", "duplicated", "bit-equal", "slowest end (s)")
        return {name: missing("none", "no kill fell into this phase") for name in names}
    equal = sum(kill.bit_equal for kill in kills)
    longest = max(kill.finished_after for kill in kills)
    return {
        "killed": _number(len(kills), f"{note}, found_in"),
        "torn files": _number(sum(kill.torn_files for kill in kills), f"{note}, torn_files"),
        "lost": _number(sum(kill.lost for kill in kills), f"{note}, checkpoint, resumed_at, records and exit_code"),
        "duplicated": _number(sum(kill.duplicated for kill in kills), f"{note}, records and record_kept"),
        "bit-equal": Value(f"{equal} of {len(kills)}", f"{note}, bit_equal", "", equal),
        "slowest end (s)": Value(f"{longest:.1f}", f"{note}, finished_after", "", longest),
    }


def _between(seconds: float) -> str:
    return f"{seconds:g} s" if seconds else "step"


def _number(number: int, note: str) -> Value:
    return Value(str(number), note, "", number)


def conditions(report: FaultReport) -> Html:
    """Under what the experiment was made."""
    environment = report.environment
    return facts(
        [
            ("Run", report.config.command()),
            ("Left alone", f"{report.undisturbed_seconds:.1f} s"),
            ("Checkpoint", f"after every {_between(report.checkpoint_seconds)} and every epoch"),
            ("Moments", f"drawn with seed {report.seed}"),
            ("Device", f"{environment.device_name}: {environment.cpu}, {count(environment.cores, 'core')}"),
            ("PyTorch", environment.packages.get("torch", "unknown")),
            ("Code", commit(report.code.git_commit, report.code.git_dirty)),
            ("Measured", report.finished_utc),
        ],
        "Conditions of the kill experiment",
    )
