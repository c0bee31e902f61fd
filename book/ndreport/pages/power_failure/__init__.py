"""The kill experiment: what became of runs that were killed at random moments."""
