"""Which runs make up a grid: the settings of the study's tables, or any product of options, times seeds and repeats."""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ndcore import data
from ndcore.errors import UserError, shown, unknown_name
from ndcore.experiment.config import CORE, DECONVOLUTION, RunConfig
from ndcore.numbers import MILLION, MOST_DIGITS, decimal, require_within, whole
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS, NORMS

TABLES = {"4": "cifar10", "5": "cifar100", "6": "imagenet", "7": "imagenet"}
"""Tables of the second study with accuracies, and their data sets."""
IMAGENET_RUNS = {
    "6": (("vgg11", "none"), ("vgg11", "bn"), ("vgg11", "nd")),
    "7": (("resnet18", "bn"), ("resnet18", "nd"), ("densenet121", "bn"), ("densenet121", "nd")),
}
"""Networks and norms of Tables 6 and 7, one run of 90 epochs each."""
DIGITS = rf"[0-9]{{1,{MOST_DIGITS}}}"
RESNET_BY_NAME = ("cifar10", 20)
"""Where the study's ResNet-18 was `resnet18`; everywhere else it was `resnet18d`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of the grid."""

    setting: RunConfig
    """The run with seed 0 and repeat 0."""
    seed: int
    repeat: int
    run_id: str

    @property
    def config(self) -> RunConfig:
        return self.setting.model_copy(update={"seed": self.seed, "repeat": self.repeat})


@dataclass(frozen=True)
class Unavailable:
    """A run of the study that this program cannot perform."""

    label: str
    reason: str


@dataclass(frozen=True)
class Selection:
    """Which cells are meant. What is left out takes the study's values.

    Raises:
        UserError: a name or value that is not known, or parts that contradict each other.
    """

    tables: Sequence[str] = ()
    archs: Sequence[str] = ()
    norms: Sequence[str] = ()
    datasets: Sequence[str] = ()
    epochs: Sequence[int] = ()
    seeds: Sequence[int] = ()
    repeats: int | None = None
    """How often each seed is run. None: as often as the study (repeats 0, 1, 2 of its one seed) unless `seeds` or other
    data sets than the study's are asked for; then once."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the configuration that differ from the recipe."""

    def __post_init__(self) -> None:
        for table in self.tables:
            if table not in (*TABLES, "all"):
                raise UserError(unknown_name("table", table, (*TABLES, "all")))
        for name in self.changes:
            if name in CORE or name not in RunConfig.model_fields:
                options = [other for other in RunConfig.model_fields if other not in CORE]
                raise UserError(unknown_name("option of a run", name, options))
        wrong = [name for name in self.datasets if self.tables and name not in self._of_tables()]
        if wrong:
            raise UserError(
                f"data set {wrong[0]} is not that of table {', '.join(self.tables)}: leave one of the two out"
            )
        require_within("--repeats", self.repeats, 1, MILLION)

    def _of_tables(self) -> list[str]:
        tables = TABLES if not self.tables or "all" in self.tables else self.tables
        return list(dict.fromkeys(TABLES[table] for table in tables))

    def cells(self) -> list[Cell]:
        """All cells, in the order of the study's tables; a setting's seeds and repeats stand together.

        Raises:
            UserError: a name or value that is not known.
        """
        wanted = self.datasets or [name for name in self._of_tables() if name in data.names()]
        seeds = sorted(set(self.seeds)) or [0]
        settings = list(itertools.product(wanted, self.epochs or EPOCHS, self._networks()))
        number = sum(len(seeds) * len(self._repeats(dataset)) for dataset, _, _ in settings)
        if number > MILLION:
            raise UserError(f"a grid of {number:,} cells: at most {MILLION:,} are possible, choose fewer of them")
        found = []
        for dataset, epochs, (archs, norm) in settings:
            arch = archs if isinstance(archs, str) else _of_study(archs, dataset, epochs)
            setting = {"arch": arch, "norm": norm, "dataset": dataset, "epochs": epochs} | self._changes(norm)
            for seed in (seeds[0], seeds[-1]):  # they are sorted: if these can be seeds, all can
                RunConfig.parse(setting | {"seed": seed})
            config = RunConfig.parse(setting)
            found += (Cell(config, *each) for each in config.replicates(seeds, self._repeats(dataset)))
        return found

    def _networks(self) -> list[tuple[str | tuple[str, ...], str]]:
        archs = self.archs or [network.ours for network in NETWORKS]
        return list(itertools.product(archs, self.norms or NORMS))

    def _changes(self, norm: str) -> dict[str, Any]:
        """An option about deconvolution applies to the cells that have one."""
        return {name: value for name, value in self.changes.items() if norm == "nd" or name not in DECONVOLUTION}

    def _repeats(self, dataset: str) -> range:
        if self.repeats is not None:
            return range(self.repeats)
        return range(1 if self.seeds or dataset not in TABLES.values() else len(ATTEMPTS))

    def unavailable(self) -> list[Unavailable]:
        """The runs of the study that are meant and cannot be performed here."""
        if "imagenet" in data.names() or self.datasets or self.archs:
            return []
        tables = IMAGENET_RUNS if not self.tables or "all" in self.tables else self.tables
        return [
            Unavailable(f"{arch} {norm} of Table {table}", "this program has no ImageNet data set")
            for table in tables
            for arch, norm in IMAGENET_RUNS.get(table, ())
            if not self.norms or norm in self.norms
        ]


def _of_study(archs: tuple[str, ...], dataset: str, epochs: int) -> str:
    """The one of our networks that the study ran under a label."""
    return archs[-1] if (dataset, epochs) != RESNET_BY_NAME else archs[0]


def parse_numbers(text: str, what: str) -> list[int]:
    """ "0,1,5-8" as numbers.

    Raises:
        UserError: it is something else.
    """
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(rf"\s*({DIGITS})(?:-({DIGITS}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise UserError(
                f"{what} {shown(text)}: expected numbers like 0,1,2 or 0-9, of at most {MOST_DIGITS} digits"
            )
        if len(numbers) + last - first >= MILLION:
            raise UserError(f"{what} {shown(text)}: at most {MILLION:,} numbers are possible")
        numbers += range(first, last + 1)
    return numbers


def parse_changes(assignments: Sequence[str]) -> dict[str, Any]:
    """ "batch_size=64" and the like as values of a configuration.

    Raises:
        UserError: it is something else.
    """
    changes: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"--set {shown(assignment)}: expected NAME=VALUE, like batch_size=64")
        changes[name.strip().replace("-", "_")] = _value(text.strip())
    return changes


def _value(text: str) -> int | float | str:
    for kind in (whole, decimal):
        try:
            return kind(text)
        except argparse.ArgumentTypeError:
            continue
    return text
