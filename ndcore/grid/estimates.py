"""How long a cell will take, from what was measured; "unknown" where nothing was.

In this order:

1. from records of this machine (same processor, cores and device) of the same network, norm, batch size, precision
   and deconvolution: seconds per image, times images;
2. from the file of `ndcore bench` of this machine: seconds per step, times steps, without data and test;
3. from records of this machine with the other norm, times the ratio of the two that `ndcore bench` measured anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from ndcore import data
from ndcore.bench import results
from ndcore.bench.rows import StepRow
from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import Environment, RunRecord
from ndcore.machine import cpu_name, gpus, usable_cores


@dataclass(frozen=True)
class Machine:
    """What has to agree for one machine's times to be another's."""

    device: str
    device_name: str
    cpu: str
    cores: int

    @classmethod
    def this(cls) -> Machine:
        """This one, with its first GPU if there is one."""
        names = list(gpus().values())
        return cls("cuda" if names else "cpu", names[0] if names else "CPU", cpu_name(), usable_cores())

    def same(self, other: Environment | StepRow) -> bool:
        """Whether a record or a benchmark comes from such a machine. With a GPU, the processor does not matter."""
        if (self.device, self.device_name) != (other.device, other.device_name):
            return False
        return self.device != "cpu" or (self.cpu, self.cores) == (other.cpu, other.cores)


@dataclass(frozen=True)
class Estimate:
    """Seconds, or None, and what they were taken from."""

    seconds: float | None
    source: str


UNKNOWN = Estimate(None, "unknown")


@dataclass
class Rate:
    """Seconds per image of training and of testing, of one run."""

    train: float
    test: float


@dataclass
class Estimator:
    """What is known about the speed of this machine."""

    rates: dict[tuple, list[Rate]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[tuple[str, str, int], float] = field(default_factory=dict)
    """Seconds of a training step on this machine by network, norm and batch size."""
    ratios: dict[str, float] = field(default_factory=dict)
    """ND over BN by network, measured on any machine."""

    @classmethod
    def of(cls, runs: Path, measured: Iterable[RunRecord], machine: Machine | None = None) -> Estimator:
        """From records, and from the newest benchmark in `runs/bench/`. A damaged benchmark counts as none."""
        machine = machine or Machine.this()
        known = cls()
        for record in measured:
            if record.status == "complete" and machine.same(record.environment):
                known.rates[_kind(record.config)].append(_rate(record))
        known._learn_from_bench(runs, machine)
        return known

    def _learn_from_bench(self, runs: Path, machine: Machine) -> None:
        path = results.latest(runs / "bench")
        try:
            rows = results.read_rows(path, StepRow) if path else []
        except UserError:
            return
        for row in (row for row in rows if row.variant in ("bn", "nd", "none")):
            if machine.same(row):
                self.steps[row.arch, row.variant, row.batch_size] = row.median_seconds
            if row.variant == "nd" and row.ratio_to_bn is not None:
                self.ratios[row.arch] = row.ratio_to_bn

    def estimate(self, config: RunConfig) -> Estimate:
        """How long a run will take on this machine with nothing else running."""
        train, test = _images(config)
        if rates := self.rates.get(_kind(config)):
            return Estimate(config.epochs * _seconds(rates, train, test), f"{len(rates)} measured here")
        seconds = self.steps.get((config.arch, config.norm, config.batch_size))
        if seconds is not None and not config.deconvolution() and config.precision == "fp32":
            return Estimate(config.epochs * ceil(train / config.batch_size) * seconds, "benchmark of this machine")
        other = {"nd": "bn", "bn": "nd"}.get(config.norm, "")
        ratio = self.ratios.get(config.arch, 0.0)
        rates = self.rates.get(_kind(config.model_copy(update={"norm": other})))
        if rates and ratio and not config.deconvolution():
            seconds = _seconds(rates, train, test) * (ratio if config.norm == "nd" else 1 / ratio)
            return Estimate(config.epochs * seconds, f"{other} measured here × benchmark's ratio")
        return UNKNOWN


def _kind(config: RunConfig) -> tuple[Any, ...]:
    """What decides the time per image."""
    options = tuple(sorted(config.deconvolution().items()))
    return config.arch, config.norm, config.batch_size, config.precision, options


def _images(config: RunConfig) -> tuple[int, int]:
    """Training and test images of a run."""
    counts = data.spec(config.dataset).counts
    return min(config.train_images or counts["train"], counts["train"]), counts["test"]


def _rate(record: RunRecord) -> Rate:
    seconds = [epoch.seconds for epoch in record.epochs]
    return Rate(
        train=median(s.data + s.train for s in seconds) / record.data.train_images,
        test=median(s.evaluate for s in seconds) / record.data.test_images,
    )


def _seconds(rates: Sequence[Rate], train: int, test: int) -> float:
    """Seconds of an epoch: the median of what was measured."""
    return median(rate.train * train + rate.test * test for rate in rates)
