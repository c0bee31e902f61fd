"""Sentences about whether the claim holds; every number in them is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ndcore.study import DATASETS, NETWORKS
from ndreport.evidence.equivalence import Margin
from ndreport.evidence.families import Tested
from ndreport.evidence.imagenet import imagenet_gains, imagenet_values
from ndreport.evidence.paired import ALPHA, RESAMPLES, smallest_p, smallest_unpaired_p
from ndreport.evidence.published import IMAGENET_NETWORKS, Published
from ndreport.pages.claim.tables import QUANTITIES
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import Prose, count, listing, percent, points, probability, prose
from ndreport.rendering.stated import NOTHING as NO_PUBLISHED
from ndreport.rendering.values import Value

LABELS = {network.arch: network.label for network in NETWORKS}


def _by(tested: Sequence[Tested], who: str) -> list[Tested]:
    return [t for t in tested if t.who == who and t.paired]


def _significant(t: Tested) -> bool:
    return t.paired.testable and t.wilcoxon_holm < ALPHA


def about_conclusion(tested: Sequence[Tested]) -> Prose:
    """The smallest conclusion that the test accuracies justify."""
    logs, original = _by(tested, "logs"), {(t.dataset, t.epochs): t for t in _by(tested, "original")}
    if not logs:
        return prose("Without the logs of the study there is no proven test accuracy, and no conclusion is drawn here.")
    parts = []
    for t in logs:
        p, o = t.paired, original.get((t.dataset, t.epochs))
        also = f"; {o.paired.ahead} of {o.paired.number} in the original's values" if o else ""
        parts.append(
            f"- {block_name(t.dataset, t.epochs)}: **{p.ahead} of {p.number}** networks, shift {points(p.shift)} "
            f"points ({points(p.interval[0])} to {points(p.interval[1])}), p = {probability(p.wilcoxon)}, corrected "
            f"{probability(t.wilcoxon_holm)}{also}"
        )
    lengths = listing(count(epochs, "epoch") for epochs in sorted({t.epochs for t in logs}))
    where = f"on {listing(DATASETS[d] for d in dict.fromkeys(t.dataset for t in logs))}, trained for {lengths}"
    first = (
        f"Test accuracies of the reproduction are known {where}. **There the claim is not shown** for every network."
    )
    if all(t.paired.ahead == t.paired.number and _significant(t) for t in logs):
        first = (
            f"Test accuracies of the reproduction are known {where}. **There the claim holds**: with the recipe of the "
            "study, every one of its networks has a higher mean test accuracy with network deconvolution than with "
            "batch normalisation."
        )
    return prose("\n".join([f"{first} ND is ahead in:", "", *parts, "", "Nothing beyond that is proven here."]))


def about_levels(tested: Sequence[Tested], repeats: pd.DataFrame, printed: Mapping[tuple[str, int], Value]) -> Prose:
    """Proven, suggested, open.

    Args:
        tested: from `ndreport.evidence.families.paired_tests`.
        repeats: from `ndreport.evidence.repeats.against_spread`.
        printed: from `ndreport.pages.claim.tables.printed_verdicts`.
    """
    measured = {place: value.text for place, value in printed.items()}
    lines = ["**Proven**, for these networks, this recipe and these runs:", ""]
    lines += [f"- {_ahead(t)} on test images of the reproduction's logs" for t in _by(tested, "logs")]
    if len(repeats):
        apart = int((repeats["gap"] > 0).sum())
        lines.append(f"- the worst ND run is above the best BN run in {apart} of {len(repeats)} networks and settings")
    lines += ["", "**Suggested**:", ""]
    if original := _by(tested, "original"):
        everywhere = sum(t.paired.ahead == t.paired.number for t in original)
        lines.append(
            "- in the values that the original printed, whose runs nobody can see, ND is ahead in every network in "
            f"{everywhere} of {count(len(original), 'setting')}"
        )
    lines += [
        f"- {_ahead(t)} in the reproduction's printed averages ({measured[t.dataset, t.epochs]})"
        for t in _by(tested, "printed")
        if measured.get((t.dataset, t.epochs), "").startswith("test: suggested")
    ]
    lines += [
        f"- {_ahead(t)} in our own runs, too few for a test" for t in _by(tested, "ours") if not t.paired.testable
    ]
    lines += [f"- {_ahead(t)} in our own runs" for t in _by(tested, "ours") if t.paired.testable]
    lines += ["", "**Open**:", ""]
    lines += [
        f"- {block_name(t.dataset, t.epochs)} in the reproduction: its averages are running training accuracies, its "
        "test accuracies were never published"
        for t in _by(tested, "printed")
        if measured.get((t.dataset, t.epochs), "").startswith("running")
        and not any((logs.dataset, logs.epochs) == (t.dataset, t.epochs) for logs in _by(tested, "logs"))
    ]
    lines += [
        "- whether the gain survives other seeds: the attempts of the reproduction share one",
        "- whether the networks were tuned alike: both norms have the hyper-parameters of the original's scripts",
        "- ImageNet: one run per cell, see below",
    ]
    return prose("\n".join(lines)) if any(t.paired for t in tested) else NO_PUBLISHED


def _ahead(t: Tested) -> str:
    return f"{block_name(t.dataset, t.epochs)}: ND ahead in {t.paired.ahead} of {count(t.paired.number, 'network')}"


def about_tests(tested: Sequence[Tested]) -> Prose:
    """What the tests ask, how zeros and ties are treated, and what limits them."""
    numbers = {t.paired.number for t in tested if t.paired and t.paired.testable}
    smallest = (
        f" With {max(numbers)} networks no p can be below {probability(smallest_p(max(numbers)))}." if numbers else ""
    )
    return prose(
        "Every test takes one difference ND − BN per network. The signed-rank test (Wilcoxon) asks whether the "
        "differences are symmetric about zero, as they would be if it did not matter which of the two norms a network "
        "has; the sign test only counts which one is ahead. Both are exact and two-sided. Differences of zero are "
        "left out of both; equal absolute differences share their mean rank, and all assignments of signs are then "
        f"counted.{smallest} The shift (Hodges–Lehmann) is the median of all pairwise means of the differences; a "
        "network that gains far more than the others hardly moves it. The mean is moved by such a network, and its "
        f"bootstrap interval (bias-corrected and accelerated, {RESAMPLES:,} resamples, fixed seed) is then lopsided. "
        "Holm's correction is over the settings of one source of values, separately for each test. The networks are "
        "no random sample: some are relatives of each other, and nobody drew them. The tests say how surprising the "
        "signs are for these networks, not what another network will do."
    )


def about_printed(tested: Sequence[Tested]) -> Prose:
    """What the printed averages show, marked as what they are."""
    printed = _by(tested, "printed")
    if not printed:
        return NO_PUBLISHED
    fails = [t for t in printed if t.paired.ahead < t.paired.number]
    lines = [f"{block_name(t.dataset, t.epochs)} {t.paired.ahead} of {t.paired.number}" for t in fails]
    significant = sum(map(_significant, printed))
    return prose(
        f"In the averages as printed, ND is ahead of BN in all networks in {len(printed) - len(fails)} of "
        f"{count(len(printed), 'setting')}; {significant} of {len(printed)} signed-rank tests are below {ALPHA:g} "
        f"after correction. Not all networks: {listing(lines)}. Where these are running training accuracies they say "
        "how well the networks fit their training images, and the tests on them are shown for completeness only."
    )


def about_repeats(repeats: pd.DataFrame) -> Prose:
    """Effect against the spread over repeats, and what three repeats cannot show."""
    if repeats.empty:
        return prose("Without the logs of the study there is no spread over repeats to compare with.")
    least = repeats.loc[repeats["ratio"].idxmin()]
    runs = int(repeats[["bn_runs", "nd_runs"]].max().max())
    paired, unpaired = smallest_p(runs), smallest_unpaired_p(runs, runs)
    return prose(
        f"ND − BN is {repeats['ratio'].min():.1f} to {repeats['ratio'].max():.1f} times the standard deviation of one "
        f"run (least for {least['label']}, {block_name(least['dataset'], least['epochs'])}), and in "
        f"{int((repeats['gap'] > 0).sum())} of {len(repeats)} rows no BN run reaches any ND run. Within a single "
        f"network this is **not testable with {count(runs, 'repeat')}**: an exact rank test of {runs} against {runs} "
        f"runs cannot give a p below {probability(unpaired)}, one of {runs} pairs not below {probability(paired)}. A "
        "t-test could, but it would have to take for granted that the runs are normal, which so few cannot show. The "
        "repeats share one seed, so the standard deviation leaves out what another seed would change."
    )


def about_equivalence(rows: pd.DataFrame, margin: Margin | None, values: pd.DataFrame) -> Prose:
    """Which quantities of original and reproduction are equal within the margin, and what stands in the way.

    Args:
        rows: from `ndreport.evidence.equivalence.equivalence`.
        margin: from `ndreport.evidence.equivalence.load_margin`.
        values: from `ndreport.evidence.series.paired_values`.
    """
    if margin is None or rows.empty:
        return prose("The margin or the values could not be read, so nothing is said about equivalence.")
    lines = [
        "The margin was written down before any test was computed, though the values were known, in "
        "`runs/published/equivalence.yaml`: "
        f"{percent(100 * margin.margin.fraction, 0)} of the original's own mean gain in the same setting, because a "
        "smaller difference cannot turn the claim round. Two one-sided tests ask whether the mean difference over "
        f"the networks lies within it, each at {percent(100 * margin.alpha, 0)}:",
        "",
    ]
    for (dataset, epochs, without), group in rows.groupby(["dataset", "epochs", "without"], sort=False):
        verdicts = {
            True: listing(QUANTITIES[q] for q in group.loc[group["equivalent"], "quantity"]),
            False: listing(QUANTITIES[q] for q in group.loc[~group["equivalent"], "quantity"]),
        }
        left_out = ""
        if without:
            names = listing(LABELS[arch] for arch in without.split(", "))
            left_out = f", without {names}, whose logs name a variant for larger images (left out after the fact)"
        lines.append(
            f"- {block_name(dataset, epochs)}{left_out}, margin ± {group['margin'].iloc[0]:.2f} points. Equivalent: "
            f"{verdicts[True]}; not shown: {verdicts[False]}"
        )
    lines += [
        "",
        f"Farthest from the original are {listing(_farthest(values))}. Equivalence that is not shown is no proof of a "
        "difference. The tests take the differences over networks as normal, which a single network far from the "
        "others violates; it makes the interval wider, not narrower.",
    ]
    return prose("\n".join(lines))


def _farthest(values: pd.DataFrame) -> list[str]:
    """The network and norm that differ most between logs and original, for each setting with logs."""
    key = ["dataset", "epochs", "arch", "network"]
    both = values[values["who"] == "original"].merge(values[values["who"] == "logs"], on=key, suffixes=("_o", "_l"))
    found = []
    for (dataset, epochs), rows in both.groupby(["dataset", "epochs"]):
        change = pd.DataFrame({norm: rows[f"{norm}_l"] - rows[f"{norm}_o"] for norm in ("bn", "nd")})
        index, norm = change.abs().stack().idxmax()
        found.append(
            f"{QUANTITIES[norm]} of {rows.loc[index, 'network']} on {block_name(dataset, epochs)} "
            f"({points(change.loc[index, norm])} points)"
        )
    return found


def about_imagenet(published: Published) -> Prose:
    """What single runs on three networks can show: the sign."""
    gains = imagenet_gains(imagenet_values(published))
    gains = gains[(gains["baseline"] == "bn") & (gains["metric"] == "top1")].dropna()
    if gains.empty:
        return prose("The file of published values on ImageNet could not be read.")
    shown = listing(
        f"{IMAGENET_NETWORKS[g.arch]} {points(g.original)} in the original and {points(g.reproduced)} in the "
        "reproduction"
        for g in gains.itertuples()
    )
    return prose(
        f"On ImageNet there is one run per cell and {count(len(gains), 'network')}. Top-1, ND − BN: {shown}. Only the "
        f"signs can be seen: ND is ahead in {int((gains['original'] > 0).sum())} of {len(gains)} in the original and "
        f"in {int((gains['reproduced'] > 0).sum())} of {len(gains)} in the reproduction. With {len(gains)} differences "
        f"no exact test can give a p below {probability(smallest_p(len(gains)))}: **not testable**."
    )
