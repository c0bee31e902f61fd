"""What the second study prints about the citations of the original: `runs/published/citations.csv`, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ndcore.errors import UserError
from ndcore.problems import Problem
from ndreport.evidence.csv_files import read_cells

FILE = "citations.csv"
COLUMNS = ("study", "metric", "label", "value", "unit", "description", "source")
LABELS = ("positive", "neutral", "negative")
"""The classes of a citation context, in the order in which tables show them."""
KEYS = [("papers", ""), ("contexts", ""), *((metric, label) for metric in ("contexts", "examples") for label in LABELS)]
"""Metric and label of every row; together they name it."""


@dataclass(frozen=True)
class Printed:
    """A count as the study prints it."""

    value: int
    description: str
    """What is counted, in our words."""
    source: str
    """Section, or table and row."""


@dataclass(frozen=True)
class CitationCounts:
    """Section 2 and Table 1 of the second study."""

    papers: Printed
    contexts: Printed
    labels: Mapping[str, Printed]
    """Contexts of every class in `LABELS`; they add up to `contexts`."""
    examples: Mapping[str, Printed]
    """Example sentences that Table 1 gives for every class."""


def read_citations(folder: Path) -> CitationCounts:
    """Read `citations.csv`.

    Raises:
        UserError: the file is missing or has other columns; a row is unknown, missing or there twice; a value is no
            count; the classes do not add up, or there are more papers than contexts.
    """
    path = folder / FILE
    found: dict[tuple[str, str], Printed] = {}
    for line, row in enumerate(read_cells(path, COLUMNS).itertuples(index=False), start=2):
        key = (row.metric, row.label)
        if key not in KEYS or row.study != "re" or row.unit != row.metric:
            raise UserError(f"{path} line {line}: nothing is known as {row.study} {row.metric} {row.label} {row.unit}")
        if key in found:
            raise UserError(f"{path} line {line}: this count is there twice")
        if not (row.value.isascii() and row.value.isdigit()):
            raise UserError(f"{path} line {line}: {row.value!r} is not a count")
        found[key] = Printed(int(row.value), str(row.description), str(row.source))
    if absent := [f"{metric} {label}".strip() for metric, label in KEYS if (metric, label) not in found]:
        raise UserError(f"{path} lacks {', '.join(absent)}")
    counts = CitationCounts(
        papers=found["papers", ""],
        contexts=found["contexts", ""],
        labels={label: found["contexts", label] for label in LABELS},
        examples={label: found["examples", label] for label in LABELS},
    )
    total = sum(printed.value for printed in counts.labels.values())
    if total != counts.contexts.value:
        raise UserError(f"{path}: the classes add up to {total}, not to {counts.contexts.value} contexts")
    if not 0 < counts.papers.value <= counts.contexts.value:
        raise UserError(f"{path}: {counts.papers.value} papers cannot have {counts.contexts.value} contexts")
    return counts


def load_citations(folder: Path) -> tuple[CitationCounts | None, list[Problem]]:
    """The printed counts; None, and the reason, if the file is missing or damaged. Never raises for that."""
    try:
        return read_citations(folder), []
    except UserError as error:
        return None, [Problem(f"published/{FILE}", str(error))]
