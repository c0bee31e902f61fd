"""A term of the glossary says its definition where it is used: under the mouse, and in a bar while it is focused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.addnodes import glossary, pending_xref

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PAGE = "book/glossary"


def depend_on_what_is_named(app: Sphinx, doctree: nodes.document) -> None:
    """A page is read again when the glossary has changed whose terms it uses, or the list of works that it cites."""
    references = list(doctree.findall(pending_xref))
    if any(found.get("reftype") == "term" for found in references):
        app.env.note_dependency(app.env.doc2path(PAGE))
    if any(found.get("refdomain") == "cite" for found in references):
        for name in app.config.bibtex_bibfiles:
            app.env.note_dependency(str(Path(app.srcdir) / name))


def definitions(env: BuildEnvironment) -> dict[str, str]:
    """The definition of every term by the id of the term; none where the book has no glossary."""
    if PAGE not in env.found_docs:
        return {}
    found = {}
    for box in env.get_doctree(PAGE).findall(glossary):
        for item in box.findall(nodes.definition_list_item):
            text = " ".join(part.astext() for part in item.findall(nodes.definition)).replace("\n", " ")
            found |= {ident: text for term in item.findall(nodes.term) for ident in term["ids"]}
    return found


def show_definitions(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give every reference to a term its definition as a title: the sentence around it stays as it is."""
    terms = [found for found in doctree.findall(nodes.reference) if _is_term(found)]
    texts = definitions(app.env) if terms else {}
    for reference in terms:
        ident = reference.get("refuri", "").rpartition("#")[2] or reference.get("refid", "")
        reference["classes"].append("nd-term")
        reference["reftitle"] = texts[ident]


def _is_term(reference: nodes.reference) -> bool:
    return any("std-term" in inner["classes"] for inner in reference.findall(nodes.inline))
