"""Seeds, selection and settings: evidence of the findings about training."""

from __future__ import annotations

from ndcore.study import DATASETS, NETWORKS, NORM_LABELS
from ndreport.evidence.corrections import attempts
from ndreport.material import Material
from ndreport.rendering.prose import count, listing, points

LARGEST = 3
"""How many of the largest spreads are named."""


def same_seed(material: Material) -> str:
    frame = attempts(material.published)
    if frame.empty:
        return "The published accuracies could not be read."
    labels = {network.arch: network.label for network in NETWORKS}
    grouped = frame.groupby(["dataset", "arch", "norm", "epochs"])["corrected_top1"]
    spread = (grouped.max() - grouped.min()).sort_values(ascending=False)
    named = [
        f"{value:.1f} points ({labels[arch]} {NORM_LABELS[norm]}, {count(epochs, 'epoch')}, {DATASETS[dataset]})"
        for (dataset, arch, norm, epochs), value in spread.head(LARGEST).items()
    ]
    return (
        f"Between the highest and the lowest of three attempts lie up to {listing(named)}; the median spread of the "
        f"{count(len(spread), 'setting')} is {spread.median():.2f} points. {_our_repeats(material)}"
    )


def _our_repeats(material: Material) -> str:
    """What repeats and seeds do in our own records."""
    groups: dict[str, list] = {}
    for record in material.complete:
        groups.setdefault(record.config.model_copy(update={"repeat": 0}).run_id, []).append(record)
    repeated = [records for records in groups.values() if len(records) > 1]
    if not repeated:
        return "None of our own runs was repeated with its seed yet."
    same = sum(len({r.model.weights_sha256 for r in records}) == 1 for records in repeated)
    return (
        f"We ran {count(len(repeated), 'setting')} again with the same seed on a CPU; in {same} of them the trained "
        "weights are the same to the last bit."
    )


def best_epoch(material: Material) -> str:
    long = [r for r in material.complete if r.config.epochs > 1 and r.config.dataset in DATASETS]
    if not long:
        return "Our own records hold both epochs; none has more than one epoch yet."
    gaps = [r.best_epoch.test_top1 - r.final_epoch.test_top1 for r in long]
    return (
        f"In our {count(len(long), 'record')} of more than one epoch the best epoch is ahead of the last by "
        f"{points(sum(gaps) / len(gaps))} points on average, {points(max(gaps))} at most."
    )


def learning_rate_of_vgg11(material: Material) -> str:
    setup = material.published.setup
    entry = setup[(setup["item"] == "learning rate") & setup["topic"].str.endswith("ImageNet")]
    said = [f"{row.study}: {row.entry} ({row.source})" for row in entry.itertuples()]
    return f"As stated: {'; '.join(said)}." if said else "The file of settings could not be read."


EVIDENCE = {"same-seed": same_seed, "best-epoch": best_epoch, "learning-rate-of-vgg11": learning_rate_of_vgg11}
"""What computes the evidence of a finding, by its id."""
