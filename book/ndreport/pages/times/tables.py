"""Tables of the page on Tables 8 and 9: every time three times over, what printed times are, seconds per epoch."""

from __future__ import annotations

from math import isnan

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NORM_LABELS, NORMS
from ndreport.evidence.corrected_times import BASES, COMPARABLE, comparable
from ndreport.evidence.times import NUMBERS, disagreeing_times, setting_name
from ndreport.pages.times.findings import most_and_least
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import count, times_as
from ndreport.rendering.values import Value, decimal, missing, word

TIMES_SOURCES = "../runs/published/README.html#source-cells-of-the-times"
LOGS = "../runs/published/README.html#recovered-csv"
CUT_OFF = "the mean, cut off instead of rounded"
RATIO = "ND / BN"
NAMES = {"printed": "printed", "mean": "mean of attempts", "corrected": "corrected"}
"""Columns of the tables, by base."""


def wrong_times_view(wrong: pd.DataFrame) -> pd.DataFrame:
    """Printed times that are not the mean of their attempts, in seconds.

    Args:
        wrong: from `ndreport.evidence.times.disagreeing_times`.
    """
    rows, names = [], []
    for row in wrong.itertuples():
        names.append(f"{row.label} {setting_name(row.norm, row.epochs)}, {DATASETS[row.dataset]}")
        rows.append(
            {
                "what it is": word(what_it_is(row.cut_off, row.equals)),
                "printed (s)": decimal(row.printed, row.printed_source, TIMES_SOURCES),
                "mean of attempts (s)": decimal(row.mean, row.sources, TIMES_SOURCES),
                "printed / mean": decimal(row.printed / row.mean, "ratio of the two", TIMES_SOURCES),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, dtype="object"))


def what_it_is(cut_off: bool, equals: str) -> str:
    """What a printed time is that is not the mean of its attempts, in words."""
    return CUT_OFF if cut_off else equals or "not found in the attempts"


def wrong_times_table(wrong: pd.DataFrame) -> Html:
    """Printed times that are not the mean of their attempts, as HTML."""
    caption = "Printed training times of Tables 8 and 9 that are not the mean of their three attempts."
    return table(wrong_times_view(wrong), caption, "wrong-times", "Network, column", searchable=True, sortable=True)


