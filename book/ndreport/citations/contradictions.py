"""Where the pages of a fetch contradict each other or themselves: signs that citations are missing.

The service ends some lists early: a page says that more follow, and the next one is empty
(github.com/allenai/s2-folks/issues/117).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

TOTALS = ("total", "citationCount")
"""Keys under which the service states the length of a list."""


def citing_paper(record: object) -> str | None:
    """The id of the paper that cites, from one record of a page; None if the record names none."""
    paper = record.get("citingPaper") if isinstance(record, dict) else None
    paper_id = paper.get("paperId") if isinstance(paper, dict) else None
    return paper_id if isinstance(paper_id, str) and re.fullmatch(r"[\w.:/-]+", paper_id) else None


def contradictions(pages: Iterable[tuple[int, dict[str, Any]]]) -> dict[int, list[str]]:
    """What the service says against itself, by the offset of the page that says it.

    Args:
        pages: consecutive pages from the first on, each with its offset.
    """
    found: dict[int, list[str]] = {}
    papers: set[str] = set()
    totals: dict[int, int] = {}
    offset, end, following = 0, 0, None
    for offset, body in pages:
        complaints = found.setdefault(offset, [])
        count, following = len(body["data"]), body.get("next")
        end = offset + count
        if following is not None and following != end:
            complaints.append(f"it holds {count} citations, but the next page is said to begin with {following + 1}")
        elif offset and not count:
            complaints.append("it is empty, although the page before it says that more citations follow")
        repeated = []
        for paper in filter(None, map(citing_paper, body["data"])):
            if paper in papers:
                repeated.append(paper)
            papers.add(paper)
        if repeated:
            complaints.append(f"papers that it repeats: {len(repeated)}, the first is {repeated[0]}")
        for key in TOTALS:
            if type(body.get(key)) is int:
                totals[offset] = body[key]
    if following is None and (others := {page: total for page, total in totals.items() if total != end}):
        found[offset].append(f"the list ends after {end} citations, but the service counts another number")
        for page, total in others.items():
            found[page].append(f"it counts {total} citations in all")
    return {offset: complaints for offset, complaints in found.items() if complaints}
