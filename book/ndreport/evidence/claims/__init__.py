"""The claim ledger: what the papers and others say, and whether what is published bears it out.

`claim`    one statement: who says it, where, and the predicate that decides it
`bases`    the three sets of values that a claim is laid beside
`verdict`  what a predicate answers
`evidence` what a predicate may look at
`registry` the predicates by name
`ledger`   reads `runs/published/claims.yaml` and decides every claim
"""

from ndreport.evidence.claims.claim import Claim
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.ledger import FILE, Decision, decide, decide_all, load, problems, read
from ndreport.evidence.claims.verdict import Case, Outcome, Verdict

__all__ = [
    "FILE",
    "Case",
    "Claim",
    "Decision",
    "Evidence",
    "Outcome",
    "Verdict",
    "decide",
    "decide_all",
    "load",
    "problems",
    "read",
]