def times_view(frame: pd.DataFrame, ratios: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Table 8 (cifar10) or 9 (cifar100): printed, recomputed and corrected times, their spread, and ND over BN.

    Args:
        frame: from `ndreport.evidence.corrected_times.corrected_settings`.
        ratios: from `ndreport.evidence.corrected_times.time_ratios`.
    """
    here = frame[frame["dataset"] == dataset]
    wrong = {row.Index: what_it_is(row.cut_off, row.equals) for row in disagreeing_times(here).itertuples()}
    cells = {(row.arch, row.epochs, row.norm): row for row in here.itertuples()}
    rows, names = [], []
    for ratio in ratios[ratios["dataset"] == dataset].sort_values("epochs", kind="stable").itertuples():
        pair = {norm: cells[ratio.arch, ratio.epochs, norm] for norm in NORMS}
        cell = {("training", "epochs"): word(ratio.epochs)}
        for norm, row in pair.items():
            cell |= {(f"{NORM_LABELS[norm]} (s)", name): v for name, v in _times(row, wrong.get(row.Index)).items()}
        rows.append(cell | {(RATIO, name): v for name, v in _ratios(ratio).items()})
        names.append(ratio.label)
    view = pd.DataFrame(rows, index=pd.Index(names, dtype="object"))
    view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _times(row, wrong: str | None) -> dict[str, Value]:
    """The cells of one setting."""
    single = ", ".join(f"{getattr(row, f'attempt_{k}'):.2f}" for k in ATTEMPTS)
    printed = _seconds(row.printed, row.printed_source)
    if wrong:
        printed = _marked(printed, f"{row.printed_source}; not the mean of its attempts but: {wrong}")
    corrected = _seconds(row.corrected, f"mean of {count(_whole(row.runs), 'attempt')}: {row.sources}")
    if row.correction:
        corrected = _marked(corrected, f"{corrected.note}; {row.correction}", LOGS)
    spread = missing("missing", "the file of published times is damaged or lacks an attempt", TIMES_SOURCES)
    if not isnan(row.shortest):
        factor = row.longest / row.shortest
        note = f"{row.sources}: {single}; the longest is {factor:.2f} times the shortest"
        note += f"; corrected: {row.correction}" if row.correction else ""
        spread = Value(f"{row.shortest:.2f} to {row.longest:.2f}", note, TIMES_SOURCES, factor)
    return {
        NAMES["printed"]: printed,
        NAMES["mean"]: _seconds(row.mean, f"mean of {single}: {row.sources}"),
        NAMES["corrected"]: corrected,
        "attempts": spread,
    }


def _whole(number: float) -> int:
    return 0 if isnan(number) else int(number)


def _seconds(number: float, note: str) -> Value:
    if isnan(number):
        return missing("missing", "the file of published times is damaged or lacks this time", TIMES_SOURCES)
    return decimal(number, note, TIMES_SOURCES)


def _marked(value: Value, note: str, link: str = TIMES_SOURCES) -> Value:
    return Value(f"{value.text} ≠", note, link, value.number) if value.present else value


def _ratios(ratio) -> dict[str, Value]:
    cells = {}
    for base, name in NAMES.items():
        number = getattr(ratio, base)
        cells[name] = missing("missing", "a time is missing", TIMES_SOURCES)
        if not isnan(number):
            cells[name] = decimal(number, f"{BASES[base]}: time with ND over time with BN", TIMES_SOURCES)
    if isnan(ratio.low):
        return cells | {"attempts": missing("missing", "a time is missing", TIMES_SOURCES)}
    note = "least and most that single attempts give, after correction"
    return cells | {"attempts": word(f"{ratio.low:.2f} to {ratio.high:.2f}", note, TIMES_SOURCES)}


def times_table(frame: pd.DataFrame, ratios: pd.DataFrame, dataset: str) -> Html:
    """Table 8 or 9 with its recount, as HTML."""
    number = NUMBERS[dataset]
    caption = (
        f"Table {number}, {DATASETS[dataset]}: training time in seconds, as printed, as the mean of the attempts, and "
        "as the mean of the attempts that are what their place says; the attempts from the shortest to the longest; "
        "and ND over BN. ≠: not the mean of the three attempts of the spreadsheet; the source says what it is."
    )
    ident, view = f"table-{number}", times_view(frame, ratios, dataset)
    return table(
        view, caption, ident, "Network", searchable=True, filters=["Network", ("training", "epochs")], sortable=True
    )


def ranges_view(ratios: pd.DataFrame) -> pd.DataFrame:
    """ND over BN per data set and number of epochs: least, most and geometric mean, printed and corrected."""
    rows, names = [], []
    for (dataset, epochs), here in ratios.groupby(["dataset", "epochs"], sort=False):
        names.append(f"{DATASETS[dataset]}, {count(epochs, 'epoch')}")
        rows.append({(NAMES[b], k): v for b in ("printed", "corrected") for k, v in _range(here, b).items()})
    view = pd.DataFrame(rows, index=pd.Index(names, dtype="object"))
    view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _range(ratios: pd.DataFrame, base: str) -> dict[str, Value]:
    found = most_and_least(ratios, base)
    if found is None:
        return dict.fromkeys(("least", "most", "geometric mean"), missing("missing", "a time is missing"))
    least, most, mean = found
    note = f"{BASES[base]}, over {count(len(ratios), 'network')}"
    return {
        "least": Value(f"{least[base]:.2f} {least['label']}", note, TIMES_SOURCES, least[base]),
        "most": Value(f"{most[base]:.2f} {most['label']}", note, TIMES_SOURCES, most[base]),
        "geometric mean": decimal(mean, note, TIMES_SOURCES),
    }


def ranges_table(ratios: pd.DataFrame) -> Html:
    """ND over BN per data set and number of epochs, as HTML."""
    caption = (
        "Time of training with ND over time with BN: the networks with the least and the most, and the mean of all."
    )
    return table(ranges_view(ratios), caption, "time-ranges", "Trainings")


def per_epoch_view(per: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Seconds per epoch of the three lengths of training, and the shorter ones over the longest.

    Args:
        per: from `ndreport.evidence.corrected_times.seconds_per_epoch`.
    """
    last, rows, names = EPOCHS[-1], [], []
    for row in per[per["dataset"] == dataset].itertuples():
        names.append(f"{row.label}, {NORM_LABELS[row.norm]}")
        seconds = {("seconds per epoch", f"of {e}"): _per_epoch(getattr(row, f"seconds_{e}"), e) for e in EPOCHS}
        rows.append(
            seconds | {(f"over an epoch of {last}", f"of {e}"): _alike(getattr(row, f"times_{e}")) for e in EPOCHS[:-1]}
        )
    view = pd.DataFrame(rows, index=pd.Index(names, dtype="object"))
    view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _per_epoch(number: float, epochs: int) -> Value:
    return _seconds(number, f"corrected time of the training of {count(epochs, 'epoch')}, divided by {epochs}")


def _alike(times: float) -> Value:
    if isnan(times):
        return missing("missing", "a time is missing", TIMES_SOURCES)
    text = "alike" if comparable(times) else "longer" if times > 1 else "shorter"
    note = f"alike: between {1 / COMPARABLE:.2f} and {COMPARABLE:.2f} times"
    return Value(f"{times_as(times)} {text}", note, TIMES_SOURCES, times, kind="good" if comparable(times) else "bad")


def per_epoch_table(per: pd.DataFrame, dataset: str) -> Html:
    """Seconds per epoch, as HTML."""
    caption = (
        f"{DATASETS[dataset]}: seconds of training per epoch in trainings of {EPOCHS[0]}, {EPOCHS[1]} and {EPOCHS[-1]} "
        f"epochs (corrected times), and how long an epoch of the shorter ones took beside one of {EPOCHS[-1]}."
    )
    return table(per_epoch_view(per, dataset), caption, f"per-epoch-{dataset}", "Network", sortable=True)


def statements_view(checks: pd.DataFrame) -> pd.DataFrame:
    """What the study says about its figures, place by place.

    Args:
        checks: from `ndreport.evidence.time_statements.check`.
    """
    rows, names = [], []
    for row in checks.itertuples():
        norm = f", {NORM_LABELS[row.norm]}" if row.norm else ""
        names.append(f"{DATASETS[row.dataset]}, {count(row.epochs, 'epoch')}{norm}")
        found = {NAMES[b]: _verdict(getattr(row, f"found_{b}"), getattr(row, f"holds_{b}")) for b in BASES}
        rows.append({"about": word(row.statement), "said": word(row.said)} | found)
    return pd.DataFrame(rows, index=pd.Index(names, dtype="object"))


def _verdict(found: str, holds: bool | None) -> Value:
    if holds is None:
        return missing("missing", "a time is missing", TIMES_SOURCES)
    kind, verdict = ("good", "holds") if holds else ("bad", "fails")
    return Value(f"{verdict}: {found}", "recomputed from the published times", TIMES_SOURCES, kind=kind)


def statements_table(checks: pd.DataFrame) -> Html:
    """What the study says about its figures, as HTML."""
    caption = (
        "What the study says about Figures 4 and 5 and the range of additional time, and what the printed times, the "
        "means of the attempts and the corrected times show in each place."
    )
    view = statements_view(checks)
    return table(view, caption, "time-statements", "Place", searchable=True, filters=["about", "Place"], words=True)
