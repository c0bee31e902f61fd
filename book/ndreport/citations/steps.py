"""The five steps of `ndcore citations`, and what they say in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ndcore import foreign
from ndcore.errors import UserError, not_installed
from ndcore.experiment.folders import citations_folder
from ndreport.citations import baseline as phrases
from ndreport.citations.contexts import INDEX, Corpus, Key, parse, read_corpus, write_index
from ndreport.citations.labelling import WIDTH, label_all
from ndreport.citations.labels import Labels, label_files, label_path, read_labels
from ndreport.citations.snapshots import Snapshot, latest_complete, snapshots, to_continue
from ndreport.evidence.citation_counts import LABELS

if TYPE_CHECKING:
    from ndreport.evidence.proportions import Interval

KEY_VARIABLE = "S2_API_KEY"


def fetch(refresh: bool, address: str | None) -> None:
    """Get the citing papers and the contexts of their citations, unless a complete fetch is there."""
    folder = citations_folder()
    snapshot = latest_complete(folder / "cache")
    if refresh or snapshot is None or snapshot.contradictions:
        snapshot = to_continue(folder / "cache", datetime.now(UTC))
        _complete(snapshot, address)
    corpus = parse(snapshot)
    _say_corpus(corpus)
    _say(f"texts, kept here only: {snapshot.folder}")
    if snapshot == latest_complete(folder / "cache"):  # not if it is doubtful and an earlier one is sound
        write_index(folder / INDEX, corpus)
        _say(f"list without texts: {folder / INDEX}")
    if _say_contradictions(snapshot):
        raise UserError(
            f"the service contradicts itself in fetch {snapshot.folder.name}, so citations may be missing: what was "
            f"fetched is kept, `ndcore citations fetch{' --refresh' if refresh else ''}` asks for the doubtful pages "
            "again"
        )


def _complete(snapshot: Snapshot, address: str | None) -> None:
    try:
        from ndreport.citations import semantic_scholar  # noqa: PLC0415 - of the extra `citations`
    except ImportError as error:
        raise UserError(not_installed(error.name, "citations")) from None
    from tqdm import tqdm  # noqa: PLC0415

    with tqdm(desc="Semantic Scholar", unit=" answers", leave=False) as bar:

        def report(event: str) -> None:
            bar.set_postfix_str(event)
            bar.update()

        semantic_scholar.fetch(snapshot, address=address, key=os.environ.get(KEY_VARIABLE), report=report)


def label(name: str) -> None:
    """Ask a person for the label of every context that has none."""
    folder = citations_folder()
    path = label_path(folder, name)
    contexts = read_corpus(folder / "cache").contexts
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("labelling asks a person, in a terminal; this input or output is none")
    labels = label_all(contexts, path, input, _say, min(WIDTH, shutil.get_terminal_size().columns))
    _say("")
    _say_labels(str(path), labels, {context.key for context in contexts})


def agree(first: str, second: str) -> None:
    """Compare two label files, and name the contexts that two people have to talk about."""
    paths = _label_file(first), _label_file(second)
    one, other = map(read_labels, paths)
    names = paths[0].name, paths[1].name
    _say_agreement(one, other, *names)
    if differing := [key for key in sorted(one.keys() & other.keys()) if one[key] != other[key]]:
        _say("")
    for key in differing:
        _say(f"{' '.join(key)}  {names[0]}: {one[key]}  {names[1]}: {other[key]}")


def baseline(names: list[str]) -> None:
    """Classify every context by phrases, and compare that with label files (no names: with all of them)."""
    folder = citations_folder()
    paths = [_label_file(name) for name in names] or label_files(folder)
    labelled = {path.name: read_labels(path) for path in paths}
    found = phrases.guesses(read_corpus(folder / "cache").contexts)
    phrases.write_guesses(folder / phrases.FILE, found)
    _say(f"{len(found)} contexts: {_by_class(guess.label for guess in found.values())}")
    for rule, number in Counter(f"{guess.rule} ({guess.label})" for guess in found.values()).most_common():
        _say(f"  {number:4d}  {rule}")
    classes = {key: guess.label for key, guess in found.items()}
    for name, labels in labelled.items():
        _say("")
        _say_agreement(labels, classes, name, phrases.FILE)
    if not labelled:
        _say("\nno label file to compare with: `ndcore citations label` makes one")
    _say(f"\nwritten: {folder / phrases.FILE}")


def status() -> None:
    """Say how far fetching and labelling are."""
    folder = citations_folder()
    keys = set()
    if latest_complete(folder / "cache"):
        corpus = read_corpus(folder / "cache")
        keys = {context.key for context in corpus.contexts}
        _say_corpus(corpus)
    else:
        _say("no complete fetch: `ndcore citations fetch` makes one")
    for snapshot in snapshots(folder / "cache"):
        if snapshot.missing is not None:
            _say(f"unfinished fetch {snapshot.folder.name}: citations from {snapshot.missing + 1} on are missing")
        _say_contradictions(snapshot)
    for problem in foreign.files(folder, ".csv")[1]:
        _say(f"left out: {problem.file} {problem.reason}")
    for path in label_files(folder):
        _say_labels(path.name, read_labels(path), keys)
    if not label_files(folder):
        _say("no label file: `ndcore citations label` makes one")


def _label_file(name: str) -> Path:
    """A label file by its path, or by the name of the person in the usual folder."""
    path = Path(name)
    return path if path.suffix == ".csv" or path.is_file() else label_path(citations_folder(), name)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _by_class(labels: Iterable[str]) -> str:
    counts = Counter(labels)
    return ", ".join(f"{counts[label]} {label}" for label in LABELS)


def _say_corpus(corpus: Corpus) -> None:
    without = sum(not paper.contexts for paper in corpus.papers)
    _say(f"fetched {corpus.fetched}: {len(corpus.papers)} citing papers, {without} of them without a context")
    _say(f"contexts: {len(corpus.contexts)}; {corpus.repeated} more are repetitions within their paper")
    for problem in corpus.problems:
        _say(f"left out: {problem.file} {problem.reason}")


def _say_contradictions(snapshot: Snapshot) -> bool:
    """Say what the service says against itself in a fetch, one line each; whether there was anything."""
    for offset, complaints in snapshot.contradictions.items():
        for complaint in complaints:
            _say(f"contradiction in fetch {snapshot.folder.name}, page from citation {offset + 1} on: {complaint}")
    return bool(snapshot.contradictions)


def _say_labels(name: str, labels: Labels, keys: set[Key]) -> None:
    known = len(labels.keys() & keys)
    elsewhere = f"; {len(labels) - known} labels of contexts that this fetch does not have" * (len(labels) > known)
    _say(f"{name}: {known} of {len(keys)} contexts; {_by_class(labels.values())}{elsewhere}")


def _say_agreement(one: Labels, other: Labels, first: str, second: str) -> None:
    """A table of both labellings, the share of equal labels and Cohen's κ, each with its interval."""
    from ndreport.evidence.agreement import agreement  # noqa: PLC0415 - statsmodels takes a second

    found = agreement(one, other)
    _say(f"{found.common} contexts have a label in {first} (rows) and in {second} (columns)")
    if not found.common:
        return
    _say(f"\n{found.table.to_string()}\n")
    _say(f"same label: {found.same} of {found.common}, {_interval(found.same_interval)}")
    if found.kappa is None:
        _say("Cohen's kappa: not defined, both use one and the same class only")
    else:
        _say(f"Cohen's kappa: {found.kappa:.2f}, {_interval(found.kappa_interval)}")
    _say(f"always answering with the commonest class of {first} gives {found.most_frequent} of {found.common}")


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "no interval: all that could vary is equal"
    return f"95 % interval {interval.low:.2f} to {interval.high:.2f}"
