"""Tables 6 and 7 of the study (ImageNet), the origin of their baselines, and what ND gains over them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ndcore.experiment.records import RunRecord
from ndcore.study import NORM_LABELS
from ndreport.evidence.imagenet import VALIDATION_IMAGES, binomial_error, imagenet_gains, imagenet_values
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS
from ndreport.evidence.rules import RULES, THRESHOLD, comparisons, rule_counts
from ndreport.evidence.runs import Setting, complete_runs, count_seeds
from ndreport.evidence.splits import is_share_of
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.comparison import compared_columns
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import IMAGENET_PAGE, RUNS_PAGE, ZOO_PAGE, link
from ndreport.rendering.prose import of_our_runs, percent, points, span
from ndreport.rendering.svg import INK, SOURCE_COLOURS, SOURCE_MARKERS, WIDTH, render, style
from ndreport.rendering.values import NOT_RUN, Value, decimal, judgement, missing

NETWORKS_OF_TABLE = {6: ("vgg11",), 7: ("resnet18", "densenet121")}
NORM_NAMES = NORM_LABELS | {"none": "no normalisation"}
SIZE = (WIDTH, 3.6)


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    values = imagenet_values(material.published)
    over_bn = imagenet_gains(values).query("baseline == 'bn'")
    compared = comparisons(material.published)
    here, single = compared[compared["dataset"] == "imagenet"], values["single"]
    zoo = values.dropna(subset=["zoo_error"])
    return {
        "own_runs": of_our_runs(sum(r.config.dataset == "imagenet" for r in material.records)),
        "values": len(values),
        "images": f"{VALIDATION_IMAGES:,}",
        "step": f"{100 / VALIDATION_IMAGES:g}",
        "shares": sum(is_share_of(value, VALIDATION_IMAGES) for value in single),
        "odds": f"{2 ** len(single):,}",
        "baselines": len(zoo),
        "from_zoo": int(zoo["from_zoo"].sum()),
        "retrained": span(zoo["single"] - zoo["original"]),
        "comparisons": len(over_bn),
        **{f"{g.arch}_{g.metric}_{of}": points(getattr(g, of)) for g in over_bn.itertuples() for of in STUDIES},
        "error": span(single.map(binomial_error), _error),
        "least": span(over_bn["least_error"], _error),
        "independent": span(over_bn["independent_error"], _error),
        "threshold": percent(THRESHOLD, 0),
        "threshold_points": f"{THRESHOLD:g}",
        **{f"{rule}_{verdict}": n for rule in (*RULES, "printed") for verdict, n in rule_counts(here, rule).items()},
        **_colours(compared),
    }


STUDIES = ("original", "reproduced")


def _error(error: float) -> str:
    return f"{error:.3f}"


def _colours(compared: pd.DataFrame) -> dict[str, object]:
    """How many printed colours follow which reading, and the values whose colour is not that of the absolute one."""
    agree = {rule: compared["printed"] == compared[rule] for rule in RULES}
    found = {
        "colours": len(compared),
        "all_relative": int(agree["relative"].sum()),
        "all_absolute": int(agree["absolute"].sum()),
    }
    for row in compared[~agree["absolute"]].itertuples():
        values = f"{percent(row.reproduced)} for {percent(row.original)} ({points(row.difference)} points)"
        found[f"{row.arch}_{row.norm}_colour"] = values
    return found


def row_name(row: Any) -> str:
    """ "VGG-11, BN, top-1"."""
    return f"{IMAGENET_NETWORKS[row.arch]}, {NORM_NAMES[row.norm]}, {METRICS[row.metric]}"


def _own(row: Any, records: Sequence[RunRecord]) -> Value:
    runs = complete_runs(records, Setting("imagenet", f"{row.arch}_imagenet", row.norm, row.epochs))
    if not runs:
        return missing(NOT_RUN, "no record of a training on ImageNet", RUNS_PAGE)
    mean = fmean(getattr(run.final_epoch, f"test_{row.metric}") for run in runs)
    return decimal(mean, f"final epoch, {count_seeds(runs)}: {', '.join(r.run_id for r in runs)}", link(runs[0]))


STUDY, LACKS = "Obadage et al. 2024", "the file of this value is damaged or lacks it"
ERROR = (
    f"lower bound: binomial standard error of a share of {VALIDATION_IMAGES:,} validation images; what differs between "
    "trainings comes on top"
)
VALUES = (
    Column(("Ye et al. 2020", "original"), "original", 2, "{original_source}", IMAGENET_PAGE),
    Column((STUDY, "printed"), "reproduced", 2, "{reproduced_source}", IMAGENET_PAGE),
    Column((STUDY, "spreadsheet"), "single", 3, "{single_source}", IMAGENET_PAGE, why=LACKS),
    Column((STUDY, "± drawing images"), lambda row: binomial_error(row.single), 3, ERROR, IMAGENET_PAGE, why=LACKS),
    *compared_columns("Printed against original"),
)


def values_table(values: pd.DataFrame, number: int, records: Sequence[RunRecord]) -> Html:
    """Table 6 or 7: one row per network, norm and metric, accuracies in percent.

    Args:
        values: from `ndreport.evidence.imagenet.imagenet_values`.
        number: 6 or 7.
        records: our own runs.
    """
    archs = NETWORKS_OF_TABLE[number]
    own = Column(("This report", "top-1, top-5"), lambda row: _own(row, records))
    caption = (
        f"Table {number}, ImageNet, {' and '.join(IMAGENET_NETWORKS[arch] for arch in archs)}: accuracy in percent as "
        "printed, and with the third decimal of the study's spreadsheet; one run per value."
    )
    cells = view(values[values["arch"].isin(archs)], [*VALUES, own], row_name)
    return table(cells, caption, f"table-{number}", "Network")


def _same(row: Any) -> Value | None:
    if pd.isna(row.zoo_error):
        return None
    if row.from_zoo:
        return judgement("good", "equal", "to the last printed digit", ZOO_PAGE)
    return judgement("bad", "different", "in the printed digits", ZOO_PAGE)


def _points(number: float) -> str:
    return points(number, 3)


NO_ZOO = "the file of torchvision's values is damaged or lacks it"
LACKS_ONE = "a file of these values is damaged or lacks one"
ORIGIN = (
    Column("torchvision, error", "zoo_error", 2, "{zoo_source}", ZOO_PAGE, why=LACKS),
    Column("100 − error", "zoo_accuracy", 2, "computed", ZOO_PAGE, why=LACKS),
    Column("original, as printed", "original", 2, "{original_source}", IMAGENET_PAGE),
    Column("the two are", _same, link=ZOO_PAGE, why=NO_ZOO),
    Column("retrained", "single", 3, "{single_source}", IMAGENET_PAGE, why=LACKS),
    Column(
        "retrained − original", lambda row: row.single - row.original, note="points", link=IMAGENET_PAGE, show=_points,
        why=LACKS_ONE,
    ),
)  # fmt: skip


def origin_table(values: pd.DataFrame) -> Html:
    """The original's baselines beside the accuracies of torchvision's trained networks."""
    caption = "Baselines of the original on ImageNet, in percent, and what torchvision documents for its own networks."
    return table(view(values[values["norm"] != "nd"], ORIGIN, row_name), caption, "imagenet-baselines", "Baseline")


def gain_name(gain: Any) -> str:
    """ "VGG-11, ND − BN, top-1"."""
    return f"{IMAGENET_NETWORKS[gain.arch]}, ND − {NORM_NAMES[gain.baseline]}, {METRICS[gain.metric]}"


DRAWING = f"drawing of {VALIDATION_IMAGES:,} images alone"
CHANGE = {"note": "reproduced minus original", "link": IMAGENET_PAGE, "show": _points, "why": LACKS_ONE}
GAINS = (
    Column("gain, original", "original", **CHANGE | {"note": "difference of the printed values", "show": points}),
    Column("gain, reproduced", "reproduced", **CHANGE | {"note": "difference of the spreadsheet's values"}),
    Column("change of baseline", "baseline_change", **CHANGE),
    Column("change of ND", "nd_change", **CHANGE),
    Column(
        "± at least", "least_error", 3, f"{DRAWING}: if the networks disagree as seldom as they can", IMAGENET_PAGE,
        why=LACKS,
    ),
    Column(
        "± if independent", "independent_error", 3, f"{DRAWING}: if their errors have nothing in common", IMAGENET_PAGE,
        why=LACKS,
    ),
)  # fmt: skip


def gains_table(gains: pd.DataFrame) -> Html:
    """What ND gains over each baseline, in percentage points, and the bounds of its standard error.

    Args:
        gains: from `ndreport.evidence.imagenet.imagenet_gains`.
    """
    caption = (
        "What ND gains on ImageNet, in percentage points; ±: standard error of the reproduced gain from drawing the "
        "validation images alone, a lower bound of its uncertainty."
    )
    return table(view(gains, GAINS, gain_name), caption, "imagenet-gains", "Difference")


def gains_alt(gains: pd.DataFrame) -> str:
    """What the figure states, in words: every drawn value."""
    parts = (
        f"{gain_name(gain)} {points(gain.original)} in the original, {points(gain.reproduced)} if both retrained"
        for gain in gains.itertuples()
    )
    return f"Gain of ND on ImageNet in percentage points, two points per row. {'; '.join(parts)}."


def gains_figure(gains: pd.DataFrame) -> Html:
    """Two points per difference, joined by an arrow from the original's gain to the reproduced one.

    Args:
        gains: from `ndreport.evidence.imagenet.imagenet_gains`.
    """
    known = gains.dropna(subset=["original", "reproduced"])
    if known.empty:
        return Html('<p id="imagenet-figure" class="nd-empty">There are no gains on ImageNet to show.</p>')
    rows = range(len(known))
    with style():
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for place, gain in zip(rows, known.itertuples(), strict=True):
            axes.annotate(
                "", (gain.reproduced, place), (gain.original, place),
                arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 0.8, "shrinkA": 4, "shrinkB": 4},
            )  # fmt: skip
        for column, source, label in (
            ("original", "original", "original"),
            ("reproduced", "reproduction", "both retrained"),
        ):
            how = {"color": SOURCE_COLOURS[source], "label": label}
            axes.plot(known[column], rows, SOURCE_MARKERS[source], markersize=5, **how)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(rows, [gain_name(gain).replace("no normalisation", "none") for gain in known.itertuples()])
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("gain of ND (percentage points)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.25, 1.0), ncols=2, handletextpad=0.2)
        caption = "What ND gains on ImageNet: in the original, and where baseline and ND were trained alike."
        return render(figure, "imagenet-figure", caption, gains_alt(known))
