"""Sentences about the ledger; every number in them is counted from its verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from ndreport.evidence.claims import Decision, Outcome
from ndreport.pages.claims.tables import shown
from ndreport.rendering.prose import Prose, count, listing, prose

NO_LEDGER = prose("The ledger could not be read, so there is no claim to show; the box above names the file and why.")
CENTRAL = {
    "re-summary-better-after-20-epochs": "asked of the test accuracies in the study's own logs",
    "re-summary-better-after-100-epochs": "asked of test accuracies after the longest training",
    "re-always-better": "asked of every pair of printed values",
    "re-nd-always-slower": "and that its training takes longer in every setting",
}
"""The claims that the first paragraph is about, and what it calls them."""


def about_ledger(decisions: Sequence[Decision]) -> Prose:
    """How many claims there are, and how many have which verdict."""
    if not decisions:
        return NO_LEDGER
    outcomes = [d.verdict.outcome for d in decisions if d.verdict]
    numbers = {outcome: outcomes.count(outcome) for outcome in Outcome}
    errors = sum(bool(d.error) for d in decisions)
    parts = [f"**{number}** {_verb(outcome, number)}" for outcome, number in numbers.items()]
    parts += [f"**{errors}** ended in an error, which is not a verdict"] * bool(errors)
    cases = sum(len(d.verdict.counterexamples) for d in decisions if d.verdict)
    return prose(
        f"The ledger holds **{count(len(decisions), 'statement')}**: {listing(parts)}. "
        f"{count(cases, 'counter-example').capitalize()} are listed with them, every one that was found."
    )


def _verb(outcome: Outcome, number: int) -> str:
    single = number == 1
    return {
        Outcome.HOLDS: "holds" if single else "hold",
        Outcome.IN_PART: "holds in part" if single else "hold in part",
        Outcome.FAILS: "fails" if single else "fail",
        Outcome.OPEN: "cannot be decided from what is published",
    }[outcome]


def about_the_central_claims(decisions: Sequence[Decision]) -> Prose:
    """The verdicts on what both papers are about: whether deconvolution is better than batch normalisation."""
    known = {d.claim.id: d for d in decisions if d.verdict}
    lines = [
        f"- {what}: **{known[ident].verdict.outcome}** ({shown(known[ident].verdict.numbers)}); "
        f'<a href="#claim-{ident}">{ident}</a>'
        for ident, what in CENTRAL.items()
        if ident in known
    ]
    if not lines:
        return prose("None of the statements about accuracy that this paragraph is about has a verdict.")
    statement = "Both papers are about one statement: deconvolution is better than batch normalisation."
    opening = f"{statement} Its verdict depends on which values are asked:"
    return prose("\n".join([opening, "", *lines]))


def about_open_claims(decisions: Sequence[Decision]) -> Prose:
    """Which claims cannot be decided, and what would decide them."""
    undecided = [d for d in decisions if d.verdict and d.verdict.outcome is Outcome.OPEN]
    if not undecided:
        return prose("Every statement of the ledger could be decided from the published files.")
    lines = [f'- <a href="#claim-{d.claim.id}">{d.claim.id}</a> would need {d.verdict.missing}' for d in undecided]
    return prose("\n".join(["What would decide the statements that cannot be decided:", "", *lines]))
