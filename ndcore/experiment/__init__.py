"""Everything that performs an experiment and records it."""
