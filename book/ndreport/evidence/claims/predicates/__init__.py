"""The predicates of the claim ledger, one theme per file. Pure functions of the evidence and their parameters."""
