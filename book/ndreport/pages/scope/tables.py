"""What was run, on what and with what: original, reproduction and this report side by side (Tables 2 and 3)."""

from __future__ import annotations

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.published import IMAGENET_NETWORKS
from ndreport.evidence.runs import STUDY_DATASETS
from ndreport.material import Material
from ndreport.pages.scope.own import COUNTED, REASONS, own_entry
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, SOURCES_PAGE
from ndreport.rendering.prose import Prose, count, prose
from ndreport.rendering.values import Value, missing, word

STUDIES = {"original": "Ye et al. 2020", "re": "Obadage et al. 2024"}
OWN = "This report"
THEIR_REASONS = {
    ("Hyper-parameters, CIFAR", "seeds"): "named for each attempt",
    ("Hyper-parameters, ImageNet", "learning rate"): "its table and its scripts disagree; the text does not say why",
    ("Scope", "what the accuracy was measured on"): "the captions name no split",
    ("Data", None): "sizes stated",
    ("Data", "ImageNet"): "the address of the original had moved",
    ("Hardware", None): "what its cluster had",
    ("Software", None): "newer versions: it calls itself a soft reproduction",
}
"""Why the reproduction differs from the original, by topic and item; `None` stands for every other item of a topic."""


def design_view(material: Material) -> pd.DataFrame:
    """Table 2: the plan as printed, the attempts that the spreadsheet holds, and the runs of our own."""
    design = material.published.design
    printed = design.set_index(["dataset", "norm", "metric"]) if len(design) else None
    attempts = material.accuracies[material.accuracies["attempt"].notna()]
    rows, names = [], []
    for dataset in STUDY_DATASETS:
        for norm in NORMS:
            held = attempts[(attempts["dataset"] == dataset) & (attempts["norm"] == norm)]
            own = [r for r in material.complete if (r.config.dataset, r.config.norm) == (dataset, norm)]
            rows.append(
                {
                    **{f"{name}, printed": _printed(printed, (dataset, norm, name)) for name in DESIGN_COLUMNS},
                    "runs, in the spreadsheet": _counted(len(held), "attempts in accuracies.csv", SOURCES_PAGE),
                    "runs, this report": _counted(len(own), COUNTED, RUNS_PAGE),
                }
            )
            names.append(f"{DATASETS[dataset]}, {NORM_LABELS[norm]}")
    view = pd.DataFrame(rows, index=pd.Index(names))
    return view.rename(columns={f"{k}, printed": f"{v}, printed" for k, v in DESIGN_COLUMNS.items()})


DESIGN_COLUMNS = {
    "networks": "networks", "epoch_settings": "lengths of training", "attempts": "attempts", "runs": "runs",
}  # fmt: skip


def _printed(design: pd.DataFrame | None, key: tuple[str, str, str]) -> Value:
    if design is None or key not in design.index:
        return missing("missing", "design.csv is damaged or lacks this value", SOURCES_PAGE)
    row = design.loc[key]
    return _counted(int(row["value"]), row["source"], SOURCES_PAGE)


def _counted(number: int, note: str, link: str) -> Value:
    return Value(str(number), note, link, number) if number else missing("none", note, link)


def setup_view(material: Material, topic: str) -> pd.DataFrame:
    """One topic: what original, reproduction and this report used, whether they differ, and why we do."""
    entries = material.published.setup
    rows, names = [], []
    for item, pair in entries[entries["topic"] == topic].groupby("item", sort=False):
        stated = dict.fromkeys(STUDIES, missing("missing", "setup.csv lacks this entry", SOURCES_PAGE))
        stated |= {row.study: _stated(row) for row in pair.itertuples()}
        own = own_entry(material, topic, item)
        theirs = _difference(stated["original"], stated["re"], _reason(THEIR_REASONS, topic, item))
        ours = _difference(stated["re"], own, _reason(REASONS, topic, item))
        rows.append(
            {STUDIES[study]: stated[study] for study in STUDIES}
            | {"differs from Ye et al.?": theirs, OWN: own, "differs from Obadage et al.?": ours}
        )
        names.append(item)
    return pd.DataFrame(rows, index=pd.Index(names, dtype="object"))


def topics(material: Material) -> list[str]:
    """The topics of setup.csv, in its order."""
    return list(dict.fromkeys(material.published.setup["topic"]))


def _stated(row) -> Value:
    if row.source:
        return word(row.entry, row.source, SOURCES_PAGE)
    return missing(row.entry, "the paper, the README and the code that are public say nothing about it")


def _reason(reasons: dict[tuple[str, str | None], str], topic: str, item: str) -> str:
    return reasons.get((topic, item)) or reasons.get((topic, None), "")


def _difference(earlier: Value, later: Value, reason: str) -> Value:
    """Whether two entries differ, and why the later one does."""
    if not (earlier.present and later.present):
        return missing("–", "one of the two states nothing")
    if earlier.text == later.text:
        return word("= same")
    return word(f"≠ {reason}")


def setup_table(material: Material, topic: str) -> Html:
    """One topic as HTML."""
    ident = "setup-" + topic.lower().replace(",", "").replace(" ", "-")
    return table(setup_view(material, topic), f"{topic}: as stated, and as used here.", ident, "Item", words=True)


def design_table(material: Material) -> Html:
    """Table 2 as HTML."""
    caption = "Table 2: the plan of the reproduction on CIFAR as printed, and the runs that there are."
    return table(design_view(material), caption, "table-2", "Data, normalisation", words=True)


def about_design(material: Material) -> Prose:
    """Whether the plan adds up to the numbers that the study speaks of."""
    design = material.published.design
    if design.empty:
        return prose("The file of Table 2 could not be read.")
    value = design.pivot(index=["dataset", "norm"], columns="metric", values="value").astype(int)
    product = value["networks"] * value["epoch_settings"] * value["attempts"]
    total, imagenet = int(value["runs"].sum()), len(_imagenet_runs(material))
    wrong = int((product != value["runs"]).sum())
    where = f"not in {count(wrong, 'row')}" if wrong else "in every row"
    return prose(
        f"Table 2 plans {total} runs on CIFAR, {where} the product of its other columns; with the "
        f"{count(imagenet, 'run')} on ImageNet of Tables 6 and 7 that makes **{total + imagenet}**. The grid has "
        f"{len(NETWORKS)} networks, {len(NORMS)} normalisations, {len(EPOCHS)} lengths of training, "
        f"{len(STUDY_DATASETS)} data sets and {len(ATTEMPTS)} attempts; ImageNet has {len(IMAGENET_NETWORKS)} "
        "networks with one run for each normalisation, and one more without any."
    )


def _imagenet_runs(material: Material) -> pd.DataFrame:
    frame = material.published.imagenet
    return frame[(frame["metric"] == "top1") & frame["attempt"].notna()]
