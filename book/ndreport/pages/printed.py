"""Tables 4 to 10 in the layout of the paper, every value as printed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from ndcore.study import DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.imagenet_times import NORMS as IMAGENET_NORMS
from ndreport.evidence.imagenet_times import total_times
from ndreport.evidence.published import IMAGENET_NETWORKS, METRICS, Published
from ndreport.evidence.rules import comparisons
from ndreport.evidence.times import NUMBERS
from ndreport.material import Material
from ndreport.pages.imagenet.tables_6_and_7 import NETWORKS_OF_TABLE
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import IMAGENET_PAGE, SOURCES_PAGE, TIMES_PAGE
from ndreport.rendering.names import TABLE_NUMBERS
from ndreport.rendering.values import Value

COLOURED = {"higher": ("▲", "green"), "within": ("•", "black"), "lower": ("▼", "red")}
"""The printed colours as signs, by what the captions say they mean."""
IMAGENET_HEADINGS = {"none": "Original", "bn": "BN", "nd": "Deconv"}
TIME_HEADINGS = {"none": "Original Rep.", "bn": "BN Rep.", "nd": "ND Rep."}


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    printed = comparisons(material.published)["printed"]
    return {"coloured": int((printed != "").sum())}


def _with_colour(row: Any, link: str) -> Value:
    sign, colour = COLOURED.get(row.printed, ("", "no known colour"))
    text = f"{sign} {row.reproduced:.2f}".strip()
    return Value(text, f"{row.reproduced_source}, printed in {colour}", link, row.reproduced)


def _pair(row: Any, link: str) -> Iterator[Value]:
    """The original's and the reproduced value of one cell."""
    yield Value(f"{row.original:.2f}", row.original_source, link, row.original)
    yield _with_colour(row, link)


def _cell(cells: Mapping[tuple, list[Value]], key: Callable[[Any], tuple], which: int, row: Any) -> Value | None:
    return cells[key(row)][which] if key(row) in cells else None


def accuracies(published: Published, dataset: str) -> Html:
    """Table 4 (cifar10) or 5 (cifar100): a pair of columns per norm and number of epochs, a row per network."""
    here = comparisons(published).query("dataset == @dataset")
    cells = {(row.arch, row.norm, row.epochs): list(_pair(row, SOURCES_PAGE)) for row in here.itertuples()}
    columns = [
        Column(
            (f"{NORM_LABELS[norm]} {epochs}", heading),
            partial(_cell, cells, lambda row, norm=norm, epochs=epochs: (row.arch, norm, epochs), which),
        )
        for epochs, norm in itertools.product(EPOCHS, NORMS)
        for which, heading in enumerate(("Org. Value", "Rep. Avg"))
    ]
    rows = [SimpleNamespace(arch=n.arch, name=f"({k}) {n.label}") for k, n in enumerate(NETWORKS, start=1)]
    number = TABLE_NUMBERS[dataset]
    caption = (
        f"Table {number} as printed, {DATASETS[dataset]}: accuracy in percent. Printed in green ▲, black •, red ▼."
    )
    return table(view(rows, columns, "{name}"), caption, f"printed-table-{number}", "Arch.")


def imagenet(published: Published, number: int) -> Html:
    """Table 6 or 7: a pair of columns per network and norm, a row per metric."""
    here = comparisons(published).query("dataset == 'imagenet'")
    cells = {(row.arch, row.norm, row.metric): list(_pair(row, IMAGENET_PAGE)) for row in here.itertuples()}
    columns = [
        Column(
            (IMAGENET_NETWORKS[arch], f"{IMAGENET_HEADINGS[norm]}{' Rep.' * which}"),
            partial(_cell, cells, lambda row, arch=arch, norm=norm: (arch, norm, row.metric), which),
        )
        for arch in NETWORKS_OF_TABLE[number]
        for norm in IMAGENET_NORMS[arch]
        for which in (0, 1)
    ]
    rows = [SimpleNamespace(metric=metric, name=f"ImageNet {METRICS[metric]}") for metric in ("top1", "top5")]
    caption = f"Table {number} as printed: accuracy in percent. Printed in green ▲, black •, red ▼."
    return table(view(rows, columns, "{name}"), caption, f"printed-table-{number}", "")


def _as_printed(seconds: float) -> str:
    """With the decimals that it has: two, but three where the table prints three."""
    return max(f"{seconds:.2f}", f"{seconds:.3f}".rstrip("0"), key=len)


def times(published: Published, dataset: str) -> Html:
    """Table 8 (cifar10) or 9 (cifar100): a column per norm and number of epochs, a row per network."""
    printed = published.times[published.times["attempt"].isna() & (published.times["dataset"] == dataset)]
    cells = {
        (row.arch, row.norm, row.epochs): [Value(_as_printed(row.value), row.source, TIMES_PAGE, row.value)]
        for row in printed.itertuples()
    }
    columns = [
        Column(
            f"{NORM_LABELS[norm]} {epochs}",
            partial(_cell, cells, lambda row, norm=norm, epochs=epochs: (row.arch, norm, epochs), 0),
        )
        for epochs, norm in itertools.product(EPOCHS, NORMS)
    ]
    number = NUMBERS[dataset]
    caption = f"Table {number} as printed, {DATASETS[dataset]}: training time in seconds."
    return table(view(list(NETWORKS), columns, "{label}"), caption, f"printed-table-{number}", "Architecture")


def table_10(published: Published) -> Html:
    """Table 10: one row, a column per network and norm, the time of a whole run as a string."""
    found = total_times(published.imagenet)
    columns = [
        Column(
            (row.label, TIME_HEADINGS[row.norm]),
            lambda _, row=row: Value(row.text, row.printed_source, IMAGENET_PAGE) if row.text else None,
        )
        for row in found.itertuples()
    ]
    caption = "Table 10 as printed in the version on arXiv: days, hours and minutes of a run on ImageNet."
    return table(view([None], columns, "time"), caption, "printed-table-10", "")
