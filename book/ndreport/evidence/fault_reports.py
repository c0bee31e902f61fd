"""What the kill experiment found: runs that were killed at random moments and then given again. Reading and writing.

One file per experiment in `runs/faults/`, sealed like a run record. Imports no torch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from ndcore import foreign
from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import Code, Environment, Part, content_digest
from ndcore.files import replace
from ndcore.problems import Problem

FOLDER = "faults"
Phase = Literal["start", "kernel", "data", "training", "checkpoint", "record", "notebook", "anywhere"]
Found = Literal["start", "kernel", "data", "training", "checkpoint", "record", "notebook", "finished"]


class Schema(Part):
    name: Literal["ndcore.fault-report"] = "ndcore.fault-report"
    version: Literal[1] = 1


class Kill(Part):
    """One run that was killed once with SIGKILL, all its processes at the same time, and then given again."""

    aimed_at: Phase
    """What the run was to be doing when it is killed; "anywhere" is a moment drawn over its whole length."""
    found_in: Found
    """What it was doing, as far as the files tell that it left behind."""
    killed_after: float = Field(ge=0)
    """Seconds from the start of its process."""
    checkpoint: tuple[int, int] | None
    """Epoch, and steps of it that are done, of the checkpoint that was there; None if there was none."""
    resumed_at: tuple[int, int] | None
    """Where the second process took the training up; None if it had nothing to train."""
    torn_files: int = Field(ge=0)
    """Records and executed notebooks that were there after the kill and were not whole."""
    exit_code: int
    """Of the same command, given once more."""
    finished_after: float = Field(ge=0)
    """Seconds that it took."""
    records: int = Field(ge=0)
    """Records of complete runs at the end."""
    record_kept: bool
    """Whether a record that was there at the kill is still the same, byte for byte; true if there was none."""
    bit_equal: bool
    """Whether weights, curves and per-image results are those of the run that was left alone."""
    left_over: int = Field(ge=0)
    """Files of the killed process that are still there at the end."""

    @property
    def lost(self) -> bool:
        """Whether work was lost that a checkpoint held, or the result."""
        behind = self.checkpoint is not None and self.resumed_at is not None and self.resumed_at < self.checkpoint
        return behind or self.records < 1 or self.exit_code != 0

    @property
    def duplicated(self) -> bool:
        """Whether there is more than one result, or one was overwritten."""
        return self.records > 1 or not self.record_kept


class FaultReport(Part):
    """One kill experiment."""

    schema_: Schema = Field(default=Schema(), alias="schema")
    finished_utc: str
    config: RunConfig
    """Of the run that was killed again and again, each time from its start."""
    checkpoint_seconds: float
    """Between two checkpoints of an epoch."""
    seed: int
    """Of the moments."""
    undisturbed_seconds: float
    """How long the run takes if it is left alone."""
    undisturbed_weights_sha256: str
    kills: tuple[Kill, ...] = Field(min_length=1)
    environment: Environment
    code: Code
    digest: str = ""
    """SHA-256 of the canonical JSON of all other fields."""

    def write(self, folder: Path) -> Path:
        """Write the report; one of the same day and machine is replaced. Returns its path."""
        content = self.model_dump(mode="json", by_alias=True)
        content["digest"] = content_digest(content)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"kills-{self.environment.device}-{self.finished_utc[:10].replace('-', '')}.json"
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        return replace(path, lambda file: file.write(text.encode()))


@foreign.refusing
def read(path: Path) -> FaultReport:
    """Read one report.

    Raises:
        ValueError: not a report, of another version, changed after it was written, or inconsistent.
    """
    try:
        document = foreign.read_json(path)
    except ValueError as error:
        raise ValueError(f"cannot be read as JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(document.get("schema"), dict):
        raise ValueError("is not a fault report")
    if document["schema"] != Schema().model_dump():
        raise ValueError(f"has the schema {document['schema']}, this program reads {Schema().model_dump()}")
    if document.get("digest") != content_digest(document):
        raise ValueError("was changed after it was written: its digest does not match its content")
    try:
        return foreign.validated(FaultReport, document)
    except ValueError as error:
        raise ValueError(f"does not fit the schema: {error}") from None


def load(runs: Path) -> tuple[list[FaultReport], list[Problem]]:
    """All reports of a runs folder, the newest first, and the files that are none. Never raises."""
    reports = []
    paths, problems = foreign.files(runs / FOLDER, ".json", FOLDER)
    for path in paths:
        try:
            reports.append(read(path))
        except ValueError as error:
            problems.append(Problem(f"{FOLDER}/{path.name}", str(error)))
    return sorted(reports, key=lambda report: report.finished_utc, reverse=True), problems
