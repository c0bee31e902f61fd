"""The code of the pages, each named as its page."""
