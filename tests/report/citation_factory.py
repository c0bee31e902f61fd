"""Label files made by hand: two people and a list of phrases, and the list of contexts that they are about."""

from __future__ import annotations

from pathlib import Path

from ndreport.citations.baseline import Guess, write_guesses
from ndreport.citations.contexts import INDEX_COLUMNS, write_csv
from ndreport.citations.labels import write_labels

KEYS = [(f"paper{i // 2}", f"{i:016x}") for i in range(8)]
ANN = dict(zip(KEYS, ["positive"] * 2 + ["neutral"] * 5 + ["negative"], strict=True))


def write_citations(folder: Path) -> None:
    """Fill a folder `runs/citations`: eight contexts of four papers, and a fifth paper without one."""
    lines = [(paper, "2021", f"Title of {paper}", context, "2026-10-21") for paper, context in KEYS]
    write_csv(folder / "contexts.csv", INDEX_COLUMNS, [*lines, ("paper9", "", "", "", "2026-10-21")])
    write_labels(folder / "labels-ann.csv", ANN)
    write_labels(folder / "labels-bob.csv", {key: ANN[key] for key in KEYS[:6]} | {KEYS[0]: "neutral"})
    write_guesses(folder / "baseline.csv", {key: Guess("neutral", "no phrase") for key in KEYS})
