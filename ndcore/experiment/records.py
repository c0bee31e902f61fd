"""The record of one run: what was configured, measured, and where. One JSON file per run in `runs/`.

A record is written whole or not at all, is never overwritten, and carries the SHA-256 of its own content. `scan()`
reads a folder of records and reports, by name, every file that is damaged or foreign; it never raises because of one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from ndcore import foreign
from ndcore.experiment.config import RunConfig
from ndcore.files import publish_new
from ndcore.part import Part
from ndcore.problems import Problem
from ndcore.training.conditions import Session
from ndcore.training.epochs import Epoch

SCHEMA_NAME = "ndcore.run-record"
SCHEMA_VERSION = 1
Positive = Annotated[int, AfterValidator(foreign.between(1, foreign.LARGEST_WHOLE))]


class Schema(Part):
    name: Literal["ndcore.run-record"] = SCHEMA_NAME
    version: Literal[1] = SCHEMA_VERSION


class EpochChoice(Part):
    epoch: int
    test_top1: float
    test_top5: float
    chosen_by: str
    """How this epoch was chosen; "highest test top-1" is a choice made on the test set."""


class Model(Part):
    parameters: int
    buffer_elements: int
    weights_sha256: str | None
    """Over every parameter and buffer of the trained network, in the order of its state_dict; None if it failed."""


class Data(Part):
    dataset: str
    source: str
    """Where the images came from: "torchvision files", "image folder" or "scikit-learn digits"."""
    num_classes: int
    train_images: Positive
    test_images: Positive
    fingerprint: dict[Literal["train", "test"], str]
    """SHA-256 over the sorted SHA-256 digests of (label byte + pixels row by row, RGB) of every image."""


class Environment(Part):
    device: str
    """"cpu", "cuda" or "mps"."""
    device_name: str
    cpu: str
    cores: int
    threads: int
    platform: str
    python: str
    packages: dict[str, str]
    """Versions of the packages that matter to the numbers."""
    precision: str
    deterministic: dict[str, bool]
    """The flags that decide whether the same seed gives the same bits."""


class Code(Part):
    git_commit: str | None
    git_dirty: bool | None
    """Whether a tracked file differed from that commit."""
    source_sha256: str
    """Over all Python files of the package."""
    notebook: str
    notebook_sha256: str
    command: str
    """The command that makes this record again."""


class Failure(Part):
    kind: str
    message: str
    traceback: str
    epoch: int | None = None
    step: int | None = None


class RunRecord(Part):
    """Everything that is known about one run."""

    schema_: Schema = Field(default=Schema(), alias="schema")
    run_id: str
    status: Literal["complete", "failed"]
    config: RunConfig
    finished_utc: str
    epochs: tuple[Epoch, ...]
    final_epoch: EpochChoice | None
    best_epoch: EpochChoice | None
    test_correct: str | None
    """Final test pass: one bit per test image, 1 if top-1 is right; images in the data set's canonical order (sorted by
    content digest), packed most significant bit first, base64."""
    model: Model | None
    data: Data | None
    peak_memory_bytes: int
    peak_memory_of: str
    """"process (resident)" or "CUDA allocator"."""
    sessions: tuple[Session, ...]
    """One entry per process that worked on this run; more than one means that it was interrupted and resumed."""
    environment: Environment
    code: Code
    failure: Failure | None = None
    digest: str = ""
    """SHA-256 of the canonical JSON of all other fields."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.run_id != self.config.run_id:
            raise ValueError(f"run_id {self.run_id} does not belong to the configuration ({self.config.run_id})")
        if (self.status == "failed") != (self.failure is not None):
            raise ValueError(f"status is {self.status} but failure is {self.failure}")
        if [e.epoch for e in self.epochs] != list(range(1, len(self.epochs) + 1)):
            raise ValueError("epochs are not numbered 1, 2, 3, …")
        if self.status == "complete":
            if len(self.epochs) != self.config.epochs:
                raise ValueError(f"{len(self.epochs)} epochs recorded, {self.config.epochs} configured")
            if None in (self.final_epoch, self.best_epoch, self.test_correct, self.model, self.data):
                raise ValueError("a complete record lacks a result")
            if (self.final_epoch, self.best_epoch) != choose(self.epochs):
                raise ValueError("the final or best epoch is not the one of the epochs listed")
            if abs(100 * self.correct().sum() / self.data.test_images - self.final_epoch.test_top1) > 1e-6:
                raise ValueError("the final test accuracy and the per-image results differ")
        return self

    def correct(self) -> np.ndarray:
        """Per-image correctness of the final test pass: booleans (test_images,)."""
        packed = np.frombuffer(base64.b64decode(self.test_correct), dtype=np.uint8)
        return np.unpackbits(packed, count=self.data.test_images).astype(bool)

    def sealed(self) -> Self:
        """The same record with its digest filled in."""
        document = self._document()
        return type(self).model_validate(document | {"digest": content_digest(document)})

    def to_json(self) -> str:
        """JSON text, indented, ending with a newline; of a record that was read, the text of its file."""
        return json.dumps(self._document(), indent=1, ensure_ascii=False) + "\n"

    def _document(self) -> dict[str, Any]:
        """The record as JSON holds it. Once sealed it gets no field more: its digest is over those that it has."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=bool(self.digest))

    def write(self, folder: Path) -> Path:
        """Write the record into `folder` (atomically, never over an existing file) and return its path.

        A complete run is `<run_id>.json`; failed attempts are `<run_id>.failed-1.json`, `-2`, …

        Raises:
            FileExistsError: a complete record of this run is already there.
        """
        text = self.sealed().to_json()
        if self.status == "complete":
            return publish_new(folder / f"{self.run_id}.json", text)
        attempt = 1
        while True:
            try:
                return publish_new(folder / f"{self.run_id}.failed-{attempt}.json", text)
            except FileExistsError:
                attempt += 1


def pack_correct(correct: Sequence[bool] | np.ndarray) -> str:
    """Booleans, one per image, as base64 of packed bits (most significant bit first)."""
    return base64.b64encode(np.packbits(np.asarray(correct, dtype=bool)).tobytes()).decode()


def choose(epochs: Sequence[Epoch]) -> tuple[EpochChoice, EpochChoice]:
    """The final epoch and the best one (highest test top-1, the first of equals)."""
    final, best = epochs[-1], max(epochs, key=lambda e: (e.test.top1, -e.epoch))
    return tuple(
        EpochChoice(epoch=e.epoch, test_top1=e.test.top1, test_top5=e.test.top5, chosen_by=how)
        for e, how in ((final, "last epoch"), (best, "highest test top-1"))
    )


def content_digest(document: dict[str, Any]) -> str:
    """SHA-256 of a record's JSON without its digest: keys sorted, no spaces, UTF-8."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@foreign.refusing
