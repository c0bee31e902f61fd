"""Accessible HTML of tables, facts and notices. Everything is in the page itself: it works offline and from a file."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Hashable, Iterable, Sequence

import pandas as pd

from ndreport.rendering.values import GLYPHS, Value

SHORT = 9
"""Characters of a text that stays in one line: "not run"."""
LONGEST_NAME = 15
"""Characters of a name with a hyphen that stays in one line: "Fashion-MNIST"."""


class Html(str):
    """HTML that a notebook shows as such."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def escape(text: object) -> str:
    """Text made safe for element content and attribute values."""
    return html.escape(str(text), quote=True)


def download(data: str, name: str, mime: str, label: str) -> str:
    """A link that saves `data` as a file, without a server and without a script."""
    encoded = base64.b64encode(data.encode()).decode()
    return f'<a class="nd-download" download="{escape(name)}" href="data:{mime};base64,{encoded}">{escape(label)}</a>'


def table(
    view: pd.DataFrame,
    caption: str,
    ident: str,
    stub: str,
    *,
    searchable: bool = False,
    filters: Sequence[Hashable] = (),
    sortable: bool = False,
    row_ids: Sequence[str] | None = None,
    words: bool = False,
) -> Html:
    """A table of `Value` cells.

    The index gives the row headers, the columns (one or two levels) the column headers. On a wide screen the table
    takes the margin too; on a narrow one it scrolls to the side and its first column stays. A click on a value opens
    where it comes from, below its row. That, search, filters, sorting and the arrow keys are added by
    `book/_static/table.js`; without it the table is whole, and every value leads to its source.

    Args:
        view: cells; every one a `Value`.
        caption: what the table shows, with units.
        ident: HTML id of the table, also the name of its CSV file.
        stub: header of the first column.
        searchable: whether rows can be searched by the words that they show.
        filters: columns (a tuple for two levels, `stub` for the row headers) whose values can be chosen from a list;
            a cell with several values, "a; b", is found by each of them.
        sortable: whether every column sorts the rows: by its unrounded numbers, then words, then what is missing.
        row_ids: an id for every row, unique in the page; the row then has a link to itself.
        words: whether the cells hold phrases, whose columns are then not too narrow.
    """
    if view.empty:
        return Html(f'<p id="{escape(ident)}" class="nd-empty">{escape(caption)} There is nothing to show yet.</p>')
    entries = zip(view.index, view.itertuples(index=False, name=None), row_ids or [""] * len(view), strict=True)
    rows = "\n".join(_row(name, cells, row_id, sortable) for name, cells, row_id in entries)
    columns = [stub, *view.columns]
    chosen = " ".join(str(columns.index(name)) for name in filters)
    data = " data-search" * searchable + " data-sort" * sortable + f' data-filters="{chosen}"' * bool(chosen)
    kind = "nd-table nd-words" if words else "nd-table"
    saved = download(csv(view, stub), f"{ident}.csv", "text/csv", "Download this table (CSV)")
    return Html(
        f'<div class="{kind}" id="{escape(ident)}"{data}>\n'
        f'<div class="nd-scroll" role="region" tabindex="0" aria-labelledby="{escape(ident)}-caption">\n'
        f'<table>\n<caption id="{escape(ident)}-caption"><span>{escape(caption)}</span></caption>\n'
        f"<thead>\n{_head(view.columns, stub)}\n</thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n"
        f'<p class="nd-after">{saved}</p>\n</div>'
    )


def _row(name: object, cells: Sequence[Value], row_id: str, sortable: bool) -> str:
    ident = f' id="{escape(row_id)}"' if row_id else ""
    permalink = (
        f' <a class="nd-permalink" href="#{escape(row_id)}" aria-label="Link to this row">#</a>' if row_id else ""
    )
    # the space keeps a number apart from the note before it, in the index of the search
    values = " ".join(f"<td{_kind(v)}{_sort_key(v) if sortable else ''}>{_cell(v)}</td>" for v in cells)
    return f'<tr{ident}><th scope="row">{" ".join(map(_word, str(name).split(" ")))}{permalink}</th>{values}</tr>'


def _kind(value: Value) -> str:
    """Numbers stand under each other and in one line."""
    return "" if value.number is None else ' class="nd-number"'


