"""How many claims have which verdict: numbers for sentences, and two tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from ndreport.evidence.claims import Decision, Outcome
from ndreport.evidence.claims.bases import BASES, OWN, TEST
from ndreport.evidence.claims.claim import SOURCES
from ndreport.material import Material
from ndreport.pages.claims.words import ERROR, LEDGER_FILE, NOT_ASKED, against_all, outcome, outcome_on
from ndreport.rendering.columns import Column, view
from ndreport.rendering.glued import prefixed
from ndreport.rendering.html import Html, table


def numbers(decisions: Sequence[Decision], material: Material) -> dict[str, object]:
    """What the sentences about the ledger name. A claim whose predicate ended in an error has no outcome.

    `holds` and so on count each claim once, by its first verdict: that on its own tables, where these can be asked.
    `test_holds` and so on are the verdicts on test data; `kept`, `lost` and `unsure` are those of claims that hold on
    their own tables.
    """
    found = {
        "statements": len(decisions),
        **_counted(map(outcome, decisions)),
        "counterexamples": sum(map(against_all, decisions)),
    }
    for basis in BASES:
        verdicts = [d.verdicts[basis] for d in decisions if basis in d.verdicts]
        found |= prefixed(basis, asked=len(verdicts), **_counted(str(verdict.outcome) for verdict in verdicts))
    own = [d.verdicts for d in decisions if outcome_on(d, OWN) == Outcome.HOLDS and TEST in d.verdicts]
    kept = _counted(str(verdicts[TEST].outcome) for verdicts in own)
    return found | {"own_and_test": len(own), "kept": kept["holds"], "lost": kept["fails"], "unsure": kept["open"]}


def _counted(outcomes: Iterable[str]) -> dict[str, int]:
    counts = Counter(outcomes)
    names = {"holds": Outcome.HOLDS, "in_part": Outcome.IN_PART, "fails": Outcome.FAILS, "open": Outcome.OPEN}
    return {name: counts[outcome] for name, outcome in names.items()}


def counts_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per source and one for all claims: how many have which outcome. A claim counts for all its sources."""
    made = {key: [d for d in decisions if key in d.claim.source] for key in SOURCES}
    rows = [(SOURCES[key], Counter(map(outcome, its))) for key, its in made.items() if its]
    rows += [("all claims, each once", Counter(map(outcome, decisions)))] * bool(decisions)
    outcomes = [*map(str, Outcome), *([ERROR] if any(d.error for d in decisions) else [])]
    cells = {outcome: lambda row, outcome=outcome: row[1][outcome] for outcome in outcomes}
    cells["claims"] = lambda row: row[1].total()
    columns = [Column(name, key, note="counted from the claim ledger", link=LEDGER_FILE) for name, key in cells.items()]
    return view(rows, columns, lambda row: row[0])


def counts_table(decisions: Sequence[Decision]) -> Html:
    """Verdicts by source, as HTML."""
    caption = (
        "First verdicts by source; a statement that several sources make counts for each of them. The first verdict is "
        "that on a claim's own tables, where these can be asked."
    )
    return table(counts_view(decisions), caption, "claims-by-source", "Source")


def bases_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per basis: how many claims have which outcome there."""
    rows = [(label, Counter(outcome_on(d, basis) for d in decisions)) for basis, label in BASES.items() if decisions]
    outcomes = [*map(str, Outcome), NOT_ASKED, *([ERROR] if any(d.errors for d in decisions) else [])]
    cells = {outcome: lambda row, outcome=outcome: row[1][outcome] for outcome in outcomes}
    columns = [Column(name, key, note="counted from the claim ledger", link=LEDGER_FILE) for name, key in cells.items()]
    return view(rows, columns, lambda row: row[0])


def bases_table(decisions: Sequence[Decision]) -> Html:
    """Verdicts by what the claims were tested on, as HTML."""
    caption = "All verdicts by what a claim was tested on: each row counts every claim once."
    return table(bases_view(decisions), caption, "claims-by-basis", "Tested on")
