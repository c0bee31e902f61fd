"""Tables of the page on deviations: settings, the study's ranges, prediction intervals, repeats and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, sqrt

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NETWORKS, NORM_LABELS
from ndreport.evidence.concordance import GROUP
from ndreport.evidence.deviations import PRINTED_RANGE, TEST
from ndreport.evidence.proportions import clopper_pearson
from ndreport.evidence.same_seed import Repeated
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, SOURCES_PAGE, link
from ndreport.rendering.prose import count, percent
from ndreport.rendering.values import NOT_RUN, Value, decimal, judgement, missing, word

LOGS = "../runs/published/README.html#recovered-csv"
MISSING = missing("missing", "the file of published values is damaged or lacks this value", SOURCES_PAGE)
DATA_SET, EPOCHS, SPLIT = ("setting", "data set"), ("setting", "epochs"), ("setting", "measured on")
SQUARED = "averaged squared deviation"


def group_name(row) -> str:
    """ "CIFAR-10, 20 epochs, test"."""
    return f"{DATASETS[row.dataset]}, {count(row.epochs, 'epoch')}, {row.split}"


def setting_name(row) -> str:
    """ "PNASNet-18 BN 20 on CIFAR-10"."""
    return f"{row.label} {NORM_LABELS[row.norm]} {row.epochs} on {DATASETS[row.dataset]}"


def number(value: float | None, note: str, address: str = SOURCES_PAGE, digits: int = 2) -> Value:
    """A number, or "missing"."""
    return MISSING if value is None or isnan(value) else decimal(value, note, address, digits)


def deviations_view(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per setting: the original, the attempts, and every measure of how far they lie apart.

    Args:
        frame: from `ndreport.evidence.deviations.deviations` or `logged_deviations`.
    """
    names = [f"{row.label}, {NORM_LABELS[row.norm]}" for row in frame.itertuples()]
    view = pd.DataFrame([_row(row) for row in frame.itertuples()], index=pd.Index(names, dtype="object"))
    if len(view):
        view.columns = pd.MultiIndex.from_tuples(view.columns)
    return view


def _row(row) -> dict[tuple[str, str], Value]:
    address = LOGS if row.split == TEST else SOURCES_PAGE
    source = f"attempts as published: {row.values}"
    used = f"of {row.values}" + (f"; corrected: {row.corrected}" if row.corrected else "")
    mark = " ≠" if row.corrected else ""
    mean = number(row.mean, used, address)
    interval = MISSING
    if not isnan(row.predicted_low):
        text = f"{row.predicted_low:.2f} to {row.predicted_high:.2f}"
        interval = Value(text, f"95 % for one more run, from {row.runs}: {used}", address)
    return {
        DATA_SET: word(DATASETS[row.dataset]),
        EPOCHS: word(row.epochs),
        SPLIT: word(row.split, f"proven for {row.proven} of {len(ATTEMPTS)} attempts", address),
        ("accuracy (%)", "original"): number(row.original, "as the second study reprints it", SOURCES_PAGE),
        ("accuracy (%)", "mean"): Value(mean.text + mark, mean.note, address, mean.number, mean.present),
        ("accuracy (%)", "SD"): number(row.sd, f"standard deviation (n − 1) {used}", address),
        ("accuracy (%)", "range"): number(row.high - row.low, f"highest minus lowest {used}", address),
        (SQUARED, "÷ (n − 1)"): number(row.squared, f"as the study computes it; {source}", address, 4),
        (SQUARED, "÷ n"): number(row.squared_mean, f"as a mean; {source}", address, 4),
        (SQUARED, "root of ÷ n, points"): number(100 * sqrt(row.squared_mean), source, address),
        ("one more run", "expected (%)"): interval,
        ("one more run", "original"): _inside(row),
    }