def _sort_key(value: Value) -> str:
    return "" if value.number is None or math.isnan(value.number) else f' data-n="{float(value.number)!r}"'


def _cell(value: Value) -> str:
    kind = "nd-value" if value.present else "nd-value nd-missing"
    kind += " nd-short" * (len(value.text) < SHORT)
    text = " ".join(_word(word) for word in value.text.split(" "))
    glyph = ""
    if value.kind:
        kind += f" nd-{value.kind}"
        glyph = f'<span aria-hidden="true">{GLYPHS[value.kind]} </span>'
    command = f" <code>{escape(value.command)}</code>" if value.command else ""
    note = f'<span class="nd-note"> {escape(value.note)}{command}</span>' if value.note or command else ""
    if value.link:
        return f'<a class="{kind}" href="{escape(value.link)}">{glyph}{text}{note}</a>'
    focus = ' tabindex="0"' if note else ""
    return f'<span class="{kind}"{focus}>{glyph}{text}{note}</span>'


def _word(word: str) -> str:
    """A word of a cell; "ResNet-18" does not break at its hyphen, the id of a claim does."""
    return _unbroken(word) if "-" in word[1:] and len(word) <= LONGEST_NAME else escape(word)


def _unbroken(word: str) -> str:
    """A word that breaks only if it is long."""
    return f'<span class="nd-word">{escape(word)}</span>' if len(word) < 30 else escape(word)


def _head(columns: pd.Index, stub: str) -> str:
    if columns.nlevels == 1:
        names = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
        return f'<tr><th scope="col">{escape(stub)}</th>{names}</tr>'
    groups: list[list] = []
    for group, _ in columns:
        if groups and groups[-1][0] == group:
            groups[-1][1] += 1
        else:
            groups.append([group, 1])
    upper = "".join(f'<th scope="colgroup" colspan="{width}">{escape(group)}</th>' for group, width in groups)
    lower = "".join(f'<th scope="col">{escape(name)}</th>' for _, name in columns)
    return f'<tr><th scope="col" rowspan="2">{escape(stub)}</th>{upper}</tr>\n<tr>{lower}</tr>'


def csv(view: pd.DataFrame, stub: str) -> str:
    """The table as CSV: numbers unrounded, words where there are none, and beside each column its sources."""
    columns: dict[str, Sequence] = {stub: list(view.index)}
    for name, values in zip(view.columns, (view.iloc[:, i] for i in range(view.shape[1])), strict=True):
        title = " / ".join(name) if isinstance(name, tuple) else str(name)
        columns[title] = [v.text if v.number is None else v.number for v in values]
        if any(v.note or v.command for v in values):
            columns[f"{title} (source)"] = [" ".join(filter(None, (v.note, v.command))) for v in values]
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")


def facts(items: Iterable[tuple[str, str]], caption: str) -> Html:
    """A two-column table of names and values; a value of type `Html` is taken as it is, any other text is escaped."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{value if isinstance(value, Html) else escape(value)}</td></tr>'
        for name, value in items
    )
    return Html(
        f'<div class="nd-scroll nd-facts" role="region" tabindex="0" aria-label="{escape(caption)}">\n'
        f"<table>\n<caption><span>{escape(caption)}</span></caption>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def code(text: str) -> Html:
    """A command or an identifier in monospace; it wraps between words, and within a word only if that is long."""
    return Html(f'<code class="nd-code">{" ".join(map(_unbroken, text.split(" ")))}</code>')


def command(text: str) -> Html:
    """A line for the shell, with a button that copies it."""
    return Html(f'<code class="nd-code nd-command">{" ".join(map(_unbroken, text.split(" ")))}</code>')


def disclosure(summary: str, content: str) -> Html:
    """What is behind a line that opens it."""
    return Html(f'<details class="nd-more"><summary>{escape(summary)}</summary>\n{content}\n</details>')


def notice(kind: str, title: str, items: Iterable[str]) -> Html:
    """A box with a title and a list: `kind` is "note", "warning" or "danger". Nothing if there are no items."""
    entries = "".join(f"<li>{escape(item)}</li>" for item in items)
    if not entries:
        return Html("")
    heading = f'<p class="admonition-title">{escape(title)}</p>'
    return Html(f'<div class="admonition {kind}">{heading}<ul>{entries}</ul></div>')
