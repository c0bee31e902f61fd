"""Our own runs as the pages see them: which records belong to which setting of the study, and paired differences."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ndcore.experiment.config import CORE, RunConfig
from ndcore.experiment.records import RunRecord
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS, NORMS

STUDY_DATASETS = ("cifar10", "cifar100")


@dataclass(frozen=True)
class Setting:
    """One cell of the study's tables, as a network of `ndcore.models` runs it."""

    dataset: str
    arch: str
    norm: str
    epochs: int

    @classmethod
    def of(cls, config: RunConfig) -> Setting:
        return cls(config.dataset, config.arch, config.norm, config.epochs)


def own_options(config: RunConfig) -> dict[str, object]:
    """What differs from the study's recipe (the defaults), besides data set, network, norm, epochs, seed and repeat."""
    fields = type(config).model_fields
    options = {name: getattr(config, name) for name, field in fields.items() if name not in CORE}
    return {name: value for name, value in options.items() if value != fields[name].default}


def follows_recipe(config: RunConfig) -> bool:
    """Whether everything but data set, network, norm, epochs, seed and repeat is the study's recipe."""
    return not own_options(config)


def complete_runs(records: Iterable[RunRecord], setting: Setting) -> list[RunRecord]:
    """The complete records of a setting that follow the recipe, by seed and repeat."""
    chosen = (r for r in records if r.status == "complete" and Setting.of(r.config) == setting)
    return sorted((r for r in chosen if follows_recipe(r.config)), key=lambda r: (r.config.seed, r.config.repeat))


def count_seeds(records: Sequence[RunRecord]) -> str:
    """How many runs, with how many different seeds, in words."""
    seeds = len({r.config.seed for r in records})
    runs = f"{len(records)} run{'s' * (len(records) != 1)}"
    return f"{runs}, {seeds} seed{'s' * (seeds != 1)}"


def mean_test_top1(records: Sequence[RunRecord]) -> float:
    """Mean test top-1 of the final epoch, in percent."""
    return fmean(r.final_epoch.test_top1 for r in records)


def mean_running_train_top1(records: Sequence[RunRecord]) -> float:
    """Mean running training top-1 of the final epoch, in percent."""
    return fmean(r.epochs[-1].running_train.top1 for r in records)


@dataclass(frozen=True)
class Coverage:
    """How much of the study's CIFAR grid (data set × network × norm × epochs × attempt) our own records cover."""

    settings: int
    settings_run: int
    cells: int
    cells_run: int
    """Each setting counts at most as many runs as the study made attempts."""


def runs_of_settings(records: Sequence[RunRecord]) -> list[list[RunRecord]]:
    """Our own complete runs of each setting of the study's CIFAR tables, with any network of its label."""
    return [
        [run for arch in network.ours for run in complete_runs(records, Setting(dataset, arch, norm, epochs))]
        for dataset, network, norm, epochs in itertools.product(STUDY_DATASETS, NETWORKS, NORMS, EPOCHS)
    ]


def coverage(records: Sequence[RunRecord]) -> Coverage:
    """Count the settings and cells of the study that have a complete record of our own."""
    runs = list(map(len, runs_of_settings(records)))
    return Coverage(
        settings=len(runs),
        settings_run=sum(n > 0 for n in runs),
        cells=len(runs) * len(ATTEMPTS),
        cells_run=sum(min(n, len(ATTEMPTS)) for n in runs),
    )


@dataclass(frozen=True)
class Difference:
    """ND minus BN of two runs that differ in nothing else, in percentage points."""

    bn: RunRecord
    nd: RunRecord

    @property
    def test(self) -> float:
        return self.nd.final_epoch.test_top1 - self.bn.final_epoch.test_top1

    @property
    def running_train(self) -> float:
        return self.nd.epochs[-1].running_train.top1 - self.bn.epochs[-1].running_train.top1

    @property
    def test_standard_error(self) -> float:
        """Standard error of `test` from drawing the test images, paired image by image; says nothing about seeds."""
        return paired_standard_error(self.nd, self.bn)


def paired_standard_error(one: RunRecord, other: RunRecord) -> float:
    """Standard error of the difference of two test accuracies from drawing the test images, in percentage points.

    Paired image by image: both runs were tested on the same images.
    """
    difference = one.correct().astype(float) - other.correct()
    return 100 * float(np.std(difference, ddof=1)) / len(difference) ** 0.5


def differences(records: Iterable[RunRecord]) -> list[Difference]:
    """Every pair of complete runs that differ in their norm (nd, bn) only and saw the same data."""
    complete = [r for r in records if r.status == "complete"]
    pairs = []
    for bn in (r for r in complete if r.config.norm == "bn"):
        partner = bn.config.model_copy(update={"norm": "nd"})
        pairs += [Difference(bn, nd) for nd in complete if nd.config == partner and nd.data == bn.data]
    return sorted(pairs, key=lambda pair: pair.nd.run_id)
