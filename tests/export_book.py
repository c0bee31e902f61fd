"""Every table of the built book and every verdict of its ledger as CSV: `python tests/export_book.py HTML FOLDER`.

HTML is the folder of the built pages. Two states of the code say the same if `diff -r` of their folders is empty. It
reads the pages as a reader gets them, so that it knows nothing of the code that made them.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from bs4 import BeautifulSoup, Tag


def text(cell: Tag) -> str:
    """What a cell shows, with its note behind a bar."""
    notes = [" ".join(note.extract().get_text().split()) for note in cell.select(".nd-note")]
    for link in cell.select(".nd-permalink"):
        link.extract()
    return " | ".join([" ".join(cell.get_text().split()), *notes])


def tables(page: Path) -> dict[str, list[list[str]]]:
    """The tables of a page by their ids, those without one by their numbers."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    found = {}
    for number, table in enumerate(soup.select("article table"), start=1):
        box = table.find_parent(class_="nd-table")
        name = box["id"] if box and box.get("id") else f"table-{number}"
        rows = [[text(cell) for cell in row.select("th, td")] for row in table.select("tr")]
        caption = table.caption.get_text(" ", strip=True) if table.caption else ""
        found[name] = [[caption], *rows]
    return found


def prose(page: Path) -> list[str]:
    """The sentences of a page outside its tables and figures, a line for each paragraph, item and heading."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for other in soup.select("article :is(table, svg, script, style, pre, .nd-after, .headerlink)"):
        other.extract()
    lines = (" ".join(part.get_text().split()) for part in soup.select("article :is(h1, h2, h3, h4, p, li)"))
    return [line for line in lines if line]


def main(html: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages = sorted(p for p in html.rglob("*.html") if not p.relative_to(html).parts[0].startswith("_"))
    for page in pages:
        stem = re.sub(r"\W+", "-", page.relative_to(html).with_suffix("").as_posix())
        (folder / f"{stem}.txt").write_text("\n".join(prose(page)) + "\n", encoding="utf-8")
        for name, rows in tables(page).items():
            with (folder / f"{stem}--{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
