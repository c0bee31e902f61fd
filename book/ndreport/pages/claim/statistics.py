"""Tables of the statistics on ND − BN: every setting and source, against repeats, original against reproduction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from types import SimpleNamespace

import pandas as pd

from ndcore.study import NETWORK_LABELS
from ndreport.evidence.decimals import patterns
from ndreport.evidence.families import Tested
from ndreport.evidence.paired import ALPHA
from ndreport.evidence.published import Published
from ndreport.evidence.splits import measured_on, split_summary
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, disclosure, table
from ndreport.rendering.links import LOGS_PAGE, RUNS_PAGE, SOURCES_PAGE
from ndreport.rendering.measured_on import verdict
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import listing, percent, points, probability
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.values import MISSING_FILE, NOT_RUN, Value, judgement, missing, word

WHO = {
    "original": "original, as printed",
    "logs": "reproduction, test (logs)",
    "printed": "reproduction, as printed",
    "ours": "this report, test",
}
LINKS = {"original": SOURCES_PAGE, "logs": LOGS_PAGE, "printed": SOURCES_PAGE, "ours": RUNS_PAGE}
QUANTITIES = {"bn": "BN", "nd": "ND", "gain": "ND − BN"}
LEVEL = percent(100 * (1 - ALPHA), 0)


def printed_verdicts(published: Published) -> dict[tuple[str, int], Value]:
    """What the printed averages of each block (data set, epochs) were measured on, as far as it is known."""
    measured = measured_on(published)
    found = patterns(measured)
    return {block: verdict(row, found.get(block)) for block, row in split_summary(measured).iterrows()}


def statistics_table(tested: Sequence[Tested], measured: dict[tuple[str, int], Value]) -> Html:
    """All tests; a setting that nobody ran says so.

    Args:
        tested: from `ndreport.evidence.families.paired_tests`.
        measured: from `printed_verdicts`.
    """
    rows = [_test(t, measured) for t in tested]
    cells = view(rows, TESTS, lambda row: block_name(row.dataset, row.epochs))
    caption = (
        "ND − BN over the networks, in percentage points of top-1 accuracy: mean with its bootstrap interval, "
        "Hodges–Lehmann shift with the interval of the exact signed-rank test, and its two-sided p, as it is and "
        "corrected by Holm over the settings of one source."
    )
    ids = [f"test-{t.who}-{t.dataset}-{t.epochs}" for t in tested]
    filters = ("values", "measured on")
    shown = table(cells, caption, "claim-tests", "Setting", filters=filters, searchable=True, row_ids=ids)
    signs = view(rows, SIGN_TESTS, lambda row: block_name(row.dataset, row.epochs))
    of_signs = "Networks where ND is ahead, and two-sided p of the exact sign test, as it is and corrected by Holm."
    return Html(f"{shown}\n{disclosure('The sign test', table(signs, of_signs, 'sign-tests', 'Setting'))}")


def _test(t: Tested, measured: dict[tuple[str, int], Value]) -> SimpleNamespace:
    """A row of the table of tests: the test, where it comes from, and what stands where there are no values."""
    link = LINKS[t.who]
    absent = MISSING_FILE, "the file of published values is damaged or lacks these values"
    if t.who == "ours":
        absent = NOT_RUN, "no pair of records that differs in its normalisation only; Tables 4 and 5 have the commands"
    split = {
        "original": word("not stated", "the original gives these as its results", link),
        "printed": measured.get((t.dataset, t.epochs), missing("missing", "the attempts could not be read", link)),
    }.get(t.who, word("test", "", link))
    found = asdict(t.paired) if t.paired else dict.fromkeys(("number", "ahead", "mean", "shift", "smallest"))
    return SimpleNamespace(**vars(t), **found, link=link, split=split, absent=absent[0], why=absent[1])


def _ahead(row) -> Value | None:
    zeros = f", {row.equal} equal" if row.paired and row.equal else ""
    note = row.paired and f"{row.behind} behind{zeros}"
    return row.paired and Value(f"{row.ahead} of {row.number}", note, row.link)


def _p(name: str, row) -> Value | None:
    if row.paired is None:
        return None
    if not row.paired.testable:
        return missing("not testable", f"no outcome could give less than {probability(row.smallest)}", row.link)
    number = getattr(row, name)
    kind, note = ("good", "below") if number < ALPHA else ("open", "not below")
    return Value(probability(number), f"{note} {ALPHA:g}", row.link, number, kind=kind)


def _interval(name: str, note: str, row) -> Value | None:
    if row.paired is None:
        return None
    low, high = getattr(row, name)
    if pd.isna(low):
        return missing("none", "too few networks for an interval at this level", row.link)
    return word(f"{points(low)} to {points(high)}", note, row.link)


_Measure = partial(Column, link="{link}", absent="{absent}", why="{why}")
TESTS = (
    Column("values", lambda row: word(WHO[row.who])),
    Column("measured on", "split"),
    _Measure("ND ahead", _ahead),
    _Measure("mean", "mean", note="mean of the differences", show=points),
    _Measure("bootstrap", partial(_interval, "bootstrap", f"{LEVEL}, BCa, over networks")),
    _Measure("shift", "shift", note="Hodges–Lehmann", show=points),
    _Measure("interval", partial(_interval, "interval", f"at least {LEVEL}, exact")),
    _Measure("Wilcoxon p", partial(_p, "wilcoxon")),
    _Measure("corrected", partial(_p, "wilcoxon_holm")),
    _Measure("smallest p", "smallest", note="the smallest that either test can give here", show=probability),
)
SIGN_TESTS = (
    *TESTS[:3],
    _Measure("sign p", partial(_p, "sign")),
    _Measure("sign p corrected", partial(_p, "sign_holm")),
)

_Logged = partial(Column, link=LOGS_PAGE)
REPEATS = (
    Column("setting", lambda row: block_name(row.dataset, row.epochs)),
    _Logged("ND − BN", "gain", note="means of {nd_runs} ND and {bn_runs} BN runs", show=points),
    _Logged("SD of one run", "pooled_sd", 2, "pooled over {nd_runs} ND and {bn_runs} BN runs"),
    _Logged(
        "ND − BN / SD",
        "ratio",
        1,
        lambda row: f"{points(row.gain)} / {row.pooled_sd:.2f}",
        absent="none",
        why="the runs agree to the last digit",
    ),
    _Logged("gap", "gap", note="lowest ND run minus highest BN run", show=points),
    Column(
        "no overlap",
        lambda row: judgement(
            *(("good", "yes") if row.gap > 0 else ("bad", "no")), f"gap {points(row.gap)}", LOGS_PAGE
        ),
    ),
    _Logged(
        "smallest p",
        "smallest_p",
        note=lambda row: (
            f"of an exact rank test of {row.nd_runs} ND and {row.bn_runs} BN runs; "
            f"{'below' if row.smallest_p < ALPHA else 'not below'} {ALPHA:g}"
        ),
        show=probability,
    ),
)


@unless_missing
def repeats_table(rows: pd.DataFrame) -> Html:
    """ND − BN of every network against the spread over its repeats.

    Args:
        rows: from `ndreport.evidence.repeats.against_spread`.
    """
    caption = (
        "ND − BN per network on test images against the spread over its repeats, from the logs of the reproduction, in "
        "percentage points. Gap: lowest ND run minus highest BN run."
    )
    cells = view(rows, REPEATS, "{label}")
    return table(cells, caption, "claim-repeats", "Network", filters=("setting",), sortable=True)


def _chosen(row) -> str:
    return "chosen after the values were seen" if row.without else "as stated beforehand"


def _equivalent(row) -> Value:
    if row.equivalent:
        return judgement("good", "equivalent", _chosen(row), LOGS_PAGE)
    return judgement("open", "not shown", f"{_chosen(row)}; that they differ does not follow", LOGS_PAGE)


EQUIVALENCE = (
    _Logged("networks", "networks", 0, _chosen),
    _Logged("mean difference", "mean", note="reproduction − original", show=points),
    _Logged("interval", lambda row: f"{points(row.low)} to {points(row.high)}", note="of the mean, by Student's t"),
    Column("margin", "margin", note="stated beforehand, from the original's mean gain", show="± {:.2f}".format),
    _Logged("p", "p", note="two one-sided paired t-tests, the larger of the two", show=probability),
    Column("equal within the margin", _equivalent),
)


@unless_missing
def equivalence_table(rows: pd.DataFrame) -> Html:
    """Reproduction minus original: two one-sided tests within the margin.

    Args:
        rows: from `ndreport.evidence.equivalence.equivalence`.
    """
    caption = (
        "Reproduction (test accuracies from its logs) minus original (as printed), over the networks: mean difference "
        "in percentage points, the interval that goes with the test, and p of two one-sided tests within the margin."
    )
    return table(view(rows, EQUIVALENCE, _quantity), caption, "claim-equivalence", "Setting and quantity")


def _quantity(row) -> str:
    without = f", without {listing(NETWORK_LABELS[arch] for arch in row.without.split(', '))}" if row.without else ""
    return f"{block_name(row.dataset, row.epochs)}, {QUANTITIES[row.quantity]}{without}"
