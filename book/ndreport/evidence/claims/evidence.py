"""What a predicate may look at, by the name that a claim declares it with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from ndcore.errors import UserError
from ndreport.evidence import corrections, rules
from ndreport.evidence.published import FILES, SETTING, Published

NETWORKS, FOLDING, BENCH = "networks", "folding", "bench"
DATA = (*(file.name for file in FILES.values()), NETWORKS, FOLDING, BENCH)
"""Everything that a claim can declare: files of `runs/published/`, the networks of `ndcore.models`, what folding makes
of them, and the operations of a training step as `ndcore bench` counted them."""


@dataclass(frozen=True)
class Counted:
    """One network of `ndcore.models` with one normalisation."""

    parameters: int
    layers: Mapping[str, int]
    """Layers that an image passes through, by class."""


@dataclass(frozen=True)
class Folded:
    """A network with ND after its deconvolutions were folded into its weights."""

    left: int
    """Deconvolutions and normalisations that are still there."""
    difference: float
    """Largest difference of an output in evaluation mode, relative to the largest output."""


@dataclass(frozen=True)
class Evidence:
    published: Published = field(default_factory=Published)
    count: Callable[[str, str], Counted] | None = None
    """Counts a network, given its name and normalisation; None where the networks are not at hand."""
    fold: Callable[[str], Folded] | None = None
    """Folds a network with ND, given its name; None where the networks are not at hand."""
    operations: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Floating-point operations of an ND training step by phase, by network."""

    _parts: dict[frozenset[str], Evidence] = field(default_factory=dict, repr=False, compare=False)
    """What `only` gave before: claims that look at the same data share what is derived from it."""

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """The reproduction's attempts with corrections; columns: see `ndreport.evidence.corrections.attempts`."""
        return corrections.attempts(self.published)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Printed values beside the original's; columns: see `ndreport.evidence.rules.comparisons`."""
        return rules.comparisons(self.published)

    @cached_property
    def deviations(self) -> pd.DataFrame:
        """Settings with an original value; columns: see `ndreport.evidence.deviations.deviations`."""
        from ndreport.evidence import deviations  # noqa: PLC0415 - scipy, which most pages do not need

        return deviations.deviations(self.published).dropna(subset="original")

    @cached_property
    def _single_runs(self) -> pd.DataFrame:
        from ndreport.evidence import gains  # noqa: PLC0415 - statsmodels, which most pages do not need

        return gains.single_runs(self.published)

    def top1(self, split: str) -> pd.DataFrame:
        """Mean accuracies of the reproduction's runs on one split, beside what the original prints; percent.

        One row per setting with runs whose split is known: `SETTING`, `reproduced` (the mean), `runs`, `original`.

        Args:
            split: "test" or "train" (running training accuracy).
        """
        runs = self._single_runs[self._single_runs["split"] == split]
        means = runs.groupby(SETTING, sort=False)["value"].agg(reproduced="mean", runs="size").reset_index()
        original = self.published.original[[*SETTING, "value"]]
        return means.merge(original.rename(columns={"value": "original"}), on=SETTING)

    def only(self, names: Iterable[str]) -> Evidence:
        """The same evidence with nothing in it but what is named.

        Raises:
            UserError: something that is named has no content, as after a damaged file.
        """
        names = frozenset(names)
        if names not in self._parts:
            self._parts[names] = self._only(names)
        return self._parts[names]

    def _only(self, names: frozenset[str]) -> Evidence:
        tables = {table: file.name for table, file in FILES.items()}
        there = {name: not getattr(self.published, table).empty for table, name in tables.items()}
        there |= {NETWORKS: self.count is not None, FOLDING: self.fold is not None, BENCH: bool(self.operations)}
        if gone := sorted(name for name in names if not there[name]):
            raise UserError(f"needs {' and '.join(gone)}, which could not be read")
        hidden = {table: FILES[table].empty() for table, name in tables.items() if name not in names}
        return replace(
            self,
            published=replace(self.published, **hidden),
            count=self.count if NETWORKS in names else None,
            fold=self.fold if FOLDING in names else None,
            operations=self.operations if BENCH in names else {},
            _parts={},
        )
