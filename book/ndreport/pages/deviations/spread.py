"""Tables of the spread of the attempts: every setting, the study's ranges, and where one more run is expected."""

from __future__ import annotations

from functools import partial
from math import isnan, sqrt
from types import SimpleNamespace

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NORM_LABELS
from ndreport.evidence.concordance import GROUP
from ndreport.evidence.deviations import PRINTED_RANGE, TEST
from ndreport.evidence.proportions import clopper_pearson
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import LOGS_PAGE, SOURCES_PAGE
from ndreport.rendering.prose import count, percent
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.values import Value, judgement, missing, word

DATA_SET, EPOCHS, SPLIT = ("setting", "data set"), ("setting", "epochs"), ("setting", "measured on")
SQUARED = "averaged squared deviation"


def group_name(row) -> str:
    """ "CIFAR-10, 20 epochs, test"."""
    return f"{DATASETS[row.dataset]}, {count(row.epochs, 'epoch')}, {row.split}"


def setting_name(row) -> str:
    """ "PNASNet-18 BN 20 on CIFAR-10"."""
    return f"{row.label} {NORM_LABELS[row.norm]} {row.epochs} on {DATASETS[row.dataset]}"


def _address(row) -> str:
    return LOGS_PAGE if row.split == TEST else SOURCES_PAGE


def _used(row) -> str:
    return f"of {row.values}" + (f"; corrected: {row.corrected}" if row.corrected else "")


def _mean(row) -> Value | None:
    if isnan(row.mean):
        return None
    return Value(f"{row.mean:.2f}{' ≠' if row.corrected else ''}", _used(row), _address(row), row.mean)


def _expected(row) -> Value | None:
    if isnan(row.predicted_low):
        return None
    note = f"95 % for one more run, from {row.runs}: {_used(row)}"
    return Value(f"{row.predicted_low:.2f} to {row.predicted_high:.2f}", note, _address(row))


def _inside(row) -> Value:
    if row.inside is None:
        return missing("not known", "fewer than two attempts, or no original value", SOURCES_PAGE)
    where = "inside" if row.inside else "above" if row.original > row.predicted_high else "below"
    return judgement("good" if row.inside else "bad", where, f"original {row.original:.2f}", SOURCES_PAGE)


_Of = partial(Column, link=_address)
DEVIATIONS = (
    Column(DATA_SET, lambda row: DATASETS[row.dataset]),
    Column(EPOCHS, lambda row: str(row.epochs)),
    _Of(SPLIT, "split", note=f"proven for {{proven}} of {len(ATTEMPTS)} attempts"),
    Column(("accuracy (%)", "original"), "original", 2, "as the reproduction reprints it", SOURCES_PAGE),
    _Of(("accuracy (%)", "mean"), _mean),
    _Of(("accuracy (%)", "SD"), "sd", 2, lambda row: f"standard deviation (n − 1) {_used(row)}"),
    _Of(("accuracy (%)", "range"), lambda row: row.high - row.low, 2, lambda row: f"highest minus lowest {_used(row)}"),
    _Of((SQUARED, "÷ (n − 1)"), "squared", 4, "as the reproduction computes it; attempts as published: {values}"),
    _Of((SQUARED, "÷ n"), "squared_mean", 4, "as a mean; attempts as published: {values}"),
    _Of(
        (SQUARED, "root of ÷ n, points"),
        lambda row: 100 * sqrt(row.squared_mean),
        2,
        "attempts as published: {values}",
    ),
    _Of(("one more run", "expected (%)"), _expected),
    Column(("one more run", "original"), _inside),
)


@unless_missing
def deviations_table(frame: pd.DataFrame, ident: str, what: str) -> Html:
    """Every setting, as HTML.

    Args:
        frame: from `ndreport.evidence.deviations.deviations` or `logged_deviations`.
        ident: HTML id.
        what: which accuracies these are, for the caption.
    """
    caption = (
        f"{what}: original, mean, standard deviation and range in percent and percentage points; the averaged squared "
        "deviation from the original, accuracies as fractions; and where one more run is expected, if runs are "
        "normally distributed. ≠: an attempt was corrected or left out; the source says which."
    )
    cells = view(frame, DEVIATIONS, lambda row: f"{row.label}, {NORM_LABELS[row.norm]}")
    return table(cells, caption, ident, "Network", searchable=True, filters=[DATA_SET, EPOCHS, SPLIT], sortable=True)


