"""The records of the ablation as its page sees them: which run has which accuracy, and what it cost in time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ndcore.experiment.ablation import FACTORS, Budget, plan
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import ablation_folder
from ndcore.experiment.records import RunRecord, scan
from ndcore.problems import Problem
from ndreport.rendering.html import Html, notice


@dataclass(frozen=True)
class Ablation:
    """The runs of one budget, as far as they are there."""

    budget: Budget
    complete: dict[RunConfig, RunRecord]
    failed: dict[RunConfig, RunRecord]
    """The last failed attempt of every configuration that has one."""
    problems: list[Problem]
    """Files that could not be used, and why."""

    @property
    def records(self) -> list[RunRecord]:
        """What the page shows in full: of every run of the plan its record, or else its last failed attempt."""
        found = (self.complete.get(config) or self.failed.get(config) for config in plan(self.budget))
        return [record for record in found if record]

    def across_seeds(self, norm: str) -> list[RunRecord]:
        """The complete runs of the default ("nd") or of batch normalisation ("bn")."""
        return [self.complete[config] for config in self.budget.across_seeds(norm) if config in self.complete]

    def default_of(self, record: RunRecord) -> RunRecord | None:
        """The complete default run with the seed and the images of a record."""
        default = self.complete.get(self.budget.config(seed=record.config.seed))
        return default if default and default.data.fingerprint == record.data.fingerprint else None

    def gain(self, record: RunRecord) -> float | None:
        """Test top-1 minus that of the default with the same seed, in percentage points; None without that default."""
        default = self.default_of(record)
        return top1(record) - top1(default) if default else None

    def running_gain(self, record: RunRecord) -> float | None:
        """The same of the running training top-1."""
        default = self.default_of(record)
        return running_top1(record) - running_top1(default) if default else None

    def time_ratio(self, record: RunRecord) -> float | None:
        """Training seconds in units of the default's mean; None without a default that ran on the same machine."""
        same = [seconds(r) for r in self.across_seeds("nd") if machine(r) == machine(record)]
        return seconds(record) / fmean(same) if same else None

    def problem_notice(self) -> Html:
        """A box that names every file that could not be used; empty if there is none."""
        return notice(
            "warning", "Files in runs/ablation/ that are not shown", [f"{p.file} {p.reason}" for p in self.problems]
        )


def load(budget: Budget | None = None, folder: Path | None = None) -> Ablation:
    """Read the records of an ablation; None: of the default budget, in `runs/ablation/`. Nothing raises because of a
    file: a damaged one becomes a problem, a missing folder is an ablation that nobody has run."""
    records, problems = scan(folder or ablation_folder())
    complete = {record.config: record for record in records if record.status == "complete"}
    failed = {record.config: record for record in records if record.status == "failed"}
    return Ablation(budget or Budget(), complete, failed, problems)


def top1(record: RunRecord) -> float:
    """Test top-1 of the final epoch, in percent."""
    return record.final_epoch.test_top1


def running_top1(record: RunRecord) -> float:
    """Running training top-1 of the final epoch, in percent."""
    return record.epochs[-1].running_train.top1


def seconds(record: RunRecord) -> float:
    """Wall-clock seconds of the forward, backward and optimiser steps of all epochs."""
    return sum(epoch.seconds.train for epoch in record.epochs)


def machine(record: RunRecord) -> tuple[str | int, ...]:
    """What has to be equal for two times to be comparable: device, processor, cores, threads."""
    e = record.environment
    return e.device, e.device_name, e.cpu, e.cores, e.threads


def label(config: RunConfig) -> str:
    """What a run of the ablation is, in words: "BN, seed 1", "ND default, seed 0", "sampling stride 2"."""
    varied = config.deconvolution()
    if varied:
        return ", ".join(f"{factor.name} {varied[factor.field]}" for factor in FACTORS if factor.field in varied)
    return f"{'BN' if config.norm == 'bn' else 'ND default'}, seed {config.seed}"
