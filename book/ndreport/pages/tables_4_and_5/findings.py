"""Sentences about what the published values and our own runs say; every number in them is computed here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.study import ATTEMPTS, DATASETS, NORM_LABELS
from ndreport.evidence.runs import Difference, coverage
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.tables import NUMBERS, disagreeing_averages, split_counts
from ndreport.rendering.prose import Prose, count, listing, percent, points, prose, span

NO_PUBLISHED = prose("The file of published values could not be read, so nothing can be said about the study here.")


def about_coverage(material: Material) -> Prose:
    """How many settings and single runs of the study have a record of our own."""
    covered, complete, failed = coverage(material.records), len(material.complete), len(material.failed)
    return prose(
        f"The CIFAR tables of the study have **{covered.settings}** settings of network, normalisation, number of "
        f"epochs and data set, each run three times: **{covered.cells}** accuracies. Our own records cover "
        f"**{covered.settings_run}** of these settings and **{covered.cells_run}** of the single runs; wherever nobody "
        f'ran anything the tables say "not run". In all, `runs/` holds {count(complete, "complete record")} and '
        f"{count(failed, 'record')} of failed runs."
    )


def about_records(material: Material) -> Prose:
    """How many records there are, of what, and how many failed."""
    if not material.records:
        return prose("There is no record in `runs/` yet. `ndcore run` makes one.")
    configs = [r.config for r in material.records]
    names = listing(sorted({DATASETS.get(c.dataset, c.dataset) for c in configs}))
    networks = count(len({c.arch for c in configs}), "network")
    complete, failed = len(material.complete), count(len(material.failed), "failed run")
    records = count(len(material.records), "record").capitalize()
    return prose(f"{records}: {networks} on {names}; {complete} complete, {failed}.")


def about_differences(pairs: Sequence[Difference]) -> Prose:
    """What our own pairs of BN and ND say."""
    if not pairs:
        return prose("There is no pair of our own runs yet that differs in its normalisation only.")
    seeds = len({pair.nd.config.seed for pair in pairs})
    limits = "one seed, which says nothing about the spread between seeds" if seeds == 1 else f"{seeds} seeds"
    lines = [
        f"{count(len(pairs), 'pair').capitalize()} of our own runs, equal in everything but the normalisation, come "
        f"from {limits}. ND − BN in percentage points of top-1 accuracy:",
        "",
    ]
    for dataset in sorted({pair.nd.config.dataset for pair in pairs}):
        here = [pair for pair in pairs if pair.nd.config.dataset == dataset]
        ahead = sum(pair.test > 0 for pair in here)
        lines.append(
            f"- {DATASETS.get(dataset, dataset)}: ND has the higher test accuracy in **{ahead}** of "
            f"{count(len(here), 'pair')}; {span(pair.test for pair in here)} on the test set, "
            f"{span(pair.running_train for pair in here)} on the running training accuracy"
        )
    return prose("\n".join(lines))


def about_split(accuracies: pd.DataFrame, dataset: str) -> Prose:
    """What the accuracies of one table were measured on, as far as the public files prove it."""
    counts = split_counts(accuracies, dataset)
    if not counts.to_numpy().sum():
        return NO_PUBLISHED
    lines = [f"Table {NUMBERS[dataset]}, {DATASETS[dataset]}, single attempts:", ""]
    for epochs, row in counts.iterrows():
        known = [f"**{row[split]}** of {row.sum()} {words}" for split, words in _SPLITS.items() if row[split]]
        lines.append(f"- {count(epochs, 'epoch')}: {listing(known)}")
    return prose("\n".join(lines))


_SPLITS = {
    "test": "proven test accuracies",
    "train": "proven running training accuracies",
    "not proven": "not proven either way",
}


def about_published(rows: pd.DataFrame, dataset: str) -> Prose:
    """How often ND is ahead of BN in the printed averages and in the original's values."""
    first = rows[rows["first_of_label"]]
    wide = first.pivot(index=["arch", "epochs"], columns="norm", values=["original", "reproduced"]).dropna()
    if wide.empty:
        return NO_PUBLISHED
    ahead = {study: int((wide[study, "nd"] > wide[study, "bn"]).sum()) for study in ("original", "reproduced")}
    proven = set(first[[f"attempt_{k}_split" for k in ATTEMPTS]].to_numpy().ravel()) - {""}
    measured = {
        frozenset({"test", "train"}): "The averages mix test and running training accuracies.",
        frozenset({"train"}): "Every attempt whose split is known is a running training accuracy.",
        frozenset({"test"}): "Every attempt whose split is known is a test accuracy.",
    }
    return prose(
        f"As printed for {DATASETS[dataset]}, ND is ahead of BN in {ahead['original']} of {len(wide)} settings in the "
        f"original study and in {ahead['reproduced']} of {len(wide)} averages of the second one. "
        f"{measured.get(frozenset(proven), 'No split is known.')}"
    )


def about_resemblance(rows: pd.DataFrame, dataset: str) -> Prose:
    """Which of our two accuracies the printed averages are nearer to, where we have a run of the same network."""
    setting = ["arch", "norm", "epochs"]
    printed = rows.loc[rows["first_of_label"], [*setting, "reproduced"]].rename(columns={"reproduced": "printed"})
    ours = rows[rows["runs"] > 0].merge(printed, on=setting).dropna(subset=["printed"])
    if ours.empty:
        return prose(f"There is no run of our own yet to lay beside the printed averages of {DATASETS[dataset]}.")
    lines = [f"Beside the printed averages of {DATASETS[dataset]}, our own two accuracies of the same setting:", ""]
    for row in ours.itertuples():
        to_train, to_test = row.running_train_top1 - row.printed, row.test_top1 - row.printed
        nearer = "running training" if abs(to_train) < abs(to_test) else "test"
        lines.append(
            f"- {row.label} ({row.ours}) {NORM_LABELS[row.norm]}, {count(row.epochs, 'epoch')}: printed "
            f"{percent(row.printed)}; our test accuracy is {points(to_test)} points from it, our "
            f"running training accuracy {points(to_train)} points: nearer is **{nearer}**"
        )
    return prose("\n".join(lines))


def about_averages(rows: pd.DataFrame) -> Prose:
    """Which printed averages are not the mean of the three attempts."""
    if rows["reproduced"].isna().all():
        return NO_PUBLISHED
    wrong = disagreeing_averages(rows)
    if wrong.empty:
        return prose("Every printed average is the mean of its three attempts to the printed decimals.")
    items = [
        f"{row.label} {NORM_LABELS[row.norm]}, {count(row.epochs, 'epoch')}: printed {percent(row.reproduced)}, "
        f"mean {percent(row.mean_of_attempts)} ({points(row.reproduced - row.mean_of_attempts)} points)"
        for row in wrong.itertuples()
    ]
    return prose(
        f"{count(len(wrong), 'printed average').capitalize()} {'is' if len(wrong) == 1 else 'are'} not the mean of the "
        "three attempts to the printed decimals (marked ≠ in the table):\n\n" + "\n".join(f"- {item}" for item in items)
    )
