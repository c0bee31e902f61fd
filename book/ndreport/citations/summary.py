"""What the commands say in the terminal: how far the work is, and how far labels agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ndreport.citations.baseline import Guess
from ndreport.citations.contexts import Corpus, Key
from ndreport.citations.labels import Labels
from ndreport.citations.snapshots import Snapshot
from ndreport.evidence.citations import LABELS

if TYPE_CHECKING:  # statsmodels takes a second, and most commands have no use for it
    from ndreport.evidence.agreement import Agreement
    from ndreport.evidence.proportions import Interval


def corpus_text(corpus: Corpus) -> str:
    """What a fetch found, and what of it could not be used."""
    without = sum(not paper.contexts for paper in corpus.papers)
    lines = [
        f"fetched {corpus.fetched}: {len(corpus.papers)} citing papers, {without} of them without a context",
        f"contexts: {len(corpus.contexts)}; {corpus.repeated} more are repetitions within their paper",
        *(f"left out: {problem.file} {problem.reason}" for problem in corpus.problems),
    ]
    return "\n".join(lines)


def contradictions_text(snapshot: Snapshot) -> str:
    """What the service says against itself in a fetch, one line each; empty if nothing."""
    return "\n".join(
        f"contradiction in fetch {snapshot.folder.name}, page from citation {offset + 1} on: {complaint}"
        for offset, complaints in snapshot.contradictions.items()
        for complaint in complaints
    )


def labels_text(name: str, labels: Labels, keys: set[Key]) -> str:
    """How many contexts a label file knows, by class, and how many labels belong to no context of the last fetch."""
    counts = Counter(labels.values())
    shown = ", ".join(f"{counts[label]} {label}" for label in LABELS)
    known = len(labels.keys() & keys)
    elsewhere = len(labels) - known
    text = f"{name}: {known} of {len(keys)} contexts; {shown}"
    return f"{text}; {elsewhere} labels of contexts that this fetch does not have" if elsewhere else text


def guesses_text(found: Mapping[Key, Guess]) -> str:
    """The classes that the phrases give, and how often each phrase decided."""
    classes = Counter(guess.label for guess in found.values())
    rules = Counter(f"{guess.rule} ({guess.label})" for guess in found.values())
    lines = [f"{len(found)} contexts: " + ", ".join(f"{classes[label]} {label}" for label in LABELS)]
    return "\n".join(lines + [f"  {number:4d}  {rule}" for rule, number in rules.most_common()])


def agreement_text(found: Agreement, first: str, second: str) -> str:
    """A table of both labellings, the share of equal labels and Cohen's κ, each with its interval."""
    lines = [f"{found.common} contexts have a label in {first} (rows) and in {second} (columns)"]
    if not found.common:
        return lines[0]
    lines += [
        "",
        found.table.to_string(),
        "",
        f"same label: {found.same} of {found.common}, {_interval(found.same_interval)}",
    ]
    if found.kappa is None:
        lines.append("Cohen's kappa: not defined, both use one and the same class only")
    else:
        lines.append(f"Cohen's kappa: {found.kappa:.2f}, {_interval(found.kappa_interval)}")
    lines.append(f"always answering with the commonest class of {first} gives {found.most_frequent} of {found.common}")
    return "\n".join(lines)


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "no interval: all that could vary is equal"
    return f"95 % interval {interval.low:.2f} to {interval.high:.2f}"


def differences_text(first: Labels, second: Labels, names: tuple[str, str]) -> str:
    """The contexts with two different labels, one per line: what two people have to talk about."""
    differing = [key for key in sorted(first.keys() & second.keys()) if first[key] != second[key]]
    return "\n".join(f"{' '.join(key)}  {names[0]}: {first[key]}  {names[1]}: {second[key]}" for key in differing)