def _range(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def _same(row) -> Value:
    same = _range(row.squared.min(), row.squared.max()) == _range(*row.printed)
    return judgement("good" if same else "bad", "yes" if same else "no", "printed against recomputed")


def _largest(row) -> Value:
    name = f"{row.worst['label']} {NORM_LABELS[row.worst['norm']]} {row.worst['epochs']}"
    return word(name, row.worst["values"], SOURCES_PAGE)


_Published = partial(Column, link=SOURCES_PAGE)
RANGES = (
    _Published("printed", lambda row: _range(*row.printed), note="Obadage et al. 2024, §5.1"),
    _Published(
        "÷ (n − 1)",
        lambda row: _range(row.squared.min(), row.squared.max()),
        note=lambda row: f"recomputed over {count(len(row.squared), 'setting')}",
    ),
    Column("same to two decimals", _same),
    Column("largest", _largest),
    _Published("÷ n", lambda row: _range(row.squared_mean.min(), row.squared_mean.max()), note="a mean"),
    _Published(
        "largest, root of ÷ n (points)",
        lambda row: 100 * sqrt(row.squared_mean.max()),
        2,
        "root mean square of that setting",
    ),
)


def _dataset(here: pd.DataFrame, dataset: str) -> SimpleNamespace:
    columns = {name: here[name] for name in ("squared", "squared_mean")}
    worst = here.loc[here["squared"].idxmax()]
    return SimpleNamespace(name=DATASETS[dataset], printed=PRINTED_RANGE[dataset], worst=worst, **columns)


@unless_missing
def ranges_table(frame: pd.DataFrame) -> Html:
    """The study's ranges against the recomputed ones, as HTML.

    Args:
        frame: from `ndreport.evidence.deviations.deviations`.
    """
    caption = "Lowest to highest averaged squared deviation over the settings of a data set, accuracies as fractions."
    rows = [_dataset(here, dataset) for dataset, here in frame.dropna(subset=["squared"]).groupby("dataset")]
    return table(view(rows, RANGES, "{name}"), caption, "squared-ranges", "Data set")


def _share(row) -> Value | None:
    if not row.total:
        return None
    interval = clopper_pearson(row.inside, row.total)
    note = f"Clopper–Pearson, {row.inside} of {row.total}, settings taken as independent"
    return word(f"{percent(100 * interval.low, 0)} to {percent(100 * interval.high, 0)}", note, SOURCES_PAGE)


COVERAGE = (
    _Published("original inside", lambda row: f"{row.inside} of {row.total}", note="settings"),
    _Published("95 % interval of the share", _share),
    _Published("median width (points)", "width", 2, "of the prediction intervals"),
    _Published("median SD (points)", "sd", 2, "of the attempts of a setting"),
    _Published("largest range (points)", "range", 2, "{widest}"),
)


def _coverage(group: pd.DataFrame) -> SimpleNamespace:
    known, first = group.dropna(subset=["inside"]), group.iloc[0]
    ranges = known["high"] - known["low"]
    widest = known.loc[ranges.idxmax()] if len(known) else None
    return SimpleNamespace(
        **{key: first[key] for key in GROUP},
        inside=int(known["inside"].astype(bool).sum()),
        total=len(known),
        width=(known["predicted_high"] - known["predicted_low"]).median(),
        sd=known["sd"].median(),
        range=ranges.max(),
        widest=f"{widest['label']} {NORM_LABELS[widest['norm']]}: {widest['values']}" if len(known) else "",
    )


@unless_missing
def coverage_table(frame: pd.DataFrame) -> Html:
    """How often the original's value lies where one more run is expected, per data set, epochs and split.

    Args:
        frame: from `deviations`, `logged_deviations` or both.
    """
    caption = (
        "How often the original's value lies in the 95 % prediction interval for one more run of the same setting, and "
        "how far the attempts of a setting lie apart."
    )
    rows = [_coverage(group) for _, group in frame.groupby(GROUP, sort=False)]
    return table(view(rows, COVERAGE, group_name), caption, "coverage", "Settings")
