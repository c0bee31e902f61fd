"""Every counter-example, one disclosure per claim."""

from __future__ import annotations

from collections.abc import Sequence

from ndreport.evidence.claims import Case, Decision, Verdict
from ndreport.evidence.claims.bases import BASES
from ndreport.pages.claims.words import against_all, cases_id, row_id, shown
from ndreport.rendering.html import Html, escape
from ndreport.rendering.prose import count


def counterexamples(decisions: Sequence[Decision]) -> Html:
    """All counter-examples, one disclosure per claim that has any."""
    parts = [_disclosure(decision) for decision in decisions if against_all(decision)]
    return Html("\n".join(parts) or '<p class="nd-empty">No claim has a counter-example.</p>')


def _disclosure(decision: Decision) -> str:
    claim, ident = decision.claim, escape(cases_id(decision))
    lists = "\n".join(_cases(basis, verdict) for basis, verdict in decision.verdicts.items())
    back = f'<a href="#{escape(row_id(decision))}">Back to the claim</a>'
    return (
        f'<details class="nd-cases" id="{ident}"><summary><code>{escape(claim.id)}</code>: '
        f"{escape(count(against_all(decision), 'counter-example'))}</summary>\n"
        f"<p>{escape(claim.statement)} {back}</p>\n{lists}</details>"
    )


def _cases(basis: str, verdict: Verdict) -> str:
    items = "".join(f"<li>{escape(_sentence(case))}</li>" for case in verdict.counterexamples)
    return f"<p>On {BASES[basis]}:</p>\n<ul>{items}</ul>" if items else ""


def _sentence(case: Case) -> str:
    return f"{case.place}: {shown(case.values)}" if case.values else case.place
