"""The ledger of claims: verdicts by source and by what was asked, every claim in a row, its counter-examples."""

from ndreport.pages.claims.against import counterexamples
from ndreport.pages.claims.counts import bases_table, bases_view, counts_table, counts_view, numbers
from ndreport.pages.claims.ledger import error_notice, ledger_table, ledger_view
from ndreport.pages.claims.looked_at import evidence_of
from ndreport.pages.claims.sentences import CENTRAL, central_claims, open_claims
from ndreport.pages.claims.thresholds import page_numbers, thresholds, thresholds_table

__all__ = [
    "CENTRAL",
    "bases_table",
    "bases_view",
    "central_claims",
    "counterexamples",
    "counts_table",
    "counts_view",
    "error_notice",
    "evidence_of",
    "ledger_table",
    "ledger_view",
    "numbers",
    "open_claims",
    "page_numbers",
    "thresholds",
    "thresholds_table",
]
