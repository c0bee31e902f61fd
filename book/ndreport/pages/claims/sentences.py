"""The verdicts on what both papers are about, and what would decide the open claims."""

from __future__ import annotations

from collections.abc import Sequence

from ndreport.evidence.claims import Decision, Outcome
from ndreport.evidence.claims.bases import BASES
from ndreport.pages.claims.words import ERROR, first_two, link_to
from ndreport.rendering.prose import Prose, listing, prose
from ndreport.rendering.stated import unless_missing

CENTRAL = {
    "re-summary-better-after-20-epochs": "deconvolution is better after the middle length of training",
    "re-summary-better-after-100-epochs": "it is better after the longest training",
    "re-always-better": "it is better in every pair of values, those on ImageNet included",
    "original-better-on-imagenet": "it is better on ImageNet, as the original says",
    "re-nd-always-slower": "its training takes longer in every setting",
}
"""The claims about the one statement of both papers, and what the page calls them."""


@unless_missing
def central_claims(decisions: Sequence[Decision]) -> Prose:
    """The verdicts on what both papers are about, a line each."""
    known = {d.claim.id: d for d in decisions}
    lines = [f"- {what}: {_said(known[ident])}; {link_to(ident)}" for ident, what in CENTRAL.items() if ident in known]
    return prose("\n".join(lines))


def _said(decision: Decision) -> str:
    """ "own tables **fails** (pairs 66; ND higher 58); test data **holds** (pairs 20; ND higher 20)"."""
    found = decision.verdicts.items()
    return "; ".join(f"{BASES[basis]} **{v.outcome}**{_bracketed(first_two(v.numbers))}" for basis, v in found) or ERROR


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


@unless_missing
def open_claims(decisions: Sequence[Decision]) -> Prose:
    """What would decide the claims that cannot be decided: a line for each thing that is missing."""
    wanted: dict[str, list[str]] = {}
    for decision in decisions:
        for basis, verdict in decision.verdicts.items():
            if verdict.outcome is Outcome.OPEN:
                wanted.setdefault(f"{BASES[basis]}: {verdict.missing}", []).append(link_to(decision.claim.id))
    lines = [f"- {what}, for {listing(links)}" for what, links in wanted.items()]
    return prose("\n".join(lines) or "Nothing: every statement could be decided.")
