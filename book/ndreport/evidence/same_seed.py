"""Our own runs of one setting: the same seed again, against other seeds.

Only runs of the same code are compared: two versions of it may give different numbers for one seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import stdev

from ndcore.experiment.records import RunRecord
from ndreport.evidence.runs import Setting, follows_recipe


@dataclass(frozen=True)
class Repeated:
    """The complete runs of one setting that follow the recipe, saw the same images and ran the same code."""

    setting: Setting
    source_sha256: str
    """Digest of the code."""
    by_seed: dict[int, list[RunRecord]]
    """In the order of their repeats."""

    @property
    def runs(self) -> list[RunRecord]:
        return [record for records in self.by_seed.values() for record in records]

    @property
    def repeated(self) -> dict[int, list[RunRecord]]:
        """The seeds that ran more than once."""
        return {seed: records for seed, records in self.by_seed.items() if len(records) > 1}

    def equal_weights(self) -> int:
        """How many repeated seeds ended with the same weights, bit by bit, in all of their runs."""
        return sum(len({record.model.weights_sha256 for record in records}) == 1 for records in self.repeated.values())

    def repeat_range(self) -> float | None:
        """Largest difference of test top-1 between two runs of one seed, in points; None if no seed ran twice."""
        return max((_range(records) for records in self.repeated.values()), default=None)

    def seed_range(self) -> float | None:
        """Highest minus lowest test top-1 of the first runs of the seeds, in points; None for one seed."""
        firsts = [records[0] for records in self.by_seed.values()]
        return _range(firsts) if len(firsts) > 1 else None

    def seed_sd(self) -> float | None:
        """Standard deviation over the first runs of the seeds, in points; None for one seed."""
        firsts = [records[0].final_epoch.test_top1 for records in self.by_seed.values()]
        return stdev(firsts) if len(firsts) > 1 else None


def _range(records: list[RunRecord]) -> float:
    values = [record.final_epoch.test_top1 for record in records]
    return max(values) - min(values)


def repeated_settings(records: Iterable[RunRecord]) -> list[Repeated]:
    """Every setting with more than one run, in the order of the records."""
    groups: dict[tuple, dict[int, list[RunRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in _chosen(records):
        groups[(*_place(record), record.code.source_sha256)][record.config.seed].append(record)
    found = [Repeated(setting, source, dict(by_seed)) for (setting, _, source), by_seed in groups.items()]
    return [one for one in found if len(one.runs) > 1]


def across_code(records: Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Runs of one setting and seed that different code made: the runs of each such seed, one for every code."""
    groups: dict[tuple, dict[str, RunRecord]] = defaultdict(dict)
    for record in _chosen(records):
        groups[(*_place(record), record.config.seed)].setdefault(record.code.source_sha256, record)
    return [list(by_code.values()) for by_code in groups.values() if len(by_code) > 1]


def _chosen(records: Iterable[RunRecord]) -> list[RunRecord]:
    chosen = (r for r in records if r.status == "complete" and follows_recipe(r.config))
    return sorted(chosen, key=lambda r: (r.config.seed, r.config.repeat))


def _place(record: RunRecord) -> tuple[Setting, tuple]:
    """The setting and the images."""
    return Setting.of(record.config), tuple(sorted(record.data.fingerprint.items()))
