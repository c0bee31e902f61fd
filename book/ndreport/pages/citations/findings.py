"""Sentences about the citations of the original study; every number in them is computed here."""

from __future__ import annotations

from ndreport.evidence.citation_counts import CitationCounts
from ndreport.evidence.proportions import (
    CONFIDENCE,
    clopper_pearson,
    clusters_with,
    effective_size,
    least_effective_size,
    none_of,
    wilson,
)
from ndreport.pages.citations.material import Citations
from ndreport.pages.citations.tables import comparisons, share, shown
from ndreport.rendering.prose import Prose, count, listing, percent, prose
from ndreport.rendering.values import NOT_RUN

NO_COUNTS = prose("The file of printed counts could not be read, so nothing can be said about them here.")
SURE = percent(100 * CONFIDENCE, 0)


def about_counts(counts: CitationCounts | None) -> Prose:
    """What the study counted, and how wide the intervals are if contexts were independent."""
    if counts is None:
        return NO_COUNTS
    total, positive = counts.contexts.value, counts.labels["positive"].value
    return prose(
        f"The study read **{count(total, 'context')}** from **{count(counts.papers.value, 'citing paper')}**: "
        f"**{positive}** positive ({percent(share(positive, total), 1)}), **{counts.labels['neutral'].value}** neutral "
        f"and **{counts.labels['negative'].value}** negative; the classes add up. If every context were an independent "
        f"case, the share of positive ones would be {shown(wilson(positive, total))} % (Wilson) or "
        f"{shown(clopper_pearson(positive, total))} % (Clopper–Pearson) at {SURE} confidence."
    )


def about_examples(counts: CitationCounts | None) -> Prose:
    """Which classes Table 1 illustrates, and with what."""
    if counts is None:
        return NO_COUNTS
    given = {label: example for label, example in counts.examples.items() if example.value}
    without = listing(label for label in counts.examples if label not in given)
    shown_as = "; ".join(
        f"{count(example.value, 'example')} that is *{label}*: {example.description}"
        for label, example in given.items()
    )
    return prose(f"Table 1 of the study gives, in our words, {shown_as}. Classes without an example: {without}.")


def about_papers(counts: CitationCounts | None) -> Prose:
    """What it changes that several contexts come from one paper."""
    if counts is None:
        return NO_COUNTS
    total, papers, positive = counts.contexts.value, counts.papers.value, counts.labels["positive"].value
    alike = effective_size(total, papers)
    fewest, most = clusters_with(positive, total, papers)
    return prose(
        f"A paper has {total / papers:.1f} contexts on average, and contexts of one paper, written by the same authors "
        f"with the same use of the method, are hardly independent. If they were always alike and spread evenly, "
        f"{count(total, 'context')} would be worth {alike:.0f} independent ones, and the share of positive ones would "
        f"be {shown(clopper_pearson(positive * alike / total, alike))} %. How they are spread is not published; if one "
        f"paper held as many as one can hold, they would be worth {least_effective_size(total, papers):.0f}. For the "
        f"same reason the number of *papers* with a positive context can be anything from {fewest} to {most} of "
        f"{papers}, which is from {percent(share(fewest, papers), 1)} to {percent(share(most, papers), 1)}: the share "
        "of positive contexts does not say how many papers used the method."
    )


def about_none(counts: CitationCounts | None) -> Prose:
    """What it means that no negative context was found."""
    if counts is None:
        return NO_COUNTS
    total, papers, negative = counts.contexts.value, counts.papers.value, counts.labels["negative"].value
    if negative:
        return prose(f"{count(negative, 'context').capitalize()} of {total} are negative.")
    return prose(
        f"None of {count(total, 'context')} is negative. That is not a share of zero: at {SURE} confidence (exact and "
        "one-sided; close to three divided by the number of cases) up to "
        f"**{percent(100 * none_of(total), 1)}** of such contexts may be negative if contexts are independent. Counted "
        f"in papers, which assumes nothing about the contexts within them, none of {papers} has a negative one, and up "
        f"to **{percent(100 * none_of(papers), 1)}** of such papers may, if papers are independent of each other."
    )


def about_own_labels(citations: Citations) -> Prose:
    """What our own fetch and label files hold."""
    lines = []
    if citations.index is None:
        lines.append(f"- contexts: {NOT_RUN}; `ndcore citations fetch` gets them")
    else:
        index = citations.index
        lines.append(
            f"- contexts, fetched on {index.fetched}: {count(len(index.keys), 'context')} from "
            f"{count(index.papers, 'citing paper')}, {count(index.without_context, 'paper')} of these without any"
        )
    if not citations.labels:
        lines.append(f"- labels: {NOT_RUN}; `ndcore citations label NAME` asks for them")
    for name, labels in citations.labels.items():
        of = f" of {len(citations.index.keys)}" if citations.index else ""
        lines.append(f"- labels in `{name}`: {len(labels)}{of}")
    if not citations.guesses:
        lines.append(f"- list of phrases: {NOT_RUN}; `ndcore citations baseline` applies it")
    else:
        lines.append(f"- list of phrases: applied to {count(len(citations.guesses), 'context')}")
    return prose("\n".join(lines))


def about_agreement(citations: Citations) -> Prose:
    """How far label files agree with each other and with the list of phrases."""
    lines = []
    for (first, second), found in comparisons(citations).items():
        if not found.common:
            lines.append(f"- `{first}` and `{second}`: no context has a label in both")
            continue
        same = f"{found.same} of {count(found.common, 'context')} alike ({shown(found.same_interval)} %)"
        if found.kappa is None:
            kappa = "Cohen's κ is not defined, both use one and the same class only"
        elif found.kappa_interval is None:
            kappa = f"Cohen's κ **{_signed(found.kappa)}**, without an interval since nothing varies"
        else:
            low, high = _signed(found.kappa_interval.low), _signed(found.kappa_interval.high)
            kappa = f"Cohen's κ **{_signed(found.kappa)}** ({low} to {high})"
        lines.append(
            f"- `{first}` and `{second}`: {same}; {kappa}; always answering with the commonest class of `{first}` "
            f"would get {found.most_frequent} right"
        )
    if not lines:
        return prose(
            f"Agreement: {NOT_RUN}. It takes two label files (`ndcore citations agree ANN BOB`), or one and the "
            "list of phrases (`ndcore citations baseline`)."
        )
    return prose(f"Agreement, with {SURE} intervals for independent contexts:\n\n" + "\n".join(lines))


def _signed(kappa: float) -> str:
    return f"{kappa:.2f}".replace("-", "−")
