"""A term of the glossary says its definition where it is used: under the mouse, and in a bar while it is focused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.addnodes import glossary, pending_xref

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PAGE = "book/glossary"


def depend_on_the_glossary(app: Sphinx, doctree: nodes.document) -> None:
    """A page that uses a term is read again when the glossary has changed."""
    if any(found.get("reftype") == "term" for found in doctree.findall(pending_xref)):
        app.env.note_dependency(app.env.doc2path(PAGE))


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
