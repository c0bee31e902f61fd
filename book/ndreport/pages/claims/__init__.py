"""The claim ledger as a page: counts, sentences, the table of all claims, and the counter-examples."""
