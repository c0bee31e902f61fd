"""Our own records on as many pages as they need: the first is `our-runs`, the build writes the further ones.

No page has more than `MOST_RECORDS` records, nor so many bytes that it is slow to open. An address of a record always
begins with the first page: there the name of a record that is on another page stands in a list and leads to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ndcore.experiment.records import RunRecord
from ndreport.pages.our_runs.overview import runs_table
from ndreport.pages.our_runs.provenance import section, title
from ndreport.rendering.html import Html, escape
from ndreport.rendering.links import RUNS_PAGE, anchors
from ndreport.rendering.prose import count

MOST_RECORDS = 30
MOST_BYTES = 135_000
"""Of the sections of a page; its overview, the list of the others and the frame of the page come on top."""
SECTION, CURVES, EPOCH = 4_500, 36_000, 200
"""Bytes of a section without curves at most, and what its curves add: in any case, and per epoch."""


@dataclass
class RunPage:
    """One page of records."""

    number: int
    records: list[RunRecord] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    """HTML ids of the records."""

    @property
    def address(self) -> str:
        return RUNS_PAGE if self.number == 1 else f"{PurePosixPath(RUNS_PAGE).stem}-{self.number}.html"

    @property
    def links(self) -> list[str]:
        return [f"{self.address}#{anchor}" for anchor in self.anchors]

    def has_room(self, record: RunRecord) -> bool:
        """Whether one more record is not too much; there is always room for one."""
        size = sum(map(weight, [*self.records, record]))
        return not self.records or (len(self.records) < MOST_RECORDS and size <= MOST_BYTES)

    def overview(self) -> Html:
        """The records of the page in a table."""
        return runs_table(self.records, self.links)


def run_pages(records: Sequence[RunRecord]) -> list[RunPage]:
    """The records in their order, on one page or several; the first page is there without a record too."""
    pages = [RunPage(1)]
    for record, anchor in zip(records, anchors(records), strict=True):
        if not pages[-1].has_room(record):
            pages.append(RunPage(len(pages) + 1))
        pages[-1].records.append(record)
        pages[-1].anchors.append(anchor)
    return pages


def weight(record: RunRecord) -> int:
    """Bytes that the section of a record has at most, without drawing it."""
    curves = CURVES + EPOCH * len(record.epochs) if len(record.epochs) > 1 else 0
    return SECTION + curves + (2 * len(escape(record.failure.message).encode()) if record.failure else 0)


def sections(page: RunPage) -> Html:
    """Every record of a page, one after the other."""
    return Html("\n".join(map(section, page.records, page.anchors)))


def further(pages: Sequence[RunPage]) -> Html:
    """Where the records of the further pages are; nothing if there is one page only."""
    parts = []
    for page in pages[1:]:
        items = "".join(
            f'<li id="{anchor}"><a href="{link}">{escape(title(record))}</a></li>'
            for record, anchor, link in zip(page.records, page.anchors, page.links, strict=True)
        )
        here = f'<a href="{page.address}">Page {page.number}</a>, {count(len(page.records), "record")}'
        parts.append(f'<div class="nd-further">\n<p>{here}</p>\n<ul>{items}</ul>\n</div>')
    return Html("\n".join(parts))


def body(page: RunPage, pages: Sequence[RunPage]) -> Html:
    """A further page as HTML: the way to the others, overview and records."""
    others = " ".join(
        f"<span>{one.number}</span>" if one is page else f'<a href="{one.address}">{one.number}</a>' for one in pages
    )
    return Html(
        f'<section>\n<h1>Our runs, page {page.number}</h1>\n<nav aria-label="Pages of records">Pages: {others}</nav>\n'
        f'<div class="cell">{page.overview()}</div>\n'
        f"<section>\n<h2>Records</h2>\n{sections(page)}\n</section>\n</section>"
    )
