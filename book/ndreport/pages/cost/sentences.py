"""Sentences about a training step with ND here, as the benchmark measured it, and the numbers of the study's times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite

from ndcore.study import DATASETS, NETWORKS
from ndreport.evidence.costs import (
    BN,
    EVERY4,
    ND,
    NONE,
    ORIGINAL,
    ORIGINAL_BN,
    ORIGINAL_ND,
    OURS,
    OURS_EVERY4,
    OURS_OVER_ORIGINAL,
    PHASES,
    NetworkCost,
    geometric_mean,
    of_the_study,
    values,
)
from ndreport.evidence.times import NUMBERS, settings, study_ratios
from ndreport.material import Material
from ndreport.rendering.prose import Prose, count, listing, percent, prose, ratio_span, span, times_as
from ndreport.rendering.stated import otherwise

if_measured = otherwise(prose("`ndcore bench` has not been run here yet, so nothing is known about our own steps."))
RATIOS = {
    ORIGINAL: "the original's way of computing ND, over its way of computing BN",
    OURS_OVER_ORIGINAL: "our exact ND, the same values and gradients, over the original's way of computing BN",
    OURS: "our exact ND, over our BN",
    OURS_EVERY4: "ND with `update_every=4`, an approximation, over our BN",
}


def numbers(material: Material) -> dict[str, object]:
    """What the sentences about the study's times name."""
    ratios = study_ratios(settings(material.times).dropna(subset=["printed", "median"]))
    ends = ratios.sort_values("printed").iloc[[0, -1]].to_dict("records")
    least, most = (f"{row['label']}, {DATASETS[row['dataset']]}, {count(row['epochs'], 'epoch')}" for row in ends)
    longer = ratios.loc[ratios["epochs"] > 1, "attempts"]
    return {
        "tables": listing(NUMBERS.values()),
        "least": least,
        "least_more": percent(100 * (ends[0]["printed"] - 1), 0),
        "most": most,
        "most_more": percent(100 * (ends[1]["printed"] - 1), 0),
        "span": ratio_span(ratios["attempts"]),
        "mean": _mean(ratios["attempts"]),
        "longer_span": ratio_span(longer),
        "longer_mean": _mean(longer),
        "slower": int((ratios["attempts"] > 1).sum()),
        "settings": len(ratios),
    }


def _mean(ratios: Iterable[float]) -> str:
    return times_as(geometric_mean(ratios))


def _networks(found: dict[str, float]) -> str:
    every = "all " if len(found) == len(NETWORKS) else ""
    return f"{every}{count(len(found), 'network')} of the reproduction"


def _known(costs: Iterable[NetworkCost], of: Callable[[NetworkCost], float]) -> dict[str, float]:
    """A number of every network that has it."""
    return {cost.name: number for cost in costs if isfinite(number := of(cost))}


def _ends(found: dict[str, float]) -> str:
    least, most = min(found, key=found.get), max(found, key=found.get)
    return f"{times_as(found[least])} (`{least}`) to {times_as(found[most])} (`{most}`)"


@if_measured
def about_steps(costs: Sequence[NetworkCost]) -> Prose:
    """ND over BN as measured here, how much faster our steps are than the original's, and memory.

    A mean is taken over the study's networks, of two under one label the first; a range over all that were measured.
    """
    known = of_the_study(costs)
    lines = ["**What a training step costs here**, ND over BN, all measured in turn in one run:", ""]
    for pair, name in RATIOS.items():
        found, every = values(known, pair), values(costs, pair)
        mean = f"geometric mean **{_mean(found.values())}** over {_networks(found)}"
        lines.append(f"- {name}: {f'{mean}; {_range(every)}' if found else 'not run'}")
    return prose("\n".join([*lines, "", *_faster(known), "", *_memory(costs)]))


def _range(found: dict[str, float]) -> str:
    """The range over everything that was measured, and who is at its ends."""
    return f"{_ends(found)} over {_measured(found)}"


def _measured(found: dict[str, float]) -> str:
    return f"all {len(found)} measured networks" if len(found) > 1 else "the one measured network"


