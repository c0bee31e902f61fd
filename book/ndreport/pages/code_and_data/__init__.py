"""Findings about the code and the data behind the published tables: evidence computed, cheap tests, our own runs."""
