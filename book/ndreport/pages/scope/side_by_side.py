"""What was run, on what and with what: original, reproduction and this report side by side (Tables 2 and 3)."""

from __future__ import annotations

from itertools import product

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.published import IMAGENET_NETWORKS
from ndreport.evidence.runs import STUDY_DATASETS, coverage
from ndreport.material import Material
from ndreport.pages.scope.own import own_entry, own_reason
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, SETUP_PAGE, SOURCES_PAGE, public_file
from ndreport.rendering.prose import count
from ndreport.rendering.values import MISSING_FILE, Value, missing, word

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


def numbers(material: Material) -> dict[str, object]:
    """What the sentences about the plan name."""
    value = material.published.design.pivot(index=["dataset", "norm"], columns="metric", values="value").astype(int)
    expected = value["networks"] * value["epoch_settings"] * value["attempts"]
    imagenet = material.published.imagenet
    single = int(((imagenet["metric"] == "top1") & imagenet["attempt"].notna()).sum())
    return {
        "planned": value["runs"].sum(),
        "wrong_rows": int((expected != value["runs"]).sum()),
        "imagenet": single,
        "total": value["runs"].sum() + single,
        "networks": len(NETWORKS),
        "norms": len(NORMS),
        "lengths": len(EPOCHS),
        "datasets": len(STUDY_DATASETS),
        "attempts": len(ATTEMPTS),
        "imagenet_networks": len(IMAGENET_NETWORKS),
    }


AS_ATTEMPTS = f"complete records with the recipe of both papers; a setting counts at most {count(len(ATTEMPTS), 'run')}"
DESIGN_COLUMNS = {
    "networks": "networks", "epoch_settings": "lengths of training", "attempts": "attempts", "runs": "runs",
}  # fmt: skip


def design_view(material: Material) -> pd.DataFrame:
    """Table 2: the plan as printed, the attempts that the spreadsheet holds, and the runs of our own."""
    printed = {(r.dataset, r.norm, r.metric): r for r in material.published.design.itertuples()}
    attempts = material.accuracies[material.accuracies["attempt"].notna()]
    held = attempts.groupby(["dataset", "norm"]).size()
    ran = {
        (dataset, norm): coverage(
            [r for r in material.records if (r.config.dataset, r.config.norm) == (dataset, norm)]
        ).cells_run
        for dataset, norm in product(STUDY_DATASETS, NORMS)
    }
    columns = [
        *(
            Column(f"{label}, printed", lambda row, metric=metric: _printed(printed.get((*row, metric))))
            for metric, label in DESIGN_COLUMNS.items()
        ),
        Column(
            "runs, in the spreadsheet",
            lambda row: _counted(held.get(row, 0), "attempts in accuracies.csv", SOURCES_PAGE),
        ),
        Column("runs, this report", lambda row: _counted(ran[row], AS_ATTEMPTS, RUNS_PAGE)),
    ]
    return view(product(STUDY_DATASETS, NORMS), columns, lambda row: f"{DATASETS[row[0]]}, {NORM_LABELS[row[1]]}")


def _printed(row) -> Value:
    if row is None:
        return missing(MISSING_FILE, "design.csv is damaged or lacks this value", SOURCES_PAGE)
    return _counted(int(row.value), row.source, SOURCES_PAGE)


def _counted(number: int, note: str, link: str) -> Value:
    return Value(str(number), note, link, int(number)) if number else missing("none", note, link)


def setup_view(material: Material, topic: str) -> pd.DataFrame:
    """One topic: what original, reproduction and this report used, whether they differ, and why we do."""
    entries = material.published.setup
    rows, names = [], []
    for item, pair in entries[entries["topic"] == topic].groupby("item", sort=False):
        stated = dict.fromkeys(STUDIES, missing(MISSING_FILE, "setup.csv lacks this entry", SETUP_PAGE))
        stated |= {row.study: _stated(row) for row in pair.itertuples()}
        own = own_entry(material, topic, item)
        reason = THEIR_REASONS.get((topic, item)) or THEIR_REASONS.get((topic, None), "")
        theirs = _difference(stated["original"], stated["re"], reason)
        ours = _difference(stated["re"], own, own_reason(material, topic, item))
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
        return word(row.entry, row.source, public_file(row.source, SETUP_PAGE))
    return missing(row.entry, "the paper, the README and the code that are public say nothing about it")


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
    caption = "Table 2: the plan of the reproduction on CIFAR as printed, and the runs that exist."
    return table(design_view(material), caption, "table-2", "Data, normalisation", words=True)
