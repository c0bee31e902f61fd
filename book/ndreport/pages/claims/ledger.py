"""Every claim in a row, with its verdicts and what decides them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from ndreport.evidence.claims import Claim, Decision, Outcome
from ndreport.evidence.claims.bases import BASES, LOGS, OWN
from ndreport.pages.claims.words import ERROR, LEDGER_FILE, NOT_ASKED, cases_id, first_two, row_id, shown, who
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, notice, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import listing
from ndreport.rendering.values import Value, judgement, missing, word

KINDS = {Outcome.HOLDS: "good", Outcome.IN_PART: "partial", Outcome.FAILS: "bad", Outcome.OPEN: "open"}
"""How an outcome is shown."""


def _verdict(basis: str, decision: Decision) -> Value:
    claim = decision.claim
    if basis in claim.not_asked:
        return missing(NOT_ASKED, claim.not_asked[basis], LEDGER_FILE)
    if basis not in decision.verdicts:
        return missing(ERROR, decision.errors[basis], LEDGER_FILE)
    verdict = decision.verdicts[basis]
    parameters = "; ".join(f"{name} {value}" for name, value in claim.asked[basis].items()) or "no parameters"
    note = f"{shown(verdict.numbers)}; predicate {claim.predicate} ({parameters}) on {_data(claim, basis)}"
    if verdict.missing:
        note = f"missing: {verdict.missing}; {note}"
    return judgement(KINDS[verdict.outcome], str(verdict.outcome), note.removeprefix("; "), LEDGER_FILE)


def _numbers(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing("none", "the predicate ended in an error", LEDGER_FILE)
    first = next(iter(decision.claim.asked))
    note = f"{shown(decision.verdict.numbers)}; {BASES[first]}, computed from {_data(decision.claim, first)}"
    return word(first_two(decision.verdict.numbers) or "none", note.removeprefix("; "), SOURCES_PAGE)


def _data(claim: Claim, basis: str) -> str:
    files = set(claim.data) | (LOGS if basis != OWN and LOGS & set(claim.data) else set())
    return listing(sorted(files)) if files else "the statement alone"


def _against(decision: Decision) -> Value:
    if not decision.verdicts:
        return missing("none", "the predicate ended in an error", LEDGER_FILE)
    counts = {basis: len(verdict.counterexamples) for basis, verdict in decision.verdicts.items()}
    number = sum(counts.values())
    if not number:
        return Value("0", "no counter-example", "", 0)
    each = listing(f"{count} on {BASES[basis]}" for basis, count in counts.items() if count)
    return Value(str(number), f"{each}; all of them are below the table", f"#{cases_id(decision)}", number)


def _reading(claim: Claim) -> str:
    """Where it stands, and how it is read if it leaves room."""
    return f"{claim.where}. Read as: {claim.reading}" if claim.reading else claim.where


COLUMNS = (
    *(Column(label, partial(_verdict, basis)) for basis, label in BASES.items()),  # first: a phone shows them
    Column("statement", lambda decision: word(decision.claim.statement, _reading(decision.claim))),
    Column("numbers", _numbers),
    Column("against it", _against),
    Column("who", lambda decision: word(who(decision.claim.source), decision.claim.where)),
)
"""Of the ledger: the verdicts, who says what where, the numbers behind it, and how many counter-examples."""


def ledger_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per claim."""
    return view(decisions, COLUMNS, lambda decision: decision.claim.id)


def ledger_table(decisions: Sequence[Decision]) -> Html:
    """Every claim, searchable, to be filtered by verdict and source, each row with its own address."""
    caption = (
        "Every claim with its verdicts: on its own tables, on corrected values, on test data. A value in the column "
        "“against it” leads to the counter-examples."
    )
    ids = [row_id(decision) for decision in decisions]
    options = {"searchable": True, "filters": [*BASES.values(), "who"], "sortable": True, "row_ids": ids, "words": True}
    return table(ledger_view(decisions), caption, "ledger-of-claims", "Claim", **options)


def error_notice(decisions: Sequence[Decision]) -> Html:
    """A box that names every claim without a verdict because its predicate failed; empty if there is none."""
    items = [f"{d.claim.id}: {error}" for d in decisions for error in dict.fromkeys(d.errors.values())]
    return notice("danger", "Claims without a verdict: their predicate ended in an error", items)