def _faster(known: Sequence[NetworkCost]) -> list[str]:
    """How much faster our steps are than the original's, and whether any is slower."""
    parts = []
    for name, pair in (("ND", (ORIGINAL_ND, ND)), ("BN", (ORIGINAL_BN, BN))):
        if found := values(known, pair):
            slow = listing(f"`{arch}`" for arch in sorted(found) if found[arch] < 1)
            slower = f"slower for {slow}" if min(found.values()) < 1 else "never slower"
            parts.append(
                f"Our {name} step is **{_mean(found.values())}** as fast as the original's (geometric mean over "
                f"{_networks(found)}; {ratio_span(found.values())}), {slower}."
            )
    return parts


def _memory(costs: Sequence[NetworkCost]) -> list[str]:
    """Peak memory of our ND over that of our BN, and what normalisation as such costs."""
    parts, known = [], of_the_study(costs)
    if ratios := _known(known, NetworkCost.memory_ratio).values():
        every = _known(costs, NetworkCost.memory_ratio)
        parts.append(
            f"The peak memory of our exact ND is {_ends(every)} that of BN over {_measured(every)}, geometric mean "
            f"{_mean(ratios)} over the reproduction's."
        )
    if bare := values(known, (BN, NONE)):
        parts.append(f"BN itself takes {_mean(bare.values())} the time of the same network without normalisation.")
    return parts


@if_measured
def about_floor(costs: Sequence[NetworkCost]) -> Prose:
    """How far our ND steps are from the time that their arithmetic needs, and what that leaves of ND over BN."""
    parts, known = [], of_the_study(costs)
    if far := _known(costs, NetworkCost.times_floor):
        parts.append(
            f"A step with our exact ND takes {_ends(far)} the time that its arithmetic alone would take at the "
            "machine's measured rate of matrix products."
        )
    if least := _known(known, NetworkCost.least_ratio):
        measured = values((cost for cost in known if cost.name in least), OURS)
        parts.append(
            "If covariance, root and fold ran at that rate and everything else as fast as it does without "
            f"normalisation, ND over BN would be {ratio_span(least.values())}, geometric mean "
            f"**{_mean(least.values())}** over {_networks(least)}; we measured {_mean(measured.values())}."
        )
    return prose(" ".join(parts))


@if_measured
def about_roots(costs: Sequence[NetworkCost]) -> Prose:
    """Where the inverse roots alone are more arithmetic than the convolutions."""
    roots = _known(costs, NetworkCost.root_over_convolution)
    if not roots:
        return prose("The arithmetic has not been counted yet.")
    heavy = sorted((name for name in roots if roots[name] > 1), key=roots.get, reverse=True)
    where = f": {listing(f'`{name}` ({times_as(roots[name])})' for name in heavy)}" if heavy else ""
    return prose(
        f"The roots alone are more arithmetic than all convolutions together in {len(heavy)} of "
        f"{count(len(roots), 'network')}{where}. With covariance, root and fold a training step has "
        f"{_ends(_known(costs, NetworkCost.arithmetic_over_convolution))} the arithmetic of its convolutions. Both are "
        "counted for forward and backward pass."
    )


def about_parts(costs: Sequence[NetworkCost]) -> Prose:
    """What takes most of the time of an ND step, network by network."""
    shares = {cost.name: cost.shares() for cost in costs if cost.shares()}
    if not shares:
        return prose("The layers have not been timed yet, so the parts of a step are not known.")
    largest = {name: max(PHASES, key=parts.get) for name, parts in shares.items()}
    lines = [
        f"{phase} in {count(len(names), 'network')} ({listing(f'`{n}`' for n in names)})"
        for phase in PHASES
        if (names := [name for name, best in largest.items() if best == phase])
    ]
    rest = span([parts["rest"] for parts in shares.values()], lambda share: percent(100 * share, 0))
    return prose(
        f"Of the four phases of the deconvolution layers the longest is {listing(lines)}. The rest of a step is "
        f"{rest} of it: the other layers (also convolutions that stay as they are), activations, the optimiser and "
        "whatever binds the phases together."
    )


@if_measured
def about_update_every(costs: Sequence[NetworkCost]) -> Prose:
    """What the approximation saves."""
    saved = values(of_the_study(costs), (ND, EVERY4))
    if not saved:
        return prose("The approximation has not been timed yet.")
    return prose(
        f"With the statistics and the root computed in every fourth step an ND step is {_mean(saved.values())} as fast "
        f"as the exact one (geometric mean over {_networks(saved)}); {_range(values(costs, (ND, EVERY4)))}."
    )
