"""The counts of citation contexts that the reproduction prints: their numbers, table and figure."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

from matplotlib.figure import Figure

from ndreport.evidence.citation_counts import LABELS, CitationCounts
from ndreport.evidence.proportions import (
    CONFIDENCE,
    Interval,
    clopper_pearson,
    clusters_with,
    effective_size,
    least_effective_size,
    none_of,
    wilson,
)
from ndreport.pages.citations.material import Citations
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import count, listing, percent
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.svg import GREEN, GREY, INK, OCHRE, WIDTH, render, style

SOURCES = "../runs/published/README.html#source-cells-of-the-citations"
SURE = percent(100 * CONFIDENCE, 0)
COLOURS = {"positive": GREEN, "neutral": GREY, "negative": OCHRE}
HATCHES = {"positive": "//", "neutral": "", "negative": "xx"}


def share(part: float, total: float) -> float:
    """Percent."""
    return 100 * part / total


def shown(interval: Interval, digits: int = 1) -> str:
    """An interval of a share, in percent: "13.4 to 34.1"."""
    return f"{100 * interval.low:.{digits}f} to {100 * interval.high:.{digits}f}"


def _alike(counts: CitationCounts, label: str) -> Interval:
    """The interval of a share as if the contexts of a paper were always of one class."""
    total, size = counts.contexts.value, effective_size(counts.contexts.value, counts.papers.value)
    return clopper_pearson(counts.labels[label].value * size / total, size)


def numbers(citations: Citations) -> dict[str, object]:
    """What the sentences of the page name."""
    counts = citations.counts
    total, papers = counts.contexts.value, counts.papers.value
    classes = {label: printed.value for label, printed in counts.labels.items()}
    fewest, most = clusters_with(classes["positive"], total, papers)
    examples = {label: example for label, example in counts.examples.items() if example.value}
    return classes | {
        "contexts": total,
        "papers": papers,
        "positive_share": percent(share(classes["positive"], total), 1),
        "wilson": shown(wilson(classes["positive"], total)),
        "exact": shown(clopper_pearson(classes["positive"], total)),
        "confidence": SURE,
        "examples": "; ".join(
            f"{count(e.value, 'example')} of {label}: {e.description}" for label, e in examples.items()
        ),
        "without_example": listing(label for label in counts.examples if label not in examples),
        "per_paper": f"{total / papers:.1f}",
        "worth": f"{effective_size(total, papers):.0f}",
        "alike": shown(_alike(counts, "positive")),
        "least_worth": f"{least_effective_size(total, papers):.0f}",
        "fewest": fewest,
        "most": most,
        "fewest_share": percent(share(fewest, papers), 1),
        "most_share": percent(share(most, papers), 1),
        "none_of_contexts": percent(100 * none_of(total), 1),
        "none_of_papers": percent(100 * none_of(papers), 1),
    }


def _interval(interval, row) -> str:
    return shown(interval(row.printed.value, row.total))


_Printed = partial(Column, link=SOURCES)
OF = "{printed.source}: {printed.value} of {total} contexts"
COUNTS = (
    _Printed("contexts", lambda row: row.printed.value, 0, "{printed.source}: {printed.description}"),
    _Printed("share (%)", lambda row: share(row.printed.value, row.total), 1, OF),
    _Printed("Wilson (%)", partial(_interval, wilson), note=f"{OF}, taken as independent"),
    _Printed("Clopper–Pearson (%)", partial(_interval, clopper_pearson), note=f"{OF}, taken as independent"),
    _Printed(
        "alike (%)",
        lambda row: shown(_alike(row.counts, row.label)),
        note=f"{OF}, in {{papers}} papers; Clopper–Pearson for {{alike:.0f}} cases, as if every paper had equally many "
        "contexts and all of them the same class",
    ),
)


@unless_missing
def counts_table(counts: CitationCounts) -> Html:
    """A row per class: count, share and intervals."""
    total, papers = counts.contexts.value, counts.papers.value
    known = {"counts": counts, "total": total, "papers": papers, "alike": effective_size(total, papers)}
    rows = [SimpleNamespace(label=label, printed=printed, **known) for label, printed in counts.labels.items()]
    caption = (
        "Citation contexts of the original by class, as the reproduction prints them, with the share of all "
        f"contexts in percent and its {SURE} intervals."
    )
    return table(view(rows, COUNTS, lambda row: row.label.capitalize()), caption, "citation-counts", "Class")


@unless_missing
def citation_figure(counts: CitationCounts) -> Html:
    """Above the classes side by side, below each share with its intervals."""
    total = counts.contexts.value
    with style():
        figure = Figure(figsize=(WIDTH, 3.0))
        bar, rows = figure.subplots(2, 1, sharex=True, height_ratios=[1, 2.6])
        left = 0.0
        for place, label in enumerate(LABELS):
            number = counts.labels[label].value
            width = share(number, total)
            bar.barh(0, width, left=left, color=COLOURS[label], hatch=HATCHES[label], edgecolor=INK, linewidth=0.8)
            if width:
                bar.text(left + width / 2, 0.62, f"{label} {number}", ha="center", va="bottom")
            left += width
            intervals = clopper_pearson(number, total), _alike(counts, label)
            for interval, shift, mark, line in zip(intervals, (-0.14, 0.14), "os", ("-", "--"), strict=True):
                ends = [100 * interval.low, 100 * interval.high]
                rows.plot(ends, [place + shift] * 2, linestyle=line, color=COLOURS[label], linewidth=2)
                rows.plot(width, place + shift, mark, color=COLOURS[label], markersize=6, clip_on=False)
        bar.set_axis_off()
        bar.set_ylim(-0.5, 1.5)
        rows.set_yticks(range(len(LABELS)), [f"{label} {counts.labels[label].value}" for label in LABELS])
        rows.set(xlim=(-2, 101), ylim=(len(LABELS) - 0.5, -0.5), xlabel=f"share of {total} contexts (%)")
        rows.grid(axis="y", visible=False)
        caption = (
            f"Above: all contexts by class. Below: the share of each class with {SURE} Clopper–Pearson intervals: "
            "circle and solid line, contexts taken as independent; square and dashed line, as if contexts of a paper "
            "were always alike."
        )
        return render(figure, "citation-figure", caption, alt_text(counts))


def alt_text(counts: CitationCounts) -> str:
    """What the figure states, in words: every share with both intervals."""
    total = counts.contexts.value
    parts = [
        f"{label}: {counts.labels[label].value} contexts, {share(counts.labels[label].value, total):.1f} %, interval "
        f"{shown(clopper_pearson(counts.labels[label].value, total))} % for independent contexts, "
        f"{shown(_alike(counts, label))} % for contexts of a paper that are always alike"
        for label in LABELS
    ]
    return f"Shares of {total} citation contexts from {counts.papers.value} papers. {'; '.join(parts)}."
