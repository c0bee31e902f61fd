"""Where values come from: which images an accuracy was measured on, whose baselines, which seed, which options."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.places import cases
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every, parts
from ndreport.evidence.published import IMAGENET_NETWORKS

SAME = 0.005 + 1e-9
"""Percentage points; half of the last printed digit."""
NOT_STATED = ("not stated", "no version named")
"""What `setup.csv` has where a study says nothing."""


@predicate("accuracies.csv", about="printed")
def measured_on(evidence: Evidence, split: str, epochs: list[int]) -> Verdict:
    """The single runs' accuracies are those of one split. A run that is proven to be of the other is a counter-example.

    Runs whose split is not proven leave the statement open, if nothing refutes it.
    """
    runs = evidence.published.attempts
    runs = runs[runs["epochs"].isin(epochs)]
    counts = {name: int((runs["split"] == name).sum()) for name in ("test", "train")}
    not_proven = len(runs) - sum(counts.values())
    numbers = {"single runs": len(runs), "proven test": counts["test"], "proven running training": counts["train"]}
    other = {"test": "train", "train": "test"}[split]
    against = cases(runs[runs["split"] == other], value=f"{other} (%)")
    gap = "the split of every run" if not_proven or runs.empty else ""
    return every(numbers | {"not proven": not_proven}, against, gap)


@predicate("imagenet.csv", "model_zoo.csv", about="printed")
def baselines_are_the_zoo(evidence: Evidence) -> Verdict:
    """Every ImageNet baseline that the original prints is what torchvision's model zoo states for that network."""
    zoo = evidence.published.model_zoo
    zoo = zoo.assign(metric=zoo["metric"].str.removesuffix("_error"), zoo=100 - zoo["value"])
    original = evidence.published.imagenet.query("study == 'original' and norm != 'nd'")
    key = ["dataset", "arch", "norm", "metric"]
    both = original[[*key, "value"]].merge(zoo[[*key, "zoo"]], on=key, how="left")
    other = both[~((both["value"] - both["zoo"]).abs() <= SAME)]
    numbers = {"baselines": len(both), "equal to the model zoo": len(both) - len(other)}
    against = cases(other, value="original (%)", zoo="model zoo (%)")
    return every(numbers, against, "" if len(both) else "the original's baselines")


@predicate("imagenet.csv", about="accuracies")
def gain_survives_retraining(evidence: Evidence, fraction: float) -> Verdict:
    """Beside baselines retrained with the same recipe, ND keeps at least a fraction of the gain in top-1 that the
    original prints. Of the reproduction the single runs are taken, which have a digit more."""
    top1 = evidence.published.imagenet.query("metric == 'top1' and norm != 'none'")
    top1 = top1[top1["attempt"].isna() == (top1["study"] == "original")]
    wide = top1.pivot(index="arch", columns=["study", "norm"], values="value").dropna()
    if wide.empty:
        return every({}, [], "printed accuracies on ImageNet")
    numbers, held, against = {}, {}, []
    for arch, row in wide.iterrows():
        before, after = (row[study, "nd"] - row[study, "bn"] for study in ("original", "re"))
        name = IMAGENET_NETWORKS[arch]
        numbers |= {f"gain in the original, {name} (points)": before, f"gain after retraining, {name} (points)": after}
        held[arch] = after >= fraction * before
        if not held[arch]:
            against.append(Case(f"ImageNet, {name}", {"original (points)": before, "retrained (points)": after}))
    return parts(held, numbers, against)


def stated(evidence: Evidence, item: str) -> pd.DataFrame:
    """What the public repository says about one item: the columns `name`, `value` and `source`."""
    rows = evidence.published.repository
    return rows.loc[rows["item"] == item, ["name", "value", "source"]]


@predicate("repository.csv", about="documents")
def runs_differ_in_seed(evidence: Evidence) -> Verdict:
    """Repeated runs start from different random numbers."""
    seeds = stated(evidence, "seed")
    numbers = {"places that name the seed": len(seeds), "different seeds": seeds["value"].nunique()}
    same = seeds if seeds["value"].nunique() == 1 else seeds[:0]
    against = [Case(f"{row.name} ({row.source})", {"seed": row.value}) for row in same.itertuples(index=False)]
    return every(numbers, against, "" if len(seeds) else "the seed of the runs")


@predicate("repository.csv", about="documents")
def learning_rates_are(evidence: Evidence, rates: dict[str, float]) -> Verdict:
    """The released scripts train each network with the learning rate that the paper states, network by network."""
    found = stated(evidence, "learning_rate").set_index("name")
    if not set(rates) <= set(found.index):
        return every({}, [], "the learning rate of every network")
    held, numbers, used, against = {}, {}, {}, []
    for name, rate in rates.items():
        label, (value, source) = IMAGENET_NETWORKS[name], found.loc[name, ["value", "source"]]
        numbers |= {f"stated, {label}": rate}
        used |= {f"in the scripts, {label}": float(value)}
        held[name] = float(value) == rate
        against += [] if held[name] else [Case(f"{label} ({source})", {"stated": rate, "in the scripts": float(value)})]
    return parts(held, numbers | used, against)


@predicate("repository.csv", about="documents")
def all_say_yes(evidence: Evidence, item: str) -> Verdict:
    """The public repository says yes to an item for every name."""
    rows = stated(evidence, item)
    other = rows[rows["value"] != "yes"]
    against = [Case(f"{row.name} ({row.source})", {item: row.value}) for row in other.itertuples(index=False)]
    numbers = {"names": len(rows), "yes": len(rows) - len(other)}
    return every(numbers, against, "" if len(rows) else "what the code does")


@predicate("setup.csv", about="documents")
def settings_agree(evidence: Evidence, items: dict[str, list[str]]) -> Verdict:
    """The reproduction states the same settings as the original, topic by topic.

    Args:
        items: names of settings by topic. One that either study does not state leaves the statement open.
    """
    entries = evidence.published.setup.pivot(index=["topic", "item"], columns="study", values="entry")
    held, against, unknown = {}, [], []
    for topic, names in items.items():
        rows = entries.loc[topic].reindex(index=names, columns=["original", "re"]).fillna(NOT_STATED[0])
        silent = rows.isin(NOT_STATED).any(axis=1)
        unknown += list(rows.index[silent])
        differ = rows[~silent & (rows["original"] != rows["re"])]
        held[topic] = differ.empty
        against += [Case(f"{topic}: {name}", row.to_dict()) for name, row in differ.iterrows()]
    numbers = {"settings": sum(map(len, items.values())), "different": len(against), "not stated": len(unknown)}
    gap = f"what both studies state about {', '.join(unknown)}" if unknown and not against else ""
    return parts(held, numbers, against, gap)
