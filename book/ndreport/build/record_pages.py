"""What the build adds to the page of our own runs: every record as a file, and pages for those past the first page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ndcore.experiment.folders import runs_folder
from ndcore.experiment.records import scan
from ndreport.pages.our_runs.paging import RunPage, body, run_pages
from ndreport.pages.our_runs.provenance import record_file
from ndreport.rendering.links import RECORDS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FIRST = "book/our-runs"


def _pages(app: Sphinx) -> list[RunPage]:
    return run_pages(scan(runs_folder(Path(app.srcdir)))[0]) if FIRST in app.env.found_docs else []


def further_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, content and template of every page past the first, and beside them the records as files."""
    pages = _pages(app)
    folder = Path(app.outdir, FIRST).parent / RECORDS
    for page in pages:
        folder.mkdir(parents=True, exist_ok=True)
        for record, anchor in zip(page.records, page.anchors, strict=True):
            (folder / record_file(anchor)).write_text(record.to_json(), encoding="utf-8")
    for page in pages[1:]:
        name = f"{FIRST}-{page.number}"
        yield name, {"title": f"Our runs, page {page.number}", "body": str(body(page, pages))}, "page.html"
