"""How papers cite the original study: fetch the places, label them by hand, compare the labels.

The texts of other people's papers stay on the machine that fetched them, in `runs/citations/cache/`. What is committed
names a context by the id of its paper and by a digest of its text.
"""
