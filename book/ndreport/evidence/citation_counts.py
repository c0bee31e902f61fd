"""What the reproduction prints about the citations of the original: `runs/published/citations.csv`, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ndcore.errors import UserError
from ndcore.problems import Problem
from ndreport.evidence.csv_files import PublishedFile, or_problem, read

LABELS = ("positive", "neutral", "negative")
"""The classes of a citation context, in the order in which tables show them."""
KEYS = [("papers", ""), ("contexts", ""), *((metric, label) for metric in ("contexts", "examples") for label in LABELS)]
"""Metric and label of every row."""
METRICS = frozenset(metric for metric, _ in KEYS)
CITATIONS = PublishedFile(
    name="citations.csv",
    rows=len(KEYS),
    columns=dict.fromkeys(("study", "metric", "label"), "string")
    | {"value": "int64"}
    | dict.fromkeys(("unit", "description", "source"), "string"),
    key=("metric", "label"),
    allowed={"study": frozenset({"re"}), "metric": METRICS, "label": frozenset({"", *LABELS}), "unit": METRICS},
)


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
    """Section 2 and Table 1 of the reproduction."""

    papers: Printed
    contexts: Printed
    labels: Mapping[str, Printed]
    """Contexts of every class in `LABELS`; they add up to `contexts`."""
    examples: Mapping[str, Printed]
    """Example sentences that Table 1 gives for every class."""


def read_citations(folder: Path) -> CitationCounts:
    """Read `citations.csv`.

    Raises:
        UserError: the file cannot be read; a count is missing; the classes do not add up, or there are more papers than
            contexts.
    """
    path = folder / CITATIONS.name
    rows = read(CITATIONS, folder).query("unit == metric").itertuples()
    found = {(row.metric, row.label): Printed(row.value, row.description, row.source) for row in rows}
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
    return or_problem(read_citations, folder, CITATIONS.name, None)
