"""Performs the kill experiment.

Every kill has its own empty folder. A run starts in it, in a process of its own as in the grid, and is killed with
SIGKILL at its moment; its kernel dies with it. Then the same command is given once more, without anything in between,
and its result is compared with that of the same run left alone.

SIGKILL ends processes, not the machine: what the system had taken to write is written. That files also survive a
machine that stops depends on the disk doing what it says when it is told to flush, which every record and checkpoint
waits for.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from kill_moments import PHASES, Moment, Place

from ndcore.errors import RunFailed
from ndcore.experiment import records
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import (
    CHECKPOINT_SECONDS,
    NOTEBOOK,
    checkpoint_path,
    record_path,
    runs_folder,
    work_folder,
)
from ndcore.experiment.parameters import read_options
from ndcore.experiment.provenance import describe_code, describe_environment
from ndcore.experiment.records import RunRecord
from ndcore.grid import cell_process
from ndcore.numbers import require_whole
from ndreport.evidence.fault_reports import FOLDER, FaultReport, Kill, Phase

CONFIG = RunConfig(
    arch="resnet18d", norm="nd", dataset="digits", epochs=2, batch_size=32, train_images=64, block=16, update_every=2
)
"""Short, but with everything: the real notebook, the real network, a deconvolution that is idle in every other step."""

LIMITS = {"kills": (1, 100_000), "seed": (0, 2**31 - 1), "workers": (1, 1_024)}
"""Least and most of the numbers of the experiment."""


def read_kills(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Validate what the parameter cells of the notebook have defined.

    Args:
        namespace: `globals()` of the notebook.

    Returns:
        The arguments of `perform_and_write`.

    Raises:
        UserError: a parameter that does not exist, or a value of the wrong type or range.
    """
    options = read_options(namespace, LIMITS, ("runs",))
    for name, limits in LIMITS.items():
        require_whole(name, namespace[name], *limits)
    return {name: namespace[name] for name in LIMITS} | {"runs": options["runs"]}


@dataclass(frozen=True)
class Undisturbed:
    """The run that was left alone."""

    seconds: float
    record: RunRecord


def perform_and_write(kills: int, *, runs: Path | None = None, **options: Any) -> FaultReport:
    """As `perform`; also writes the report into `faults/` of the runs folder."""
    report = perform(kills, **options)
    report.write((runs or runs_folder()) / FOLDER)
    return report


def perform(
    kills: int,
    *,
    config: RunConfig = CONFIG,
    seed: int = 0,
    workers: int = 1,
    checkpoint_seconds: float = 0.0,
    phases: Sequence[Phase] = PHASES,
) -> FaultReport:
    """Kill so many runs and report what became of each. Shows a progress bar.

    Args:
        kills: the phases take turns.
        seed: of the moments.
        workers: runs at the same time, each with its share of the cores.
        checkpoint_seconds: between two checkpoints of an epoch; 0 writes one after every step.
        phases: those whose moments are drawn.

    Raises:
        RunFailed: the run fails even if it is left alone.
    """
    from tqdm import tqdm  # noqa: PLC0415

    generator = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="ndcore-faults-") as folder:
        alone = leave_alone(config, Path(folder) / "alone", checkpoint_seconds)
        moments = [Moment.draw(phases[k % len(phases)], alone.seconds, generator) for k in range(kills)]
        places = [_place(config, Path(folder) / str(k)) for k in range(kills)]

        def one(place: Place, moment: Moment) -> Kill:
            return kill(place, moment, alone, checkpoint_seconds)

        with ThreadPoolExecutor(workers) as pool:
            outcomes = tuple(
                tqdm(pool.map(one, places, moments), total=kills, desc="kills", file=sys.stderr, ncols=110)
            )
    return FaultReport(
        finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        config=config,
        checkpoint_seconds=checkpoint_seconds,
        seed=seed,
        undisturbed_seconds=alone.seconds,
        undisturbed_weights_sha256=alone.record.model.weights_sha256,
        kills=outcomes,
        environment=describe_environment("cpu", config.precision),
        code=describe_code(config, NOTEBOOK.with_name("power-failure.ipynb")),
    )


