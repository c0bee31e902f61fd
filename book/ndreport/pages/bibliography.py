"""How to cite this report, from `CITATION.cff`: the one place where its title, authors, version and licence stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ndcore.experiment.folders import PROJECT
from ndcore.experiment.records import RunRecord
from ndreport.rendering.html import Html, escape, facts

CITATION = "CITATION.cff"
PACKAGE = "ndcore"
NOT_KNOWN = "not known"
ARXIV = "arXiv:"
KINDS = {"software": "software", "conference-paper": "inproceedings", "article": "article"}
"""BibTeX's names for the types of `CITATION.cff`."""


def cite_box(records: Sequence[RunRecord], checkout: Path = PROJECT) -> Html:
    """How to cite this report, as text and as BibTeX, which version this is, and where to report an error.

    Args:
        records: the newest one dates this report.
        checkout: holds `CITATION.cff` and `_config.yml`.
    """
    stated = yaml.safe_load((checkout / CITATION).read_text(encoding="utf-8"))
    date = max((record.finished_utc[:10] for record in records), default=NOT_KNOWN)
    entry = stated if date == NOT_KNOWN else stated | {"year": date[:4]}
    cited = "\n\n".join(map(bibtex, (entry, *stated["references"])))
    rows = [
        ("Version", stated["version"]),
        ("Newest record", date),
        ("Licence", stated["license"]),
        ("An error?", f"Please report it at {address(checkout)}. Name the page and the value."),
    ]
    return Html(
        f'<section class="nd-cite" aria-label="Cite this report">\n<p>{escape(in_words(entry))}</p>\n'
        f"<p>{escape(stated['message'])}</p>\n"
        f'<div class="highlight"><pre tabindex="0">{escape(cited)}</pre></div>\n'
        f"{facts(rows, 'This version')}\n</section>"
    )


def address(checkout: Path) -> str:
    """Where the repository of this report lies."""
    url = yaml.safe_load((checkout / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    return url or "the address of the repository from which you have this copy"


def in_words(entry: Mapping[str, Any]) -> str:
    """ "The authors (2026). Title. Version 1." """
    year = f" ({entry['year']})" if "year" in entry else ""
    names = ", ".join(_name(author).strip("{}") for author in entry["authors"])
    return f"{names}{year}. {entry['title']}. Version {entry['version']}."


def bibtex(entry: Mapping[str, Any]) -> str:
    """An entry of `CITATION.cff` as BibTeX."""
    fields = {"author": " and ".join(map(_name, entry["authors"])), "title": f"{{{entry['title']}}}"}
    fields |= {name: str(entry[name]) for name in ("year", "journal", "version", "license") if name in entry}
    if "conference" in entry:
        fields["booktitle"] = entry["conference"]["name"]
    for identifier in entry.get("identifiers", ()):
        fields |= {"eprint": identifier["value"].removeprefix(ARXIV), "archiveprefix": ARXIV.rstrip(":")}
    first = entry["authors"][0]
    key = first["family-names"].lower() if "family-names" in first else PACKAGE
    key += str(entry.get("year", ""))
    inner = "\n".join(f"  {name} = {{{value}}}," for name, value in fields.items())
    return f"@{KINDS[entry['type']]}{{{key},\n{inner}\n}}"


def _name(author: Mapping[str, str]) -> str:
    """A person with the family name first; the name of a group in braces, which keep BibTeX from taking it apart."""
    return f"{{{author['name']}}}" if "name" in author else f"{author['family-names']}, {author['given-names']}"
