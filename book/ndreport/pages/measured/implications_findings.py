"""What in the second study follows from the mixture of test and training accuracies; every number is computed here."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.improvements import averages_at_least, bn_not_behind, improvements
from ndreport.evidence.published import Published
from ndreport.rendering.names import LABELS, block_name
from ndreport.rendering.prose import Prose, count, listing, percent, points, prose
from ndreport.rendering.stated import NOTHING

NEARLY_ALL = 99.9
"""Percent; the high accuracies that the study reports."""


def about_implications(published: Published, measured: pd.DataFrame) -> Prose:
    """The list of what changes its meaning, most important first.

    Args:
        published: every file of published values.
        measured: from `ndreport.evidence.splits.measured_on`.
    """
    blocks = improvements(published, measured) if len(measured) else pd.DataFrame()
    if blocks.empty:
        return NOTHING
    items = [
        _better(blocks),
        _longest(blocks),
        *_retested(blocks),
        _nearly_all(published, blocks),
        _exceptions(published, blocks),
    ]
    return prose("\n".join(f"- {item}" for item in items if item))


def _better(blocks: pd.DataFrame) -> str:
    train, rest = blocks[blocks["train"] > 0], blocks[blocks["train"] == 0]
    higher = blocks["higher"].sum()
    return (
        f"**Better than the original.** {higher} of {blocks['values'].sum()} printed averages of CIFAR are above the "
        f"original's value. {train['higher'].sum()} of these {higher} stand in the {count(len(train), 'block')} with "
        f"proven running training accuracies, which have {train['values'].sum()} values. In the other "
        f"{count(len(rest), 'block')} it is {rest['higher'].sum()} of {rest['values'].sum()}."
    )


def _longest(blocks: pd.DataFrame) -> str:
    epochs = blocks.index.get_level_values("epochs").max()
    here = blocks.xs(epochs, level="epochs", drop_level=False)
    if not here["train"].gt(0).all():
        return ""
    each = listing(f"{points(row['change'])} points ({block_name(*block)})" for block, row in here.iterrows())
    return (
        f"**The improvements after {count(epochs, 'epoch')}.** In the mean the printed averages differ from the "
        f"original's by {each}. Accuracies on the images that a network is being trained on stand there beside those "
        "that the original gives as its results; nothing about the method, the libraries or the hardware follows from "
        "such a difference."
    )


def _retested(blocks: pd.DataFrame) -> list[str]:
    items = []
    chosen = blocks[(blocks["tested"] > 0) & (blocks["train"] > 0)].rename(columns={"values": "values_"})
    for block, row in zip(chosen.index, chosen.itertuples(), strict=True):
        items.append(
            "**The systematic improvement**, which the discussion of the study puts down to newer libraries, can be "
            f"tested on {block_name(*block)}, where the logs hold both accuracies of the same runs. As printed, "
            f"{row.higher} of {row.values_} values are above the original's, and the mean difference is "
            f"{points(row.change)} points; on test images it is {row.test_higher} of {row.tested} and "
            f"{points(row.test_change)} points. Both come from the same runs on the same software, so software does "
            "not explain the distance between the two. Whether it changed test accuracies by less than that is open."
        )
    return items


def _nearly_all(published: Published, blocks: pd.DataFrame) -> str:
    high = averages_at_least(published, NEARLY_ALL)
    places = sorted(set(zip(high["dataset"], high["epochs"], strict=True)))
    kinds = blocks.loc[places]
    if high.empty or not kinds["train"].gt(0).all():
        return ""
    original = published.accuracies.query("study == 'original'").groupby(["dataset", "epochs"])["value"].max()
    return (
        f"**The high accuracies.** {len(high)} printed averages are {percent(NEARLY_ALL, 1)} or more, all of them on "
        f"{listing(block_name(*place) for place in places)}. {kinds['train'].sum()} of the {kinds['attempts'].sum()} "
        "attempts of these blocks are proven running training accuracies, and none is proven to be anything else. They "
        "say that the networks fit their training images. The highest values of the original there are "
        f"{listing(percent(value) for value in original.loc[places])}."
    )


def _exceptions(published: Published, blocks: pd.DataFrame) -> str:
    found = bn_not_behind(published)
    train = [blocks.loc[(row.dataset, row.epochs), "train"] > 0 for row in found.itertuples()]
    if found.empty or not all(train):
        return ""
    names = (f"{LABELS[row.arch]} ({block_name(row.dataset, row.epochs)})" for row in found.itertuples())
    return (
        f"**The exceptions to the claim.** In {count(len(found), 'setting')} the printed average of BN is at "
        f"least that of ND: {listing(names)}. All of them lie in blocks of running training accuracies. They do not "
        "contradict a claim about test accuracies, and they do not support it either."
    )
