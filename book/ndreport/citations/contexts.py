"""Citing papers and the contexts of their citations, from the pages that the server gave."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ndcore.errors import UserError
from ndcore.files import replace
from ndcore.problems import Problem
from ndreport.citations.contradictions import citing_paper
from ndreport.citations.snapshots import Snapshot, latest_complete
from ndreport.evidence.csv_files import read_cells

Key = tuple[str, str]
"""The id of the citing paper and the digest of the context."""
INDEX = "contexts.csv"
INDEX_COLUMNS = ("paper_id", "year", "title", "context", "fetched")
DIGEST = re.compile(r"[0-9a-f]{16}")


def tidy(text: str) -> str:
    """Text on one line, without control characters: what a terminal may show and a table may hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def digest(text: str) -> str:
    """The name of a context in label files: the start of the SHA-256 of its words, whatever stands between them."""
    return hashlib.sha256(tidy(text).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Context:
    """The sentence or two around a citation."""

    paper_id: str
    text: str

    @property
    def key(self) -> Key:
        return self.paper_id, digest(self.text)


@dataclass(frozen=True)
class Paper:
    """A citing paper."""

    paper_id: str
    title: str
    year: int | None
    contexts: tuple[Context, ...]


@dataclass(frozen=True)
class Corpus:
    """Everything that one fetch found."""

    papers: list[Paper]
    fetched: str
    """The day, like 2026-10-21."""
    problems: list[Problem] = field(default_factory=list)
    """Records, or parts of them, that could not be used, and why."""
    repeated: int = 0
    """Contexts that their paper lists more than once; each counts once."""

    @property
    def contexts(self) -> list[Context]:
        return [context for paper in self.papers for context in paper.contexts]


def read_corpus(cache: Path) -> Corpus:
    """The papers and contexts of the newest complete fetch.

    Raises:
        UserError: there is none.
    """
    snapshot = latest_complete(cache)
    if snapshot is None:
        raise UserError(f"{cache} holds no complete fetch: `ndcore citations fetch` makes one")
    return parse(snapshot)


def parse(snapshot: Snapshot) -> Corpus:
    """Take apart the pages of a fetch. A malformed record is left out and named; it never stops the others."""
    found: dict[str, tuple[str, int | None, dict[str, Context]]] = {}
    problems: list[Problem] = []
    repeated = 0
    for offset, body in snapshot.pages():
        for number, record in enumerate(body["data"], start=offset + 1):
            complain = _complaint(problems, f"citation {number}")
            if (paper_id := citing_paper(record)) is None:
                complain("names no citing paper")
                continue
            paper, contexts = record["citingPaper"], record.get("contexts")
            title, year = paper.get("title"), paper.get("year")
            _, _, kept = found.setdefault(
                paper_id,
                (tidy(title) if isinstance(title, str) else "", year if type(year) is int else None, {}),
            )
            if not isinstance(contexts, list | None):
                complain(f"its contexts are of type {type(contexts).__name__}, not a list")
                continue
            for text in contexts or ():
                if not isinstance(text, str):
                    complain(f"one of its contexts is of type {type(text).__name__}, not a text")
                elif tidy(text):
                    context = Context(paper_id, tidy(text))
                    repeated += context.key[1] in kept
                    kept.setdefault(context.key[1], context)
    papers = [Paper(name, title, year, tuple(kept.values())) for name, (title, year, kept) in found.items()]
    return Corpus(papers, snapshot.started.date().isoformat(), problems, repeated)


def _complaint(problems: list[Problem], what: str) -> Callable[[str], None]:
    return lambda reason: problems.append(Problem(what, reason))


def write_index(path: Path, corpus: Corpus) -> None:
    """Write what may be committed: a line for every context, and one for every paper without any; no texts.

    Raises:
        UserError: the file cannot be written.
    """
    lines = []
    for paper in sorted(corpus.papers, key=lambda paper: paper.paper_id):
        head = (paper.paper_id, "" if paper.year is None else str(paper.year), paper.title)
        digests = sorted(context.key[1] for context in paper.contexts) or [""]
        lines += [(*head, name, corpus.fetched) for name in digests]
    write_csv(path, INDEX_COLUMNS, lines)


@dataclass(frozen=True)
class Index:
    """What the committed list says about a fetch."""

    papers: int
    without_context: int
    """Papers for which the server has no context."""
    keys: frozenset[Key]
    fetched: str


def read_index(path: Path) -> Index:
    """The committed list of contexts.

    Raises:
        UserError: the file is missing, has other columns, no line, or a line that is no context of a paper.
    """
    cells = read_cells(path, INDEX_COLUMNS)
    for line, row in enumerate(cells.itertuples(index=False), start=2):
        if not row.paper_id or not (row.context == "" or DIGEST.fullmatch(row.context)):
            raise UserError(f"{path} line {line}: no paper, or a context that is not named by a digest")
    if cells.empty:
        raise UserError(f"{path} lists no paper")
    with_context = cells[cells["context"] != ""]
    keys = frozenset(zip(with_context["paper_id"], with_context["context"], strict=True))
    papers = cells["paper_id"].nunique()
    without = papers - with_context["paper_id"].nunique()
    return Index(papers, without, keys, str(cells["fetched"].iloc[0]))


def write_csv(path: Path, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Write a table of text, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, lambda file: file.write(text.getvalue().encode()))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
