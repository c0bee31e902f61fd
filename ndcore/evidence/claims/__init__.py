"""The claim ledger: what the papers and others say, and whether what is published bears it out.

`claim`    one statement: who says it, where, and the predicate that decides it
`verdict`  what a predicate answers
`evidence` what a predicate may look at
`registry` the predicates by name
`ledger`   reads `runs/published/claims.yaml` and decides every claim
"""

from ndcore.evidence.claims.claim import Claim
from ndcore.evidence.claims.evidence import Evidence
from ndcore.evidence.claims.ledger import FILE, Decision, decide, decide_all, load, problems, read
from ndcore.evidence.claims.verdict import Case, Outcome, Verdict

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
