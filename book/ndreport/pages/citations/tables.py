"""Tables of citation contexts: the printed counts with their intervals, our own labels, and how they agree."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pandas as pd

from ndreport.citations.labels import Labels
from ndreport.evidence.agreement import Agreement, agreement
from ndreport.evidence.citation_counts import LABELS, CitationCounts
from ndreport.evidence.proportions import Interval, clopper_pearson, clustered, effective_size, wilson
from ndreport.pages.citations.material import Citations
from ndreport.rendering.html import Html, table
from ndreport.rendering.values import Value, missing, word

SOURCES = "../runs/published/README.html#source-cells-of-the-citations"
COUNTS_CAPTION = (
    "Citation contexts of the original study by class, as the second study prints them, with the share of all contexts "
    "in percent and its 95 % intervals."
)


def share(part: float, total: float) -> float:
    """Percent."""
    return 100 * part / total


def shown(interval: Interval, digits: int = 1) -> str:
    """An interval of a share, in percent: "13.4 to 34.1"."""
    return f"{100 * interval.low:.{digits}f} to {100 * interval.high:.{digits}f}"


def counts_view(counts: CitationCounts | None) -> pd.DataFrame:
    """A row per class: count, share and intervals."""
    rows = {label.capitalize(): _counts_row(counts, label) for label in LABELS}
    return pd.DataFrame.from_dict(rows, orient="index")


def _counts_row(counts: CitationCounts | None, label: str) -> dict[str, Value]:
    if counts is None:
        names = (
            "contexts",
            "share (%)",
            "Wilson (%)",
            "Clopper–Pearson (%)",
            "alike (%)",
            "example in Table 1",
        )
        return dict.fromkeys(names, missing("missing", "the file of printed counts could not be read"))
    printed, total, papers = counts.labels[label], counts.contexts.value, counts.papers.value
    both = f"{printed.source}: {printed.value} of {total} contexts"
    alike = effective_size(total, papers)
    scaled = clopper_pearson(printed.value * alike / total, alike)
    return {
        "contexts": Value(str(printed.value), f"{printed.source}: {printed.description}", SOURCES, printed.value),
        "share (%)": Value(f"{share(printed.value, total):.1f}", both, SOURCES, share(printed.value, total)),
        "Wilson (%)": word(shown(wilson(printed.value, total)), f"{both}, taken as independent", SOURCES),
        "Clopper–Pearson (%)": word(
            shown(clopper_pearson(printed.value, total)), f"{both}, taken as independent", SOURCES
        ),
        "alike (%)": word(
            shown(scaled),
            f"{both}, in {papers} papers; Clopper–Pearson for {alike:.0f} cases, as if every paper had equally many "
            "contexts and all of them the same class",
            SOURCES,
        ),
    }


def counts_table(counts: CitationCounts | None) -> Html:
    """The printed counts with their intervals, as HTML."""
    return table(counts_view(counts), COUNTS_CAPTION, "citation-counts", "Class")


def labels_view(citations: Citations) -> pd.DataFrame:
    """A row per label file: what it holds, and the share of positive contexts with two intervals."""
    rows = {name: _labels_row(name, labels) for name, labels in citations.labels.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def _labels_row(name: str, labels: Labels) -> dict[str, Value]:
    source, total = f"runs/citations/{name}", len(labels)
    counts = Counter(labels.values())
    row = {label: Value(str(counts[label]), source, number=counts[label]) for label in LABELS}
    if not total:
        none = missing("no labels", source)
        return row | dict.fromkeys(("positive (%)", "Wilson (%)", "papers resampled (%)"), none)
    sizes = Counter(paper for paper, _ in labels)
    positive = Counter(paper for (paper, _), label in labels.items() if label == "positive")
    resampled = clustered([positive[paper] for paper in sizes], list(sizes.values()))
    percent = share(counts["positive"], total)
    return row | {
        "positive (%)": Value(f"{percent:.1f}", f"{source}: {counts['positive']} of {total}", number=percent),
        "Wilson (%)": word(shown(wilson(counts["positive"], total)), f"{source}, contexts taken as independent"),
        "papers resampled (%)": word(shown(resampled), f"{source}, bootstrap over {len(sizes)} papers")
        if resampled
        else missing("not defined", f"{source}: the share is the same in all papers"),
    }


def labels_table(citations: Citations) -> Html:
    """Our own label files, as HTML."""
    return table(labels_view(citations), "Our own label files.", "citation-labels", "File")


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