def _place(config: RunConfig, folder: Path) -> Place:
    (folder / "runs").mkdir(parents=True)
    return Place(config, folder / "runs")


def leave_alone(config: RunConfig, folder: Path, checkpoint_seconds: float) -> Undisturbed:
    """Perform the run without a kill.

    Raises:
        RunFailed: it fails.
    """
    place = _place(config, folder)
    began = time.monotonic()
    process = _start(place, checkpoint_seconds)
    if process.wait():
        raise RunFailed(f"{config.run_id} failed without any kill: ndcore run shows why")
    return Undisturbed(time.monotonic() - began, records.read_complete(record_path(config, place.runs)))


def kill(place: Place, moment: Moment, alone: Undisturbed, checkpoint_seconds: float) -> Kill:
    """Start a run in its empty place, kill it at its moment, give it again, and look at everything."""
    began = time.monotonic()
    process = _start(place, checkpoint_seconds)
    moment.wait(place, lambda: process.poll() is not None)
    with contextlib.suppress(ProcessLookupError):  # it had ended before its moment came
        os.killpg(process.pid, signal.SIGKILL)  # its kernel is told by the system to die with it
    after = time.monotonic() - began
    process.wait()
    found, torn = place.phase(), len(list(torn_files(place.runs)))
    checkpoint, before = _position(place), _bytes(record_path(place.config, place.runs))
    began = time.monotonic()
    code = _start(place, checkpoint_seconds).wait()
    seconds = time.monotonic() - began
    path = record_path(place.config, place.runs)
    complete = [r for r in records.scan(place.runs)[0] if r.status == "complete"]
    record = complete[0] if complete else None
    return Kill(
        aimed_at=moment.phase,
        found_in=found,
        killed_after=after,
        checkpoint=checkpoint,
        resumed_at=_resumed_at(record) if before is None else None,
        torn_files=torn,
        exit_code=code,
        finished_after=seconds,
        records=len(complete),
        record_kept=before is None or before == _bytes(path),
        bit_equal=record is not None and same_result(record, alone.record),
        left_over=len(list(_left_over(place))),
    )


def _start(place: Place, checkpoint_seconds: float) -> subprocess.Popen:
    """The run as the grid starts it, in a session of its own."""
    environment = cell_process.environment(threads=1) | {CHECKPOINT_SECONDS: str(checkpoint_seconds)}
    return subprocess.Popen(
        cell_process.command(place.config, place.runs, device="cpu"),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def torn_files(runs: Path) -> Iterator[Path]:
    """Records and executed notebooks that are not whole."""
    for problem in records.scan(runs)[1]:
        yield runs / problem.file
    for path in (runs / "notebooks").glob("*.ipynb"):
        try:
            nbformat.validate(nbformat.read(path, as_version=4))
        except (ValueError, nbformat.ValidationError):
            yield path


def same_result(one: RunRecord, other: RunRecord) -> bool:
    """Whether two runs ended with the same bits: weights, curves, per-image results."""
    return _result(one) == _result(other)


def _result(record: RunRecord) -> tuple[Any, ...]:
    return record.model, record.test_correct, [(e.running_train, e.test) for e in record.epochs]


def _resumed_at(record: RunRecord | None) -> tuple[int, int] | None:
    return (record.sessions[-1].epoch, record.sessions[-1].step) if record else None


def _position(place: Place) -> tuple[int, int] | None:
    """Epoch and steps of the checkpoint that is there."""
    import torch  # noqa: PLC0415

    path = checkpoint_path(place.config, place.runs)
    if not path.exists():
        return None
    position = torch.load(path, map_location="cpu", weights_only=True)["position"]
    return position["epoch"], position["step"]


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _left_over(place: Place) -> Iterator[Path]:
    work = work_folder(place.config, place.runs)
    yield from (path for path in work.rglob("*") if path.is_file())
    yield from place.runs.glob(".*.tmp")
    yield from (place.runs / "notebooks").glob(".*.tmp")