def _inside(row) -> Value:
    if row.inside is None:
        return missing("not known", "fewer than two attempts, or no original value", SOURCES_PAGE)
    where = "inside" if row.inside else "above" if row.original > row.predicted_high else "below"
    return judgement("good" if row.inside else "bad", where, f"original {row.original:.2f}", SOURCES_PAGE)


def deviations_table(frame: pd.DataFrame, ident: str, what: str) -> Html:
    """Every setting, as HTML.

    Args:
        ident: HTML id.
        what: which accuracies these are, for the caption.
    """
    caption = (
        f"{what}: original, mean, standard deviation and range in percent and percentage points; the averaged squared "
        "deviation from the original, accuracies as fractions; and where one more run is expected, if runs are "
        "normally distributed. ≠: an attempt was corrected or left out; the source says which."
    )
    view = deviations_view(frame)
    return table(view, caption, ident, "Network", searchable=True, filters=[DATA_SET, EPOCHS, SPLIT], sortable=True)


def ranges_view(frame: pd.DataFrame) -> pd.DataFrame:
    """The averaged squared deviation per data set: printed range, recomputed range, and what a mean gives."""
    rows = {}
    for dataset, (low, high) in PRINTED_RANGE.items():
        here = frame[frame["dataset"] == dataset].dropna(subset=["squared"])
        cells = {"printed": word(f"{low:.2f} to {high:.2f}", "Obadage et al. 2024, §5.1", SOURCES_PAGE)}
        names = ("÷ (n − 1)", "same to two decimals", "largest", "÷ n", "largest, root of ÷ n (points)")
        cells |= dict.fromkeys(names, MISSING)
        if len(here):
            worst = here.loc[here["squared"].idxmax()]
            span = f"{here['squared'].min():.2f} to {worst['squared']:.2f}"
            same = span == f"{low:.2f} to {high:.2f}"
            found = [
                word(span, f"recomputed over {count(len(here), 'setting')}", SOURCES_PAGE),
                judgement("good" if same else "bad", "yes" if same else "no", "printed against recomputed"),
                word(f"{worst['label']} {NORM_LABELS[worst['norm']]} {worst['epochs']}", worst["values"], SOURCES_PAGE),
                word(f"{here['squared_mean'].min():.2f} to {here['squared_mean'].max():.2f}", "a mean", SOURCES_PAGE),
                number(100 * sqrt(here["squared_mean"].max()), "root mean square of that setting"),
            ]
            cells |= dict(zip(names, found, strict=True))
        rows[DATASETS[dataset]] = cells
    return pd.DataFrame(rows.values(), index=pd.Index(rows))


def ranges_table(frame: pd.DataFrame) -> Html:
    """The study's ranges against the recomputed ones, as HTML."""
    caption = "Lowest to highest averaged squared deviation over the settings of a data set, accuracies as fractions."
    return table(ranges_view(frame), caption, "squared-ranges", "Data set")


def coverage_view(frame: pd.DataFrame) -> pd.DataFrame:
    """How often the original's value lies where one more run is expected, per data set, epochs and split.

    Args:
        frame: from `deviations`, `logged_deviations` or both.
    """
    rows, names = [], []
    for name, group in frame.groupby(GROUP, sort=False):
        known = group.dropna(subset=["inside"])
        names.append(group_name(pd.Series(dict(zip(GROUP, name, strict=True)))))
        inside, total = int(known["inside"].astype(bool).sum()), len(known)
        width = (known["predicted_high"] - known["predicted_low"]).median()
        rows.append(
            {
                "original inside": word(f"{inside} of {total}", "settings", SOURCES_PAGE),
                "95 % interval of the share": _share(inside, total),
                "median width (points)": number(width, "of the prediction intervals"),
                "median SD (points)": number(known["sd"].median(), "of the attempts of a setting"),
                "largest range (points)": number((known["high"] - known["low"]).max(), _widest(known)),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, dtype="object"))


