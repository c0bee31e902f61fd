"""Where a value comes from, as an address relative to a page in `book/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ndcore.experiment.records import RunRecord

RUNS_PAGE = "our-runs.html"
RECORDS = "../runs/records"
"""The records as files; the build puts them there."""
MEASURED_PAGE = "measured.html"
PUBLISHED = "../runs/published/README.html"
SOURCES_PAGE = f"{PUBLISHED}#source-cells"
LOGS_PAGE = f"{PUBLISHED}#recovered-csv"
FIRST_PAGE = f"{PUBLISHED}#first-version-csv"
COLOURS_PAGE = f"{PUBLISHED}#colours-csv"
IMAGENET_PAGE = f"{PUBLISHED}#imagenet-csv"
TIMES_PAGE = f"{PUBLISHED}#source-cells-of-the-times"
ZOO_PAGE = f"{PUBLISHED}#model-zoo-csv"


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
