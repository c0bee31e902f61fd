"""Our own records: overview, learning curves, provenance."""