def _share(inside: int, total: int) -> Value:
    if not total:
        return MISSING
    interval = clopper_pearson(inside, total)
    note = f"Clopper–Pearson, {inside} of {total}, settings taken as independent"
    return word(f"{percent(100 * interval.low, 0)} to {percent(100 * interval.high, 0)}", note, SOURCES_PAGE)


def _widest(known: pd.DataFrame) -> str:
    if known.empty:
        return ""
    row = known.loc[(known["high"] - known["low"]).idxmax()]
    return f"{row['label']} {NORM_LABELS[row['norm']]}: {row['values']}"


def coverage_table(frame: pd.DataFrame) -> Html:
    """How often the original lies inside, as HTML."""
    caption = (
        "How often the original's value lies in the 95 % prediction interval for one more run of the same setting, and "
        "how far the attempts of a setting lie apart."
    )
    return table(coverage_view(frame), caption, "coverage", "Settings")


def repeats_view(groups: Sequence[Repeated], frame: pd.DataFrame) -> pd.DataFrame:
    """Our own settings with more than one run: the same seed again, other seeds, and the study's attempts beside them.

    Args:
        groups: from `ndreport.evidence.same_seed.repeated_settings`.
        frame: from `ndreport.evidence.deviations.deviations`.
    """
    names = [
        f"{g.setting.arch}, {NORM_LABELS[g.setting.norm]}, {DATASETS.get(g.setting.dataset, g.setting.dataset)}, "
        f"{count(g.setting.epochs, 'epoch')}"
        for g in groups
    ]
    return pd.DataFrame([_repeats(g, frame) for g in groups], index=pd.Index(names, dtype="object"))


def _repeats(group: Repeated, frame: pd.DataFrame) -> dict[str, Value]:
    ids, address = ", ".join(r.run_id for r in group.runs), link(group.runs[0])
    again, equal = len(group.repeated), group.equal_weights()
    no_repeat = missing(NOT_RUN, "no seed of this setting ran twice", RUNS_PAGE)
    one_seed = missing(NOT_RUN, "only one seed of this setting ran", RUNS_PAGE)
    repeated, seeds, sd = group.repeat_range(), group.seed_range(), group.seed_sd()
    return {
        "runs": word(len(group.runs), ids, address),
        "seeds": word(len(group.by_seed), ids, address),
        "seeds run again": word(again, ids, address),
        "same weights, bit by bit": no_repeat if not again else _equal(equal, again, ids, address),
        "range, same seed": no_repeat if repeated is None else decimal(repeated, f"test top-1, points: {ids}", address),
        "range, seeds": one_seed if seeds is None else decimal(seeds, f"test top-1, points: {ids}", address),
        "SD, seeds": one_seed if sd is None else decimal(sd, f"test top-1, points: {ids}", address),
        "the study's range, same seed": _study(group, frame),
    }


def _equal(equal: int, again: int, ids: str, address: str) -> Value:
    return judgement(
        "good" if equal == again else "bad", f"{equal} of {again}", f"SHA-256 of the weights: {ids}", address
    )


def _study(group: Repeated, frame: pd.DataFrame) -> Value:
    s = group.setting
    archs = [n.arch for n in NETWORKS if s.arch in n.ours]
    found = frame[frame["arch"].isin(archs) & (frame["dataset"] == s.dataset) & (frame["norm"] == s.norm)]
    found = found[found["epochs"] == s.epochs]
    if found.empty:
        return missing("none", "the study has no such setting", SOURCES_PAGE)
    row = found.iloc[0]
    return decimal(row["high"] - row["low"], f"{row['split']}, {row['label']}: {row['values']}", SOURCES_PAGE)


def repeats_table(groups: Sequence[Repeated], frame: pd.DataFrame) -> Html:
    """Our own settings with more than one run, as HTML."""
    caption = (
        "Our own settings with more than one run: highest minus lowest test top-1 of the last epoch, in percentage "
        "points, over runs of one seed and over seeds; beside them the range of the study's three attempts."
    )
    return table(repeats_view(groups, frame), caption, "repeats", "Setting")
