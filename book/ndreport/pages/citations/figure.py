"""The printed counts as a figure: the classes side by side, and each share with its intervals."""

from __future__ import annotations

from matplotlib.figure import Figure

from ndreport.evidence.citation_counts import LABELS, CitationCounts
from ndreport.evidence.proportions import clopper_pearson, effective_size
from ndreport.pages.citations.tables import share, shown
from ndreport.rendering.html import Html
from ndreport.rendering.svg import BLUE, GREEN, INK, VERMILLION, render, style

COLOURS = {"positive": GREEN, "neutral": BLUE, "negative": VERMILLION}
HATCHES = {"positive": "//", "neutral": "", "negative": "xx"}
CAPTION = (
    "Above: all contexts by class. Below: the share of each class with 95 % Clopper–Pearson intervals: circle and "
    "solid line, contexts taken as independent; square and dashed line, as if contexts of a paper were always alike."
)


def citation_figure(counts: CitationCounts | None, ident: str = "citation-figure") -> Html:
    """Stacked shares of the classes and their intervals; a sentence if the counts could not be read."""
    if counts is None:
        return Html(
            '<p class="nd-empty">The file of printed counts could not be read, so there is nothing to draw.</p>'
        )
    total = counts.contexts.value
    few = effective_size(total, counts.papers.value)
    with style():
        figure = Figure(figsize=(4.8, 2.8))
        bar, rows = figure.subplots(2, 1, sharex=True, height_ratios=[1, 2.6])
        left = 0.0
        for label in LABELS:
            width = share(counts.labels[label].value, total)
            bar.barh(0, width, left=left, color=COLOURS[label], hatch=HATCHES[label], edgecolor=INK, linewidth=0.8)
            if width:
                bar.text(left + width / 2, 0.62, f"{label} {counts.labels[label].value}", ha="center", va="bottom")
            left += width
        bar.set_axis_off()
        bar.set_ylim(-0.5, 1.5)
        for place, label in enumerate(LABELS):
            count = counts.labels[label].value
            for size, shift, mark, line in ((total, -0.14, "o", "-"), (few, 0.14, "s", "--")):
                interval = clopper_pearson(count * size / total, size)
                ends = [100 * interval.low, 100 * interval.high]
                rows.plot(ends, [place + shift] * 2, linestyle=line, color=COLOURS[label], linewidth=2)
                rows.plot(share(count, total), place + shift, mark, color=COLOURS[label], markersize=6, clip_on=False)
        rows.set_yticks(range(len(LABELS)), [f"{label} {counts.labels[label].value}" for label in LABELS])
        rows.set_ylim(len(LABELS) - 0.5, -0.5)
        rows.grid(axis="y", visible=False)
        rows.set_xlim(-2, 101)
        rows.set_xlabel(f"share of {total} contexts (%)")
        return render(figure, ident, CAPTION, alt_text(counts))


def alt_text(counts: CitationCounts) -> str:
    """What the figure states, in words: every share with both intervals."""
    total = counts.contexts.value
    few = effective_size(total, counts.papers.value)
    parts = []
    for label in LABELS:
        count = counts.labels[label].value
        wide = clopper_pearson(count * few / total, few)
        parts.append(
            f"{label}: {count} contexts, {share(count, total):.1f} %, interval "
            f"{shown(clopper_pearson(count, total))} % for independent contexts, {shown(wide)} % for contexts of a "
            "paper that are always alike"
        )
    return f"Shares of {total} citation contexts from {counts.papers.value} papers. {'; '.join(parts)}."