def read(path: Path) -> RunRecord:
    """Read one record.

    Raises:
        ValueError: not JSON, not a run record, of another version, inconsistent, or its digest does not match.
    """
    try:
        document = foreign.read_json(path)
    except ValueError as error:
        raise ValueError(f"cannot be read as JSON ({error})") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, dict) or schema.get("name") != SCHEMA_NAME:
        raise ValueError("is not a run record")
    if schema.get("version") != SCHEMA_VERSION:
        raise ValueError(f"has schema version {schema.get('version')!r}, this program reads version {SCHEMA_VERSION}")
    if document.get("digest") != content_digest(document):
        raise ValueError("was changed after it was written: its digest does not match its content")
    try:
        return foreign.validated(RunRecord, document)
    except ValueError as error:
        raise ValueError(f"does not fit the schema: {error}") from None


def read_complete(path: Path) -> RunRecord:
    """Read the record of a complete run: a run counts as done only if this returns.

    Raises:
        ValueError: as `read`; or it is the record of a failure, or of another run than its name says.
    """
    record = read(path)
    if record.status != "complete":
        raise ValueError("is the record of a failure")
    if path.stem != record.run_id:
        raise ValueError(f"holds the record of {record.run_id}: the name does not match")
    return record


def scan(folder: Path) -> tuple[list[RunRecord], list[Problem]]:
    """All records of a folder, sorted by run id (failed attempts included), and the files that are not records."""
    records = []
    paths, problems = foreign.files(folder, ".json")
    for path in paths:
        try:
            record = read(path)
            name, _, attempt = path.stem.partition(".failed-")
            if name != record.run_id or bool(attempt) != (record.status == "failed"):
                raise ValueError(f"holds the record of {record.run_id}: the name does not match")
            records.append(record)
        except ValueError as error:
            problems.append(Problem(path.name, str(error)))
    return records, sorted(problems, key=lambda problem: problem.file)
