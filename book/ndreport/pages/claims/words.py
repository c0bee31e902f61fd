"""How the ledger says things: numbers, sources, outcomes, and the addresses of a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from ndreport.evidence.claims import Decision
from ndreport.evidence.claims.claim import SOURCES

ERROR = "error"
NOT_ASKED = "not applicable"
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


def first_two(values: Mapping[str, object]) -> str:
    """The first two of them, which say how many cases there are and how many are as stated."""
    return shown(dict(islice(values.items(), 2)))


def who(sources: Sequence[str]) -> str:
    """ "Obadage et al., arXiv 2024; Obadage et al., ReScience C 2025": a filter finds the claim under each of them."""
    return "; ".join(SOURCES[key] for key in sources)


def row_id(decision: Decision) -> str:
    """HTML id of a claim's row."""
    return f"claim-{decision.claim.id}"


def cases_id(decision: Decision) -> str:
    """HTML id of a claim's counter-examples."""
    return f"against-{decision.claim.id}"


def link_to(ident: str) -> str:
    """A link to a claim's row."""
    return f'<a href="#claim-{ident}">{ident}</a>'


def outcome(decision: Decision) -> str:
    """The first verdict, by which a claim is counted, in words."""
    return str(decision.verdict.outcome) if decision.verdict else ERROR


def outcome_on(decision: Decision, basis: str) -> str:
    """What stands in the table for a basis."""
    if basis in decision.verdicts:
        return str(decision.verdicts[basis].outcome)
    return ERROR if basis in decision.errors else NOT_ASKED


def against_all(decision: Decision) -> int:
    """How many counter-examples a claim has, over all its verdicts."""
    return sum(len(verdict.counterexamples) for verdict in decision.verdicts.values())
