"""Sentences about what a training step with ND costs here, beside the study and beside the arithmetic limit."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from ndcore.study import NETWORKS
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
    of_the_study,
    values,
)
from ndreport.pages.times.findings import mean, ratio_span
from ndreport.rendering.prose import Prose, count, listing, percent, prose, span, times_as

NO_BENCH = prose("`ndcore bench` has not been run here yet, so nothing can be said about the cost of our own steps.")
NOTHING = prose("")
"""Of sentences that only stand after one that says why there is nothing."""
EXACT, APPROXIMATE, WAY_OF_ORIGINAL = "our exact ND", "ND with `update_every=4`", "the original's way of computing ND"


def about_steps(costs: Sequence[NetworkCost]) -> Prose:
    """Everything that opens the page: ratios, gain over the original's way, memory."""
    parts = [sentence(costs) for sentence in (about_ratios, about_speedup, about_memory)]
    return prose("\n\n".join(part for part in parts if part))


def about_ratios(costs: Sequence[NetworkCost]) -> Prose:
    """ND over BN as measured here: the original's way, ours, and the approximation."""
    known = of_the_study(costs)
    if not any(values(known, pair) for pair in (ORIGINAL, OURS, OURS_EVERY4)):
        return NO_BENCH
    lines = ["**What a training step costs here**, ND over BN, all measured in turn in one run:", ""]
    for pair, name, base in (
        (ORIGINAL, WAY_OF_ORIGINAL, "over its way of computing BN"),
        (OURS_OVER_ORIGINAL, f"{EXACT}, the same values and gradients", "over the original's way of computing BN"),
        (OURS, EXACT, "over our BN"),
        (OURS_EVERY4, f"{APPROXIMATE}, an approximation", "over our BN"),
    ):
        found = values(known, pair)
        if found:
            average = mean(found.values())
            lines.append(
                f"- {name}, {base}: geometric mean **{average}** over {_networks(found)}, {ratio_span(found.values())}"
            )
        else:
            lines.append(f"- {name}, {base}: not run")
    return prose("\n".join(lines))


def _networks(found: dict[str, float]) -> str:
    every = "all " if len(found) == len(NETWORKS) else ""
    return f"{every}{count(len(found), 'network')} of the study"


def about_speedup(costs: Sequence[NetworkCost]) -> Prose:
    """How much faster our steps are than the original's, and whether any is slower."""
    parts = []
    for name, pair in (("ND", (ORIGINAL_ND, ND)), ("BN", (ORIGINAL_BN, BN))):
        found = values(of_the_study(costs), pair)
        if not found:
            continue
        slower = sorted(arch for arch, ratio in found.items() if ratio < 1)
        verdict = f"slower for {listing(f'`{arch}`' for arch in slower)}" if slower else "slower for none"
        parts.append(
            f"Our {name} step is **{mean(found.values())}** as fast as the original's (geometric mean over "
            f"{_networks(found)}; {ratio_span(found.values())}), {verdict}."
        )
    return prose(" ".join(parts)) if parts else NOTHING


def about_floor(costs: Sequence[NetworkCost]) -> Prose:
    """How far our ND steps are from the time that their arithmetic needs, and what that leaves of ND over BN."""
    far = {cost.name: cost.times_floor() for cost in costs if isfinite(cost.times_floor())}
    if not far:
        return NO_BENCH
    near, most = min(far, key=far.get), max(far, key=far.get)
    text = (
        f"A step with our exact ND takes {times_as(far[near])} (`{near}`) to {times_as(far[most])} (`{most}`) the time "
        "that its arithmetic alone would take at the machine's measured rate of matrix products."
    )
    least = {cost.name: cost.least_ratio() for cost in of_the_study(costs) if isfinite(cost.least_ratio())}
    if least:
        text += (
            " If covariance, root and fold ran at that rate and everything else as fast as it does without "
            f"normalisation, ND over BN would be {ratio_span(least.values())}, geometric mean "
            f"**{mean(least.values())}** over {_networks(least)}; measured is "
            f"{mean(values((c for c in of_the_study(costs) if c.name in least), OURS).values())}."
        )
    return prose(text)


def about_roots(costs: Sequence[NetworkCost]) -> Prose:
    """Where the inverse roots alone are more arithmetic than the convolutions."""
    roots = {cost.name: cost.root_over_convolution() for cost in costs}
    roots = {name: ratio for name, ratio in roots.items() if isfinite(ratio)}
    if not roots:
        return NO_BENCH
    heavy = sorted((name for name in roots if roots[name] > 1), key=roots.get, reverse=True)
    where = f": {listing(f'`{name}` ({times_as(roots[name])})' for name in heavy)}" if heavy else ""
    total = {cost.name: cost.arithmetic_over_convolution() for cost in costs if cost.name in roots}
    least, most = min(total, key=total.get), max(total, key=total.get)
    return prose(
        f"The roots alone are more arithmetic than all convolutions together in {len(heavy)} of "
        f"{count(len(roots), 'network')}{where}. With covariance, root and fold a training step has "
        f"{times_as(total[least])} (`{least}`) to {times_as(total[most])} (`{most}`) the arithmetic of its "
        "convolutions. Both are counted for forward and backward pass."
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
    rest = [parts["rest"] for parts in shares.values()]
    return prose(
        f"Of the four phases of the deconvolution layers the longest is {listing(lines)}. What is left of a step, the "
        "other layers (also convolutions that stay as they are), activations, optimiser and whatever binds the phases "
        "together, is "
        f"{span(rest, lambda share: percent(100 * share, 0))} of it."
    )


def about_memory(costs: Sequence[NetworkCost]) -> Prose:
    """Peak memory of our ND over that of our BN, and what normalisation as such costs."""
    known = of_the_study(costs)
    ratios = [cost.memory_ratio() for cost in known if isfinite(cost.memory_ratio())]
    if not ratios:
        return NOTHING
    text = f"Our exact ND needs {ratio_span(ratios)} the peak memory of BN (geometric mean {mean(ratios)})."
    bare = values(known, (BN, NONE))
    if bare:
        text += f" BN itself takes {mean(bare.values())} the time of the same network without normalisation."
    return prose(text)


def about_update_every(costs: Sequence[NetworkCost]) -> Prose:
    """What the approximation saves."""
    saved = values(of_the_study(costs), (ND, EVERY4))
    if not saved:
        return NO_BENCH
    best = max(saved, key=saved.get)
    return prose(
        f"With the statistics and the root computed in every fourth step an ND step is {mean(saved.values())} as fast "
        f"as the exact one (geometric mean over {_networks(saved)}), at most {times_as(saved[best])} (`{best}`)."
    )
