"""What a run that nobody made here would take and give: measured times, and results of the same setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import pandas as pd

from ndcore.bench import results
from ndcore.bench.rows import StepRow
from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import RunRecord
from ndcore.grid.estimates import Estimator, Machine
from ndcore.study import NETWORKS
from ndreport.evidence.corrected_times import corrected_settings
from ndreport.evidence.decimals import suggested_tests
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.runs import Setting
from ndreport.evidence.series import logged_tests
from ndreport.evidence.splits import BLOCK, measured_on
from ndreport.evidence.which_network import ran

REPRODUCTION = "the reproduction's GPU"
LOGS = "test accuracies in the reproduction's logs"
PROBABLE = "the reproduction's attempts, very probably test accuracies"


@dataclass(frozen=True)
class Range:
    """From the least to the most of what was measured, and where."""

    where: str
    least: float
    most: float


@dataclass(frozen=True)
class Expected:
    """One run: the command that performs it, seconds on what was measured, and test accuracies of its setting."""

    command: str
    seconds: tuple[Range, ...]
    """Nothing where nobody measured."""
    top1: tuple[Range, ...]
    """Percent, by source; nothing where no value is known to be a test accuracy."""


def measured_machine(runs: Path, records: Sequence[RunRecord]) -> Machine | None:
    """The machine of the newest benchmark, else of the last record: not the one that builds the book."""
    path = results.latest(runs / "bench")
    try:
        rows = results.read_rows(path, StepRow) if path else []
    except UserError:
        rows = []
    sources = [*rows, *(record.environment for record in sorted(records, key=lambda r: r.finished_utc, reverse=True))]
    if not sources:
        return None
    first = sources[0]
    return Machine(first.device, first.device_name, first.cpu, first.cores)


class Expectations:
    """What is known about any run of the study's CIFAR grid."""

    def __init__(self, published: Published, records: Sequence[RunRecord], runs: Path) -> None:
        self.published = published
        self.machine = measured_machine(runs, records)
        self._estimator = Estimator.of(runs, records, self.machine) if self.machine else Estimator()
        self._seconds = _by_setting(corrected_settings(published))
        self._logged = _by_setting(logged_tests(published))
        self._original = _by_setting(published.original)
        measured = measured_on(published)
        probable = measured[measured[BLOCK].apply(tuple, axis=1).isin(suggested_tests(measured))]
        self._probable = _by_setting(probable.groupby(SETTING)["value"].agg(lowest="min", highest="max").reset_index())

    def of(self, setting: Setting, seed: int = 0, repeat: int = 0) -> Expected:
        """What to expect of a run with the recipe of the study."""
        config = RunConfig(**vars(setting), seed=seed, repeat=repeat)
        network = next((n for n in NETWORKS if setting.arch in n.ours), None)
        seconds, top1 = [], []
        if network:
            key = (setting.dataset, network.arch, setting.norm, setting.epochs)
            theirs = ran(self.published, network, setting.dataset, setting.epochs).arch == setting.arch
            if setting.arch == network.ours[0] and (row := self._original.get(key)):
                top1.append(Range("the original", row.value, row.value))
            for where, known in ((LOGS, self._logged), (PROBABLE, self._probable)):
                if theirs and (row := known.get(key)):
                    top1.append(Range(where, row.lowest, row.highest))
            row = self._seconds.get(key) if theirs else None
            if row and not isnan(row.shortest):
                seconds.append(Range(REPRODUCTION, row.shortest, row.longest))
        estimate = self._estimator.estimate(config).seconds
        if estimate is not None:
            seconds.append(Range(f"{self.machine.cpu} with {self.machine.cores} cores", estimate, estimate))
        return Expected(config.command(), tuple(seconds), tuple(top1))


def _by_setting(frame: pd.DataFrame) -> dict[tuple, object]:
    return {tuple(getattr(row, name) for name in SETTING): row for row in frame.itertuples()}
