"""Tables of the statistics on ND − BN: every setting and source, against repeats, original against reproduction."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import pandas as pd

from ndcore.problems import Problem
from ndcore.study import NETWORKS
from ndreport.evidence.decimals import patterns
from ndreport.evidence.families import Tested
from ndreport.evidence.paired import ALPHA, Paired
from ndreport.evidence.published import Published
from ndreport.evidence.splits import measured_on, split_summary
from ndreport.rendering.html import Html, notice, table
from ndreport.rendering.links import LOGS_PAGE, RUNS_PAGE, SOURCES_PAGE
from ndreport.rendering.measured_on import verdict
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import listing, percent, points, probability
from ndreport.rendering.values import NOT_RUN, Value, judgement, missing, word

WHO = {
    "original": "original, as printed",
    "logs": "reproduction, test (logs)",
    "printed": "reproduction, as printed",
    "ours": "this report, test",
}
LINKS = {"original": SOURCES_PAGE, "logs": LOGS_PAGE, "printed": SOURCES_PAGE, "ours": RUNS_PAGE}
MEASURES = ("networks", "ND ahead", "mean", "bootstrap", "shift", "interval")
MEASURES += ("Wilcoxon p", "corrected", "sign p", "sign p corrected", "smallest p")
QUANTITIES = {"bn": "BN", "nd": "ND", "gain": "ND − BN"}


def printed_verdicts(published: Published) -> dict[tuple[str, int], Value]:
    """What the printed averages of each block (data set, epochs) were measured on, as far as it is known."""
    measured = measured_on(published)
    found = patterns(measured)
    return {block: verdict(row, found.get(block)) for block, row in split_summary(measured).iterrows()}


def margin_notice(problems: Sequence[Problem]) -> Html:
    """A box that names the file of the margin if it could not be read; empty if it could."""
    return notice("warning", "The margin of equivalence is missing", [f"{p.file} {p.reason}" for p in problems])


def statistics_table(tested: Sequence[Tested], measured: dict[tuple[str, int], Value]) -> Html:
    """All tests; a setting that nobody ran says so.

    Args:
        tested: from `ndreport.evidence.families.paired_tests`.
        measured: from `printed_verdicts`.
    """
    view = pd.DataFrame([_tested(t, measured) for t in tested], index=[block_name(t.dataset, t.epochs) for t in tested])
    caption = (
        "ND − BN over the networks, in percentage points of top-1 accuracy: mean with its bootstrap interval, "
        "Hodges–Lehmann shift with the interval of the exact signed-rank test, and two-sided p of the exact tests, as "
        "they are and corrected by Holm over the settings of one source."
    )
    ids = [f"test-{t.who}-{t.dataset}-{t.epochs}" for t in tested]
    return table(
        view, caption, "claim-tests", "Setting", filters=("values", "measured on"), searchable=True, row_ids=ids
    )


def _tested(t: Tested, measured: dict[tuple[str, int], Value]) -> dict[str, Value]:
    link = LINKS[t.who]
    split = {
        "original": word("not stated", "the original gives these as its results", link),
        "printed": measured.get((t.dataset, t.epochs), missing("missing", "the attempts could not be read", link)),
    }.get(t.who, word("test", "", link))
    head = {"values": word(WHO[t.who]), "measured on": split}
    if t.paired is None:
        nothing = missing(NOT_RUN, "no pair of records that differs in its normalisation only", link)
        if t.who != "ours":
            nothing = missing("missing", "the file of published values is damaged or lacks these values", link)
        return head | dict.fromkeys(MEASURES, nothing)
    return head | _measures(t, t.paired, link)


def _measures(t: Tested, p: Paired, link: str) -> dict[str, Value]:
    zeros = f", {p.equal} equal" if p.equal else ""
    return {
        "networks": Value(str(p.number), "with a value of both norms", link, p.number),
        "ND ahead": Value(f"{p.ahead} of {p.number}", f"{p.behind} behind{zeros}", link),
        "mean": Value(points(p.mean), "mean of the differences", link, p.mean),
        "bootstrap": _interval(p.bootstrap, f"{percent(100 * (1 - ALPHA), 0)}, BCa, over networks", link),
        "shift": Value(points(p.shift), "Hodges–Lehmann", link, p.shift),
        "interval": _interval(p.interval, f"at least {percent(100 * (1 - ALPHA), 0)}, exact", link),
        "Wilcoxon p": _p(p.wilcoxon, p, link),
        "corrected": _p(t.wilcoxon_holm, p, link),
        "sign p": _p(p.sign, p, link),
        "sign p corrected": _p(t.sign_holm, p, link),
        "smallest p": Value(probability(p.smallest), "the smallest that either test can give here", link, p.smallest),
    }


def _p(number: float, p: Paired, link: str) -> Value:
    if not p.testable:
        return missing("not testable", f"no outcome could give less than {probability(p.smallest)}", link)
    kind = "good" if number < ALPHA else "open"
    note = f"{'below' if number < ALPHA else 'not below'} {ALPHA:g}"
    return Value(probability(number), note, link, number, kind=kind)


def _interval(ends: tuple[float, float], note: str, link: str) -> Value:
    if isnan(ends[0]):
        return missing("none", "too few networks for an interval at this level", link)
    return word(f"{points(ends[0])} to {points(ends[1])}", note, link)


def repeats_table(rows: pd.DataFrame) -> Html:
    """ND − BN of every network against the spread over its repeats.

    Args:
        rows: from `ndreport.evidence.repeats.against_spread`.
    """
    view = pd.DataFrame([_repeat(row) for row in rows.itertuples()], index=[row.label for row in rows.itertuples()])
    caption = (
        "ND − BN per network on test images against the spread over its repeats, from the logs of the reproduction, in "
        "percentage points. Gap: lowest ND run minus highest BN run."
    )
    return table(view, caption, "claim-repeats", "Network", filters=("setting",), sortable=True)


def _repeat(row) -> dict[str, Value]:
    runs = f"{row.nd_runs} ND and {row.bn_runs} BN runs"
    if isnan(row.ratio):
        ratio = missing("none", "the runs agree to the last digit", LOGS_PAGE)
    else:
        ratio = Value(f"{row.ratio:.1f}", f"{points(row.gain)} / {row.pooled_sd:.2f}", LOGS_PAGE, row.ratio)
    apart = judgement("good", "yes", f"gap {points(row.gap)}", LOGS_PAGE)
    if row.gap <= 0:
        apart = judgement("bad", "no", f"gap {points(row.gap)}", LOGS_PAGE)
    return {
        "setting": word(block_name(row.dataset, row.epochs)),
        "ND − BN": Value(points(row.gain), f"means of {runs}", LOGS_PAGE, row.gain),
        "SD of one run": Value(f"{row.pooled_sd:.2f}", f"pooled over {runs}", LOGS_PAGE, row.pooled_sd),
        "ND − BN / SD": ratio,
        "gap": Value(points(row.gap), "lowest ND run minus highest BN run", LOGS_PAGE, row.gap),
        "no overlap": apart,
        "smallest p": Value(
            probability(row.smallest_p),
            f"of an exact rank test of {runs}; {'below' if row.smallest_p < ALPHA else 'not below'} {ALPHA:g}",
            LOGS_PAGE,
            row.smallest_p,
        ),
    }


def equivalence_table(rows: pd.DataFrame) -> Html:
    """Reproduction minus original: two one-sided tests within the margin.

    Args:
        rows: from `ndreport.evidence.equivalence.equivalence`.
    """
    view = pd.DataFrame(
        [_equivalent(row) for row in rows.itertuples()], index=[_equivalence_name(r) for r in rows.itertuples()]
    )
    caption = (
        "Reproduction (test accuracies from its logs) minus original (as printed), over the networks: mean difference "
        "in percentage points, the interval that goes with the test, and p of two one-sided tests within the margin."
    )
    return table(view, caption, "claim-equivalence", "Setting and quantity")


def _equivalence_name(row) -> str:
    labels = {network.arch: network.label for network in NETWORKS}
    without = f", without {listing(labels[arch] for arch in row.without.split(', '))}" if row.without else ""
    return f"{block_name(row.dataset, row.epochs)}, {QUANTITIES[row.quantity]}{without}"


def _equivalent(row) -> dict[str, Value]:
    note = "chosen after the values were seen" if row.without else "as stated beforehand"
    verdict = judgement("good", "equivalent", note, LOGS_PAGE)
    if not row.equivalent:
        verdict = judgement("open", "not shown", f"{note}; that they differ does not follow", LOGS_PAGE)
    return {
        "networks": Value(str(row.networks), note, LOGS_PAGE, row.networks),
        "mean difference": Value(points(row.mean), "reproduction − original", LOGS_PAGE, row.mean),
        "interval": word(f"{points(row.low)} to {points(row.high)}", "of the mean, by Student's t", LOGS_PAGE),
        "margin": Value(f"± {row.margin:.2f}", "stated beforehand, from the original's mean gain", "", row.margin),
        "p": Value(probability(row.p), "two one-sided paired t-tests, the larger of the two", LOGS_PAGE, row.p),
        "equal within the margin": verdict,
    }
