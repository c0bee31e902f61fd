"""Commands of `ndcore` that the report adds."""
