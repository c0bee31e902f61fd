"""What the citation page starts from: the printed counts, and the committed files of our own labelling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ndcore import foreign
from ndcore.errors import UserError
from ndcore.experiment.folders import runs_folder
from ndcore.problems import Problem
from ndreport.citations.baseline import FILE as BASELINE
from ndreport.citations.baseline import Guess, read_guesses
from ndreport.citations.contexts import INDEX, Index, Key, read_index
from ndreport.citations.labels import label_files, read_labels
from ndreport.evidence.citation_counts import CitationCounts, load_citations
from ndreport.rendering.glued import glue_computed
from ndreport.rendering.html import Html, notice

Content = TypeVar("Content")


@dataclass(frozen=True)
class Citations:
    """Everything that is known about the citations."""

    counts: CitationCounts | None
    """What the reproduction prints; None if the file is missing or damaged."""
    problems: list[Problem] = field(default_factory=list)
    """Files that could not be used, and why."""
    index: Index | None = None
    """What our own fetch found; None if there is none."""
    labels: dict[str, dict[Key, str]] = field(default_factory=dict)
    """Label files by their names."""
    guesses: dict[Key, Guess] = field(default_factory=dict)
    """What the list of phrases says about the contexts; empty if nobody asked it."""

    def glue(self, page: str, numbers: Callable[[Citations], Mapping[str, object]]) -> None:
        """Give a page the numbers that its Markdown names; "missing" if the printed counts could not be read."""
        glue_computed(page, lambda: numbers(self), damaged=self.counts is None)

    def problem_notice(self) -> Html:
        """A box that names every file that could not be used; empty if there is none."""
        items = [f"{problem.file} {problem.reason}" for problem in self.problems]
        return notice("warning", "Files in runs/ that are not shown", items)


def load(folder: Path | None = None) -> Citations:
    """Read all files about citations in `runs/`; a bad file becomes a problem, a file that nobody made does not."""
    folder = folder or runs_folder()
    own = folder / "citations"
    counts, unprinted = load_citations(folder / "published")
    problems = unprinted + foreign.files(own, ".csv", "citations")[1]

    def read(path: Path, reader: Callable[[Path], Content]) -> Content | None:
        try:
            return reader(path) if path.is_file() else None  # what else may have its name is named already
        except UserError as error:
            problems.append(Problem(f"citations/{path.name}", str(error)))
            return None

    labels = {path.name: read(path, read_labels) for path in label_files(own)}
    return Citations(
        counts=counts,
        problems=problems,
        index=read(own / INDEX, read_index),
        labels={name: found for name, found in labels.items() if found is not None},
        guesses=read(own / BASELINE, read_guesses) or {},
    )
