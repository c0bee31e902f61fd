"""The ledger as tables: verdicts counted by source, every claim in a row, and the counter-examples behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from ndreport.evidence.claims import Case, Claim, Decision, Outcome
from ndreport.evidence.claims.claim import SOURCES
from ndreport.rendering.html import Html, escape, notice, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import count, listing
from ndreport.rendering.values import Value, judgement, missing, word

KINDS = {Outcome.HOLDS: "good", Outcome.IN_PART: "partial", Outcome.FAILS: "bad", Outcome.OPEN: "open"}
"""How an outcome is shown."""
ERROR = "error"
LEDGER_FILE = "../runs/published/README.html#claims-yaml"


def show(number: object) -> str:
    """ "1,234", "−3.11", "0.0042"; words as they are."""
    if not isinstance(number, (int, float)):
        return str(number)
    if isinstance(number, int) or number == int(number):
        text = f"{int(number):,}"
    else:
        text = f"{number:,.2f}" if abs(number) >= 0.01 else f"{number:.2g}"
    return text.replace("-", "−")


def shown(values: Mapping[str, object]) -> str:
    """ "pairs 66; ND higher 58"."""
    return "; ".join(f"{name} {show(value)}" for name, value in values.items())


def who(sources: Sequence[str]) -> str:
    """ "Obadage et al., arXiv 2024, ReScience C 2025": authors of several sources are named once."""
    names = [SOURCES[key] for key in sources]
    authors = names[0].partition(", ")[0]
    return ", ".join([names[0], *(name.removeprefix(f"{authors}, ") for name in names[1:])])


def row_id(decision: Decision) -> str:
    """HTML id of a claim's row."""
    return f"claim-{decision.claim.id}"


def cases_id(decision: Decision) -> str:
    """HTML id of a claim's counter-examples."""
    return f"against-{decision.claim.id}"


def counts_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per source and one for all claims: how many have which outcome. A claim counts for all its sources."""
    rows = {
        SOURCES[key]: Counter(_outcome(d) for d in decisions if key in d.claim.source)
        for key in SOURCES
        if any(key in d.claim.source for d in decisions)
    }
    rows["all claims, each once"] = Counter(map(_outcome, decisions))
    outcomes = [*map(str, Outcome), *([ERROR] if any(d.error for d in decisions) else [])]
    note = "counted from the ledger below"
    view = {name: {o: Value(str(n[o]), note, LEDGER_FILE, n[o]) for o in outcomes} for name, n in rows.items()}
    totals = {name: Value(str(n.total()), note, LEDGER_FILE, n.total()) for name, n in rows.items()}
    return pd.DataFrame(view).T.assign(claims=pd.Series(totals)) if decisions else pd.DataFrame()


def counts_table(decisions: Sequence[Decision]) -> Html:
    """Verdicts by source, as HTML."""
    caption = "Verdicts by source; a statement that several sources make counts for each of them."
    return table(counts_view(decisions), caption, "claims-by-source", "Source")


def _outcome(decision: Decision) -> str:
    return str(decision.verdict.outcome) if decision.verdict else ERROR


def ledger_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per claim: who says what where, the verdict, the numbers behind it, and how many counter-examples."""
    rows = [_row(decision) for decision in decisions]
    return pd.DataFrame(rows, index=pd.Index([d.claim.id for d in decisions], dtype="object"))


def _row(decision: Decision) -> dict[str, Value]:
    claim = decision.claim
    return {
        "verdict": _verdict(decision),  # first, so that a phone shows it beside the claim
        "statement": word(claim.statement),
        "numbers": _numbers(decision),
        "against it": _against(decision),
        "who": word(who(claim.source)),
        "where": word(claim.where),
        "read as": word(claim.reading or "it stands"),
    }


def _verdict(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing(ERROR, decision.error, LEDGER_FILE)
    outcome, claim = decision.verdict.outcome, decision.claim
    parameters = "; ".join(f"{name} {value}" for name, value in claim.parameters.items()) or "no parameters"
    note = f"predicate {claim.predicate} ({parameters}) on {_data(claim)}"
    if decision.verdict.missing:
        note = f"missing: {decision.verdict.missing}; {note}"
    return judgement(KINDS[outcome], str(outcome), note, LEDGER_FILE)


def _numbers(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing("none", "the predicate ended in an error", LEDGER_FILE)
    return word(shown(decision.verdict.numbers) or "none", f"computed from {_data(decision.claim)}", SOURCES_PAGE)


def _data(claim: Claim) -> str:
    return listing(claim.data) if claim.data else "the statement alone"


def _against(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing("none", "the predicate ended in an error", LEDGER_FILE)
    cases = decision.verdict.counterexamples
    if not cases:
        return Value("0", "no counter-example", "", 0)
    return Value(str(len(cases)), "all of them stand below the table", f"#{cases_id(decision)}", len(cases))


def ledger_table(decisions: Sequence[Decision]) -> Html:
    """Every claim, searchable, to be filtered by verdict and source, each row with its own address."""
    caption = "Every claim with its verdict. A value in the column “against it” leads to the counter-examples."
    ids = [row_id(decision) for decision in decisions]
    options = {"searchable": True, "filters": ["verdict", "who"], "sortable": True, "row_ids": ids, "words": True}
    return table(ledger_view(decisions), caption, "ledger-of-claims", "Claim", **options)


def counterexamples(decisions: Sequence[Decision]) -> Html:
    """All counter-examples, one disclosure per claim that has any."""
    parts = [_disclosure(d, d.verdict.counterexamples) for d in decisions if d.verdict and d.verdict.counterexamples]
    return Html("\n".join(parts) or '<p class="nd-empty">No claim has a counter-example.</p>')


def _disclosure(decision: Decision, cases: Sequence[Case]) -> str:
    claim, ident = decision.claim, escape(cases_id(decision))
    items = "".join(f"<li>{escape(_sentence(case))}</li>" for case in cases)
    back = f'<a href="#{escape(row_id(decision))}">Back to the claim</a>'
    return (
        f'<details class="nd-cases" id="{ident}"><summary><code>{escape(claim.id)}</code>: '
        f"{escape(count(len(cases), 'counter-example'))}</summary>\n"
        f"<p>{escape(claim.statement)} {back}</p>\n<ul>{items}</ul></details>"
    )


def _sentence(case: Case) -> str:
    return f"{case.place}: {shown(case.values)}" if case.values else case.place


def error_notice(decisions: Sequence[Decision]) -> Html:
    """A box that names every claim without a verdict because its predicate failed; empty if there is none."""
    items = [f"{d.claim.id}: {d.error}" for d in decisions if d.error]
    return notice("danger", "Claims without a verdict: their predicate ended in an error", items)
