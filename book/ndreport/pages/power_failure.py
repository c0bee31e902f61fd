"""The kill experiment: what became of runs that were killed at random moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ndreport.evidence.fault_reports import FaultReport, Found, Kill
from ndreport.pages.our_runs.provenance import commit
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, facts, table
from ndreport.rendering.prose import Prose, count, in_cases, listing, prose
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


def about_kills(reports: Sequence[FaultReport]) -> Prose:
    """What became of the runs of the newest experiment."""
    if not reports:
        command = "papermill notebooks/power-failure.ipynb out.ipynb"
        return prose(f"The kill experiment has not been made here yet: `{command}` makes it.")
    kills = reports[0].kills
    lost, twice = sum(kill.lost for kill in kills), sum(kill.duplicated for kill in kills)
    torn, left = sum(kill.torn_files for kill in kills), sum(kill.left_over for kill in kills)
    equal = in_cases(sum(kill.bit_equal for kill in kills), len(kills), "run")
    were = "was killed, once" if len(kills) == 1 else "were killed, each once"
    sentences = (
        f"**{count(len(kills), 'run')}** of the real notebook {were} and with all its processes.",
        "Then the same command was given again.",
        f"**{lost}** lost work that a checkpoint held, or their result;" if lost
        else "**None** lost anything that had been saved,",
        f"**{twice}** left a second result or changed the first." if twice else "and **none** left a second result.",
        f"The result has the same bits as that of a run that was left alone {equal}: weights, curves, and which test "
        "images are right.",
        f"We found {count(torn, 'record or notebook', 'records and notebooks')} torn." if torn
        else "No record and no executed notebook was ever there in part.",
        f"{count(left, 'file')} of killed processes stayed behind." if left
        else "Nothing of the killed processes stayed behind.",
    )  # fmt: skip
    return prose(" ".join(sentences))


def about_phases(reports: Sequence[FaultReport]) -> Prose:
    """Where the kills fell, and how far runs had to go back."""
    kills = reports[0].kills if reports else ()
    numbers = Counter(kill.found_in for kill in kills)
    phases = [f"{name} ({numbers[phase]})" for phase, name in PHASES.items() if numbers[phase]]
    resumed = [kill for kill in kills if kill.checkpoint is not None and kill.resumed_at is not None]
    exact = sum(kill.checkpoint == kill.resumed_at for kill in resumed)
    text = f"When they were killed, the runs were: {listing(phases)}." if kills else ""
    if resumed:
        text += (
            f" Of {count(len(resumed), 'run')} that had a checkpoint when killed and went on training, "
            f"{exact or 'none'} took up the training at exactly the step that the checkpoint held."
        )
    return prose(text)


def kills_table(reports: Sequence[FaultReport]) -> Html:
    """Kills, losses, duplicates and equality by phase of the newest experiment; nothing if there is none."""
    if not reports:
        return Html("")
    kills = reports[0].kills
    rows = [(PHASES[phase], [kill for kill in kills if kill.found_in == phase]) for phase in PHASES]
    caption = (
        "Runs that were killed, by what they were doing, and what became of them when the command was given again."
    )
    return table(view([*rows, ("all", kills)], COLUMNS, lambda row: row[0]), caption, "kills", "killed while it was")


def _column(
    header: str, of: Callable[[Sequence[Kill]], int | float], fields: str, show: Callable[[float], str] = str
) -> Column:
    """A number of the kills of a phase; "none" where no kill fell into it."""
    return Column(
        header,
        lambda row: of(row[1]) if row[1] else None,
        note=f"runs/faults/: fields of its kills, {fields}",
        show=show,
        absent="none",
        why="no kill fell into this phase",
    )


def _equal(row: tuple[str, Sequence[Kill]]) -> Value:
    if not row[1]:
        return missing("none", "no kill fell into this phase")
    equal = sum(kill.bit_equal for kill in row[1])
    return Value(f"{equal} of {len(row[1])}", "runs/faults/: fields of its kills, bit_equal", "", equal)


COLUMNS = (
    _column("killed", len, "found_in"),
    _column("torn files", lambda kills: sum(kill.torn_files for kill in kills), "torn_files"),
    _column("lost", lambda kills: sum(k.lost for k in kills), "checkpoint, resumed_at, records and exit_code"),
    _column("duplicated", lambda kills: sum(kill.duplicated for kill in kills), "records and record_kept"),
    Column("bit-equal", _equal),
    _column("slowest end (s)", lambda kills: max(k.finished_after for k in kills), "finished_after", "{:.1f}".format),
)


def conditions(reports: Sequence[FaultReport]) -> Html:
    """Under what the newest experiment was made; nothing if there is none."""
    if not reports:
        return Html("")
    report, environment = reports[0], reports[0].environment
    between = f"{report.checkpoint_seconds:g} s" if report.checkpoint_seconds else "step"
    return facts(
        [
            ("Run", report.config.command()),
            ("Left alone", f"{report.undisturbed_seconds:.1f} s"),
            ("Checkpoint", f"after every {between} and every epoch"),
            ("Moments", f"drawn with seed {report.seed}"),
            ("Device", f"{environment.device_name}: {environment.cpu}, {count(environment.cores, 'core')}"),
            ("PyTorch", environment.packages.get("torch", "unknown")),
            ("Code", commit(report.code.git_commit, report.code.git_dirty)),
            ("Measured", report.finished_utc),
        ],
        "Conditions of the kill experiment",
    )
