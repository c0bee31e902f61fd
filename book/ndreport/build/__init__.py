"""Builds the book from its pages."""
