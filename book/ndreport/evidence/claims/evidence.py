"""What a predicate may look at, by the name that a claim declares it with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from ndcore.errors import UserError
from ndreport.evidence import corrections, rules
from ndreport.evidence.claims.bases import LOGS, OWN, on_basis
from ndreport.evidence.published import FILES, Published

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
    basis: str = OWN
    """What `published` holds of the reproduction: its own values, corrected ones, or test accuracies."""

    _parts: dict[object, Evidence] = field(default_factory=dict, repr=False, compare=False)
    """Earlier answers of `on` and `only`: claims on the same data share what is derived from it."""

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

    def on(self, basis: str) -> Evidence:
        """The same evidence with the reproduction's values replaced by those of a basis."""
        if basis == self.basis:
            return self
        if basis not in self._parts:
            published = on_basis(self.published, basis, self.attempts)
            self._parts[basis] = replace(self, published=published, basis=basis, _parts={})
        return self._parts[basis]

    def only(self, names: Iterable[str], basis: str = OWN) -> Evidence:
        """The same evidence with nothing in it but what is named, on one basis.

        Raises:
            UserError: something that is named has no content, as after a damaged file.
        """
        names = frozenset(names)
        key = (basis, names)
        if key not in self._parts:
            self._require(names | LOGS if basis != OWN and names & LOGS else names)
            self._parts[key] = self.on(basis)._hiding(names)
        return self._parts[key]

    def _require(self, names: frozenset[str]) -> None:
        tables = {table: file.name for table, file in FILES.items()}
        there = {name: not getattr(self.published, table).empty for table, name in tables.items()}
        there |= {NETWORKS: self.count is not None, FOLDING: self.fold is not None, BENCH: bool(self.operations)}
        if gone := sorted(name for name in names if not there[name]):
            raise UserError(f"needs {' and '.join(gone)}, which could not be read")

    def _hiding(self, names: frozenset[str]) -> Evidence:
        hidden = {table: file.empty() for table, file in FILES.items() if file.name not in names}
        return replace(
            self,
            published=replace(self.published, **hidden),
            count=self.count if NETWORKS in names else None,
            fold=self.fold if FOLDING in names else None,
            operations=self.operations if BENCH in names else {},
            _parts={},
        )
