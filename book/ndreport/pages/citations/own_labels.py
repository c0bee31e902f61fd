"""Our own label files: what they hold, and how far they agree with each other and with the list of phrases."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import combinations
from types import SimpleNamespace

import pandas as pd

from ndreport.citations.labels import Labels
from ndreport.evidence.agreement import Agreement, agreement
from ndreport.evidence.citation_counts import LABELS
from ndreport.evidence.proportions import clustered, wilson
from ndreport.pages.citations.counts import SURE, share, shown
from ndreport.pages.citations.material import Citations
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import Prose, count, prose
from ndreport.rendering.values import NOT_RUN, Value, missing


def about_own_labels(citations: Citations) -> Prose:
    """What our own fetch and label files hold."""
    index, guesses = citations.index, citations.guesses
    lines = [f"- contexts: {NOT_RUN}; `ndcore citations fetch` gets them"]
    if index is not None:
        lines = [
            f"- contexts, fetched on {index.fetched}: {count(len(index.keys), 'context')} from "
            f"{count(index.papers, 'citing paper')}, {count(index.without_context, 'paper')} of these without any"
        ]
    if not citations.labels:
        lines.append(f"- labels: {NOT_RUN}; `ndcore citations label NAME` asks for them")
    of = f" of {len(index.keys)}" if index else ""
    lines += [f"- labels in `{name}`: {len(labels)}{of}" for name, labels in citations.labels.items()]
    applied = (
        f"applied to {count(len(guesses), 'context')}"
        if guesses
        else f"{NOT_RUN}; `ndcore citations baseline` applies it"
    )
    return prose("\n".join([*lines, f"- list of phrases: {applied}"]))


def about_agreement(citations: Citations) -> Prose:
    """How far label files agree with each other and with the list of phrases."""
    lines = [f"- `{first}` and `{second}`: {_agree(first, a)}" for (first, second), a in comparisons(citations).items()]
    if not lines:
        return prose(
            f"Agreement: {NOT_RUN}. It takes two label files (`ndcore citations agree ANN BOB`), or one and the "
            "list of phrases (`ndcore citations baseline`)."
        )
    return prose(f"Agreement, with {SURE} intervals for independent contexts:\n\n" + "\n".join(lines))


def _agree(first: str, found: Agreement) -> str:
    if not found.common:
        return "no context has a label in both"
    same = f"{found.same} of {count(found.common, 'context')} alike ({shown(found.same_interval)} %)"
    if found.kappa is None:
        kappa = "Cohen's κ is not defined, both use one and the same class only"
    elif found.kappa_interval is None:
        kappa = f"Cohen's κ **{_signed(found.kappa)}**, without an interval since nothing varies"
    else:
        low, high = _signed(found.kappa_interval.low), _signed(found.kappa_interval.high)
        kappa = f"Cohen's κ **{_signed(found.kappa)}** ({low} to {high})"
    return (
        f"{same}; {kappa}; always answering with the commonest class of `{first}` would get {found.most_frequent} right"
    )


def _signed(kappa: float) -> str:
    return f"{kappa:.2f}".replace("-", "−")


def comparisons(citations: Citations) -> dict[tuple[str, str], Agreement]:
    """Every two label files, and every label file with the list of phrases."""
    classes = {key: guess.label for key, guess in citations.guesses.items()}
    found = {(a, b): agreement(citations.labels[a], citations.labels[b]) for a, b in combinations(citations.labels, 2)}
    if classes:
        found |= {(name, "phrases"): agreement(labels, classes) for name, labels in citations.labels.items()}
    return found


def agreement_tables(citations: Citations) -> Html:
    """A table per comparison: rows one labelling, columns the other. Nothing if there is nothing to compare."""
    parts = []
    for number, ((first, second), found) in enumerate(comparisons(citations).items(), start=1):
        note = f"contexts that have a label in {first} and in {second}"
        cells = found.table.map(lambda n, note=note: Value(str(n), note, number=int(n)))
        cells.columns = pd.MultiIndex.from_product([[second], cells.columns])
        caption = f"Number of contexts by their class in {first} (rows) and in {second} (columns)."
        parts.append(table(cells, caption, f"citation-agreement-{number}", first))
    return Html("\n".join(parts))


_Share = partial(Column, absent="no labels", why="{source}")
LABELLED = (
    *(Column(label, lambda row, label=label: row.counts[label], 0, "{source}") for label in LABELS),
    _Share("positive (%)", "positive", 1, lambda row: f"{row.source}: {row.counts['positive']} of {row.total}"),
    _Share("Wilson (%)", "wilson", note="{source}, contexts taken as independent"),
    _Share("papers resampled (%)", "resampled", note="{source}, bootstrap over {papers} papers"),
)


def labels_table(citations: Citations) -> Html:
    """A row per label file: what it holds, and the share of positive contexts with two intervals."""
    rows = [_labelled(name, labels) for name, labels in citations.labels.items()]
    return table(view(rows, LABELLED, "{name}"), "Our own label files.", "citation-labels", "File")


def _labelled(name: str, labels: Labels) -> SimpleNamespace:
    source, total, counts = f"runs/citations/{name}", len(labels), Counter(labels.values())
    row = SimpleNamespace(name=name, source=source, total=total, counts=counts, positive=None, wilson="", resampled="")
    if not total:
        return row
    sizes = Counter(paper for paper, _ in labels)
    positive = Counter(paper for (paper, _), label in labels.items() if label == "positive")
    resampled = clustered([positive[paper] for paper in sizes], list(sizes.values()))
    row.papers, row.positive = len(sizes), share(counts["positive"], total)
    row.wilson = shown(wilson(counts["positive"], total))
    row.resampled = missing("not defined", f"{source}: the share is the same in all papers")
    if resampled:
        row.resampled = shown(resampled)
    return row
