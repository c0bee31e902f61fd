"""Where a value comes from, as an address relative to a page in `book/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ndcore.experiment.records import RunRecord

SOURCES_PAGE = "../runs/published/README.html#source-cells"
RUNS_PAGE = "our-runs.html"


def anchors(records: Sequence[RunRecord]) -> list[str]:
    """The HTML id of every record on the page of all runs; failed attempts of one run are numbered in their order."""
    failed: Counter[str] = Counter()
    names = []
    for record in records:
        if record.status == "failed":
            failed[record.run_id] += 1
            names.append(f"run-{record.run_id}-failed-{failed[record.run_id]}")
        else:
            names.append(f"run-{record.run_id}")
    return names


def link(record: RunRecord) -> str:
    """Address of a complete record on the page of all runs."""
    return f"{RUNS_PAGE}#run-{record.run_id}"
