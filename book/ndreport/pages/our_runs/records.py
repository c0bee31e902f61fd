"""The sentence on how many records there are."""

from __future__ import annotations

from ndcore.study import DATASETS
from ndreport.material import Material
from ndreport.rendering.prose import Prose, count, listing, prose


def about_records(material: Material) -> Prose:
    """How many records there are, of what, and how many failed."""
    if not material.records:
        return prose("There is no record in `runs/` yet. `ndcore run` makes one.")
    configs = [r.config for r in material.records]
    names = listing(sorted({DATASETS.get(c.dataset, c.dataset) for c in configs}))
    networks = count(len({c.arch for c in configs}), "network")
    complete, failed = len(material.complete), count(len(material.failed), "failed run")
    records = count(len(material.records), "record").capitalize()
    return prose(f"{records}: {networks} on {names}; {complete} complete, {failed}.")
