"""Where a value comes from: an address relative to a page in `book/`, or a public file at its commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ndcore.experiment.records import RunRecord
from ndreport.evidence.sources import citations
from ndreport.rendering.html import Html, escape

RUNS_PAGE = "our-runs.html"
RERUN_PAGE = "rerun.html"
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
SETUP_PAGE = f"{PUBLISHED}#setup-csv"
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


def cited(source: str) -> Html:
    """A source text in which every public file leads to the file itself, at its commit."""
    parts, end = [], 0
    for match, found in citations(source):
        text = f"{match['study']} {found.label}"
        parts.append(escape(source[end : match.start()]))
        parts.append(f'<a href="{escape(found.url)}">{escape(text)}</a> (commit {found.commit[:7]})')
        end = match.end()
    return Html("".join([*parts, escape(source[end:])]))


def public_file(source: str, otherwise: str) -> str:
    """Address of the first public file that a source text names."""
    return next((found.url for _, found in citations(source)), otherwise)
