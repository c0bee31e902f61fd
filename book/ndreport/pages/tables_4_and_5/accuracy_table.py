"""Tables 4 and 5: is ND ahead, in the original, in the reproduction and in our own runs? A row per network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean

import pandas as pd

from ndcore.study import NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.runs import Setting
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.comparison import compared_columns
from ndreport.pages.tables_4_and_5.pairs import Pair, pairs
from ndreport.pages.tables_4_and_5.rows import PRINTED_ROUNDING
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, disclosure, table
from ndreport.rendering.links import LOGS_PAGE, MEASURED_PAGE, RUNS_PAGE, SOURCES_PAGE, link
from ndreport.rendering.measured_on import SPLITS
from ndreport.rendering.names import TABLE_NUMBERS, TABLES
from ndreport.rendering.not_run import not_run
from ndreport.rendering.prose import count, points
from ndreport.rendering.values import Value, decimal, judgement, missing, word

ORIGINAL, REPRODUCTION, OWN = "original, as printed", "reproduction, as printed", "this report, test"
GAIN = "ND − BN"


def _elsewhere(pair: Pair, arch: str, why: str) -> Value | None:
    """Where the value of the label stands, if it is not in this row."""
    return None if pair.arch == arch else missing(f"see {arch}", why, SOURCES_PAGE)


def _of_reproduction(pair: Pair) -> Value | None:
    return _elsewhere(pair, pair.ran.arch, pair.ran.why)


def _of_original(pair: Pair) -> Value | None:
    return _elsewhere(pair, pair.originals, "the size that the original prints is that of this network")


def _verdict(pair: Pair) -> Value | None:
    """Whether ND is ahead on test images in the reproduction, as far as that is known."""
    if other := _of_reproduction(pair):
        return other
    if pair.tests:
        gain = pair.tests["nd"] - pair.tests["bn"]
        note = (
            f"mean test accuracy of the finished runs in its logs: BN {pair.tests['bn']:.2f}, ND {pair.tests['nd']:.2f}"
        )
        return judgement(
            "good" if gain > 0 else "bad", f"{'yes' if gain > 0 else 'no'}, {points(gain)}", note, LOGS_PAGE
        )
    printed = {norm: row.reproduced for norm, row in pair.printed.items()}
    if any(map(pd.isna, printed.values())):
        return None
    if pair.suggested:
        ahead = "yes" if printed["nd"] > printed["bn"] else "no"
        note = "none of these attempts has a third decimal, so they are very probably test accuracies; none is proven"
        return judgement("partial", f"probably {ahead}", note, MEASURED_PAGE)
    note = (
        "these are running training accuracies as far as anything is proven; the test accuracies were never published"
    )
    return judgement("open", "not known", note, MEASURED_PAGE)


def _original(norm: str, pair: Pair) -> Value | float:
    row = pair.printed[norm]
    return _of_original(pair) or Column("", "original", 2, "{original_source}", SOURCES_PAGE).cell(row)


def _reproduced(norm: str, pair: Pair) -> Value:
    row = pair.printed[norm]
    note = "; ".join(filter(None, (row.reproduced_source, pair.ran.why)))
    if abs(row.reproduced - row.mean_of_attempts) > PRINTED_ROUNDING:
        note = f"{note}; the mean of the three attempts is {row.mean_of_attempts:.2f}"
        return _of_reproduction(pair) or Value(f"≠ {row.reproduced:.2f}", note, SOURCES_PAGE, row.reproduced)
    return _of_reproduction(pair) or Column("", "reproduced", 2, note, SOURCES_PAGE).cell(row)


def _printed_gain(of: str, pair: Pair) -> Value | None:
    if other := _of_reproduction(pair) if of == "reproduced" else _of_original(pair):
        return other
    bn, nd = (getattr(pair.printed[norm], of) for norm in NORMS)
    return None if pd.isna(nd - bn) else Value(points(nd - bn), f"{nd:.2f} − {bn:.2f}", SOURCES_PAGE, nd - bn)


def _split(pair: Pair) -> Value | None:
    splits = pair.splits()
    if not splits:
        return None
    parts = [f"{SPLITS[split]} ({splits.count(split)} of {len(splits)})" for split in sorted({*splits} - {""})]
    text, note = ", ".join(parts), "number of attempts, BN and ND together, for which public files prove it"
    if not parts:
        text = "probably test" if pair.suggested else "not proven"
        note = "neither a log nor a third decimal proves it for a single attempt"
    return _of_reproduction(pair) or word(text, note, MEASURED_PAGE)


def _setting(pair: Pair, norm: str) -> Setting:
    row = pair.own[norm]
    return Setting(row.dataset, row.ours, norm, row.epochs)


def _own(norm: str, pair: Pair) -> Value:
    row = pair.own[norm]
    if row.runs:
        note = (
            f"test accuracy of the final epoch, {row.runs_in_words}; running training accuracy "
            f"{row.running_train_top1:.2f}: {', '.join(row.run_ids)}"
        )
        return decimal(row.test_top1, note, row.link)
    if row.failed_runs:
        return missing("failed", f"{row.failed_runs} failed run(s), no complete one", RUNS_PAGE)
    return not_run(pair.expected, [_setting(pair, norm)])


def _own_gain(pair: Pair) -> Value:
    if found := pair.own_pairs:
        gain = fmean(one.test for one in found)
        note = f"mean over runs with equal seeds: {', '.join(f'{one.nd.run_id} − {one.bn.run_id}' for one in found)}"
        return Value(points(gain), note, link(found[0].nd), gain)
    lacking = [norm for norm in NORMS if not pair.own[norm].runs] or NORMS
    return not_run(pair.expected, [_setting(pair, norm) for norm in lacking])


def _group(header: str, cell, gain) -> tuple[Column, ...]:
    norms = (Column((header, NORM_LABELS[norm]), partial(cell, norm), link=SOURCES_PAGE) for norm in NORMS)
    return (*norms, Column((header, GAIN), gain, link=SOURCES_PAGE))


COLUMNS = (
    Column(("reproduction", "ND ahead on test?"), _verdict, link=SOURCES_PAGE),
    *_group(ORIGINAL, _original, partial(_printed_gain, "original")),
    *_group(REPRODUCTION, _reproduced, partial(_printed_gain, "reproduced")),
    Column((REPRODUCTION, "measured on"), _split, link=SOURCES_PAGE),
    *_group(OWN, _own, _own_gain),
)


def accuracy_view(rows: Sequence[Pair]) -> pd.DataFrame:
    """The rows of one number of epochs as cells with provenance, ready to be rendered."""
    return view(rows, COLUMNS, lambda pair: pair.name)


def accuracy_table(material: Material, compared: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """The part of Table 4 (cifar10) or 5 (cifar100) for one number of epochs; behind a line, it against the original.

    Args:
        material: everything in `runs/`.
        compared: from `ndreport.evidence.rules.comparisons`.
        dataset: "cifar10" or "cifar100".
        epochs: 1, 20 or 100.
    """
    caption = (
        f"{TABLES[dataset]}, {count(epochs, 'epoch')}: top-1 accuracy in percent, ND − BN in percentage points. ≠: a "
        "printed average that is not the mean of its attempts. Choose a value to see where it comes from."
    )
    ident = f"table-{TABLE_NUMBERS[dataset]}-epochs-{epochs}"
    shown = table(accuracy_view(pairs(material, dataset, epochs)), caption, ident, "Network")
    return Html(f"{shown}\n{against_table(compared, dataset, epochs)}")


def against_view(compared: pd.DataFrame, dataset: str, epochs: int) -> pd.DataFrame:
    """Reproduced values against the original's, a row per network.

    Args:
        compared: from `ndreport.evidence.rules.comparisons`; other data sets may be among them.
        dataset: "cifar10" or "cifar100".
        epochs: 1, 20 or 100.
    """
    here = compared[(compared["dataset"] == dataset) & (compared["epochs"] == epochs)]
    rows = {(row.arch, row.norm): row for row in here.itertuples()}
    known = [network for network in NETWORKS if all((network.arch, norm) in rows for norm in NORMS)]
    columns = [
        Column((NORM_LABELS[norm], column.header[1]), lambda n, c=column, norm=norm: c.cell(rows[n.arch, norm]))
        for norm in NORMS
        for column in compared_columns("")
    ]
    return view(known, columns, "{label}")


def against_table(compared: pd.DataFrame, dataset: str, epochs: int) -> Html:
    """How the printed averages compare with the original's values, by both readings of the threshold: on demand."""
    caption = (
        f"{TABLES[dataset]}, {count(epochs, 'epoch')}: printed average minus original, in points; whether it "
        "is higher ▲, lower within the threshold • or lower by more ▼, by both readings and as printed."
    )
    ident = f"against-original-{TABLE_NUMBERS[dataset]}-epochs-{epochs}"
    shown = table(against_view(compared, dataset, epochs), caption, ident, "Network")
    return disclosure("Against the original: higher, within or lower?", shown)
