"""What the layers do, counted from ours, which compute what the published ones compute: evidence about layers."""

from __future__ import annotations

from math import ceil

from ndcore.data import spec
from ndcore.experiment.config import RunConfig
from ndcore.study import NETWORKS
from ndreport.material import Material
from ndreport.pages.networks import network
from ndreport.rendering.prose import count, listing, percent

KERNEL, CHANNELS = 3, 128
"""Of the convolution that stands for an example."""


def batch_size() -> int:
    return RunConfig.model_fields["batch_size"].default


def blocks_interleave(material: Material) -> str:
    from ndcore.layers import FastDeconv  # noqa: PLC0415 - torch, for this page only

    layer, positions = FastDeconv(CHANNELS, CHANNELS, KERNEL), KERNEL**2
    blocks = CHANNELS // layer.block
    columns = range(0, CHANNELS * positions, blocks)  # those of the first block
    channels = {column // positions for column in columns}
    per_channel = sorted({sum(c // positions == channel for c in columns) for channel in channels})
    return (
        f"A convolution with {CHANNELS} inputs and a kernel of {KERNEL}×{KERNEL} has {count(blocks, 'block')} of "
        f"{layer.block} channels' size. The first holds {len(channels)} of the {CHANNELS} channels, each at "
        f"{listing(per_channel)} of its {positions} positions."
    )


def freezing_ends(material: Material) -> str:
    from ndcore.layers import FastDeconv  # noqa: PLC0415

    layer = FastDeconv(3, 8, KERNEL, freeze=True)
    steps = ceil(spec("cifar10").counts["train"] / batch_size())
    live = []
    for step in range(layer.period):
        layer.counter = step
        live.append(not layer.frozen)
    epochs = [period * layer.period / steps for period in (1, 2)]
    return (
        f"It is live in the first {sum(live)} of every {layer.period:,} training steps. With {steps} steps an epoch it "
        f"thaws after {epochs[0]:.1f} epochs, again after {epochs[1]:.1f}, and so on."
    )


def few_samples(material: Material) -> str:
    """Layers with fewer vectors than dimensions, with the study's batch."""
    import torch  # noqa: PLC0415

    from ndcore.bench.arithmetic import survey  # noqa: PLC0415
    from ndcore.layers import FastDeconv  # noqa: PLC0415

    parts, images = [], torch.empty(batch_size(), 3, 32, 32, device="meta")
    for name in (ours for entry in NETWORKS for ours in entry.ours):
        works = [w for w in survey(network(name, "nd"), images) if isinstance(w.layer, FastDeconv)]
        poor = [w.statistics for w in works if w.statistics.vectors < w.statistics.size]
        if poor:
            fewest = min(poor, key=lambda s: s.vectors / s.size)
            parts.append(f"{len(poor)} of {len(works)} in {name} (worst: {fewest.vectors} for {fewest.size})")
    return (
        f"With batches of {batch_size()} images the deconvolutions with fewer vectors than dimensions are "
        f"{listing(parts)}; the classifiers come on top."
    )


def padding_counts(material: Material) -> str:
    side, stride = 32, RunConfig.model_fields["sampling_stride"].default
    starts = range(-1, side + 1 - KERNEL + 1, stride)  # padded by one pixel
    inner = sum(0 <= start <= side - KERNEL for start in starts)
    share = 100 * (1 - inner**2 / len(starts) ** 2)
    return (
        f"On a map of {side}×{side} pixels with a kernel of {KERNEL} and a sampling stride of {stride}, "
        f"{percent(share, 0)} of the sampled patches contain padding."
    )


def soft_whitening(material: Material) -> str:
    n_iter = RunConfig.model_fields["n_iter"].default
    return (
        f"After {count(n_iter, 'iteration')} the gain of a small eigenvalue is at most {1.5**n_iter:.2f} over the root "
        f"of the covariance's Frobenius norm; after {2 * n_iter} it would be {1.5 ** (2 * n_iter):.1f}."
    )


EVIDENCE = {
    "blocks-interleave": blocks_interleave,
    "freezing-ends": freezing_ends,
    "few-samples": few_samples,
    "padding-counts": padding_counts,
    "soft-whitening": soft_whitening,
}
"""What computes the evidence of a finding, by its id."""
