"""What was replaced in a model, what was left, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from ndcore.surgery.tables import html_table, text_table

HEAD = ("layer", "was", "is now", "how or why")


@dataclass(frozen=True)
class Change:
    """What happened to one module."""

    name: str
    """Its qualified name; a shared module has several, joined by " = "."""
    was: str
    """Its class before."""
    now: str | None
    """Its class after; None if it was left as it was."""
    note: str
    """How it was replaced, or why it was left."""


def changes_of(
    where: Mapping[nn.Module, Sequence[str]], decided: Mapping[nn.Module, tuple[str | None, str]]
) -> tuple[Change, ...]:
    """One change per decided module, in the order of `where`, which has the qualified names of all."""
    return tuple(Change(" = ".join(names), type(m).__name__, *decided[m]) for m, names in where.items() if m in decided)


@dataclass(frozen=True)
class Summary:
    """One line per module, in the order of the model. `print` it, or let a notebook show it."""

    task: str
    """What was done: "deconvolved" or "folded"."""
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """What concerns the whole model."""

    @property
    def replaced(self) -> tuple[Change, ...]:
        """Modules that another one stands for now."""
        return tuple(c for c in self.changes if c.now is not None)

    @property
    def left(self) -> tuple[Change, ...]:
        """Modules that were looked at and left as they were."""
        return tuple(c for c in self.changes if c.now is None)

    @property
    def headline(self) -> str:
        """Counts in one sentence."""
        counts = [f"{n} {was} → {now}" for (was, now), n in _count((c.was, str(c.now)) for c in self.replaced)]
        left = [f"{n} {was}" for was, n in _count(c.was for c in self.left)]
        return f"{self.task}: {', '.join(counts) or 'nothing'}; left: {', '.join(left) or 'nothing'}"

    def _rows(self) -> list[tuple[str, str, str, str]]:
        changes = (*self.replaced, *self.left)
        return [(c.name or "(the model)", c.was, c.now or "left", c.note) for c in changes]

    def __str__(self) -> str:
        return "\n".join((self.headline, *self.notes, text_table(HEAD, self._rows())))

    def _repr_html_(self) -> str:
        return html_table(". ".join((self.headline, *self.notes)), HEAD, self._rows())


def _count(keys: Iterable) -> list[tuple]:
    return list(Counter(keys).items())
