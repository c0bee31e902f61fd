"""What a table of a page shows: its cells by the names of their rows and columns."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
from bs4 import BeautifulSoup, Tag

from ndreport.rendering.values import GLYPHS


def shown(html: str) -> pd.DataFrame:
    """Cells of the first table: `text`, `note`, `link`, `kind`, `present`; two levels: "upper / lower"."""
    page = BeautifulSoup(html, "html.parser").table
    rows = page.select("tbody tr")
    names = ["".join(part.get_text() for part in row.th.contents if part.name != "a").strip() for row in rows]
    cells = [[_cell(cell) for cell in row.find_all("td")] for row in rows]
    return pd.DataFrame(cells, index=names, columns=_headers(page), dtype="object")


def behind(html: str) -> pd.DataFrame:
    """Cells of the table that a line below the first one opens."""
    return shown(html.partition("<details")[2])


def _headers(page: Tag) -> list[str]:
    upper, *lower = ([cell for cell in row.find_all("th")] for row in page.select("thead tr"))
    if not lower:
        return [cell.get_text() for cell in upper[1:]]
    groups = [group.get_text() for group in upper[1:] for _ in range(int(group["colspan"]))]
    return [f"{group} / {cell.get_text()}" for group, cell in zip(groups, lower[0], strict=True)]


def _cell(cell: Tag) -> SimpleNamespace:
    value = cell.find(class_="nd-value")
    note = value.find(class_="nd-note")
    note = note.extract().get_text().strip() if note else ""
    kinds = [kind for kind in GLYPHS if f"nd-{kind}" in value["class"]]
    if glyph := value.find(attrs={"aria-hidden": "true"}):
        glyph.extract()
    present = "nd-missing" not in value["class"]
    link, kind = value.get("href", ""), "".join(kinds)
    return SimpleNamespace(text=value.get_text(), note=note, link=link, kind=kind, present=present)
