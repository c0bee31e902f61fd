"""What the evidence of the findings names, by the id of the finding: counted from networks and layers, or published.

Our layers compute what the published ones compute, and our networks have their sizes: tests see to both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from math import ceil, sqrt
from typing import TYPE_CHECKING

from ndcore.data import spec
from ndcore.experiment.config import RunConfig
from ndcore.study import DATASETS, NETWORK_LABELS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.csv_files import select
from ndreport.material import Material
from ndreport.pages.code_and_data.own import best_epochs, repeats
from ndreport.pages.networks import counts, network, printed_million
from ndreport.rendering.prose import count, listing, percent

if TYPE_CHECKING:
    from torch import nn

KERNEL, CHANNELS = 3, 128
"""Of the convolution that stands for an example."""
LARGEST = 3
"""How many of the largest spreads are named."""
DEFAULTS = {name: field.default for name, field in RunConfig.model_fields.items()}
OUR_NETWORKS = [ours for entry in NETWORKS for ours in entry.ours]


def _layers(name: str, norm: str, kind: str) -> list[nn.Module]:
    """The layers of one class of a network, in its order."""
    return [module for module in network(name, norm).modules() if type(module).__name__ == kind]


def efficientnet_keeps_bn(material: Material) -> dict[str, object]:
    return {
        "kept": counts("efficientnet", "nd"),
        "full": counts("efficientnet_full", "nd"),
        "printed": printed_million(material.published, "efficientnet"),
    }


def two_networks_named_resnet18(material: Material) -> dict[str, object]:
    logs = select(material.published.recovered, arch="resnet18")
    places = logs[["dataset", "epochs", "flag"]].drop_duplicates().itertuples(index=False)
    return {
        "logged": listing(
            f"{flag} on {DATASETS[dataset]} ({count(epochs, 'epoch')})" for dataset, epochs, flag in places
        ),
        "small": counts("resnet18", "nd"),
        "large": counts("resnet18d", "nd"),
        "printed": printed_million(material.published, "resnet18"),
    }


def depth_of_resnet(material: Material) -> dict[str, object]:
    runs = select(attempts(material.published), dataset="cifar10", epochs=20)
    per_epoch = (runs["corrected_train_seconds"] / runs["epochs"]).groupby([runs["arch"], runs["norm"]]).median()
    ratio = per_epoch["resnet18"] / per_epoch["senet18"]
    sizes = {"resnet": counts("resnet18", "bn"), "senet": counts("senet18", "bn")}
    return {norm: ratio[norm] for norm in NORMS} | sizes


def preact34(material: Material) -> dict[str, object]:
    logs = select(material.published.recovered, arch="preact18", epochs=1)
    sizes = logs[logs["metric"] == "parameters"].set_index("norm")["value"]
    top1 = logs[logs["metric"] == "top1"].set_index(["norm", "split"])["value"]
    printed = select(material.accuracies, dataset="cifar10", arch="preact18", norm="bn", epochs=1)
    return {
        "log_bn": sizes["bn"],
        "log_nd": sizes["nd"],
        "log_top1": top1["bn", "test"],
        "preact18": counts("preact18", "bn"),
        "attempts": listing(map(percent, printed.loc[printed["attempt"].notna(), "value"])),
        "original": percent(printed.loc[printed["study"] == "original", "value"].iloc[0]),
    }


def stems_differ(material: Material) -> dict[str, object]:
    groups = defaultdict(list)
    for name in OUR_NETWORKS:
        first = _layers(name, "nd", "FastDeconv")[0]
        groups[first.freeze, first.n_iter].append(name)
    parts = [
        f"{count(n_iter, 'iteration')}{', frozen,' if freeze else ', never frozen,'} in {listing(sorted(names))}"
        for (freeze, n_iter), names in sorted(groups.items(), reverse=True)
    ]
    return {"stems": listing(parts)}


def biases_and_dead_parameters(material: Material) -> dict[str, object]:
    biased = [layer.bias for layer in _layers("vgg16", "bn", "Conv2d") if layer.bias is not None]
    held, passed = _layers("preact18", "bn", "BatchNorm2d"), counts("preact18", "bn").layers["BatchNorm2d"]
    return {
        "biased": len(biased),
        "lost": sum(bias.numel() for bias in biased),
        "held": len(held),
        "passed": passed,
        "dead": sum(p.numel() for p in held[0].parameters()) * (len(held) - passed),
    }


def imagenet_initialisation(material: Material) -> dict[str, object]:
    first = _layers("vgg11_imagenet", "nd", "FastDeconv")[0]
    fan_in, fan_out = first.weight[0].numel(), first.weight.numel() // first.in_channels
    return {"default": 1 / sqrt(3 * fan_in), "kaiming": sqrt(2 / fan_out)}


def blocks_interleave(material: Material) -> dict[str, object]:
    from ndcore.layers import FastDeconv  # noqa: PLC0415 - torch, for this page only

    layer, positions = FastDeconv(CHANNELS, CHANNELS, KERNEL), KERNEL**2
    blocks = CHANNELS // layer.block
    held = [column // positions for column in range(0, CHANNELS * positions, blocks)]  # by the first block
    return {
        "channels": CHANNELS,
        "kernel": KERNEL,
        "blocks": blocks,
        "block": layer.block,
        "held": len(set(held)),
        "positions": listing(sorted({held.count(channel) for channel in held})),
        "all_positions": positions,
    }


def freezing_ends(material: Material) -> dict[str, object]:
    from ndcore.layers import FastDeconv  # noqa: PLC0415

    layer, live = FastDeconv(3, 8, KERNEL, freeze=True), 0
    for step in range(layer.period):
        layer.counter = step
        live += not layer.frozen
    steps = ceil(spec("cifar10").counts["train"] / DEFAULTS["batch_size"])
    thaws = {"first": layer.period / steps, "second": 2 * layer.period / steps}
    return {"live": live, "period": layer.period, "steps": steps} | thaws


def few_samples(material: Material) -> dict[str, object]:
    """Layers with fewer vectors than dimensions, with the study's batch."""
    import torch  # noqa: PLC0415

    from ndcore.bench.arithmetic import survey  # noqa: PLC0415
    from ndcore.layers import FastDeconv  # noqa: PLC0415

    parts, images = [], torch.empty(DEFAULTS["batch_size"], 3, 32, 32, device="meta")
    for name in OUR_NETWORKS:
        works = [w.statistics for w in survey(network(name, "nd"), images) if isinstance(w.layer, FastDeconv)]
        poor = [s for s in works if s.vectors < s.size]
        if poor:
            fewest = min(poor, key=lambda s: s.vectors / s.size)
            parts.append(f"{len(poor)} of {len(works)} in {name} (worst: {fewest.vectors} for {fewest.size})")
    return {"batch": DEFAULTS["batch_size"], "poor": listing(parts)}


def padding_counts(material: Material) -> dict[str, object]:
    side, stride = 32, DEFAULTS["sampling_stride"]
    starts = range(-1, side + 1 - KERNEL + 1, stride)  # padded by one pixel
    inner = sum(0 <= start <= side - KERNEL for start in starts)
    return {"side": side, "kernel": KERNEL, "stride": stride, "share": 100 * (1 - inner**2 / len(starts) ** 2)}


def soft_whitening(material: Material) -> dict[str, object]:
    n_iter = DEFAULTS["n_iter"]
    return {"n_iter": n_iter, "gain": 1.5**n_iter, "twice": 2 * n_iter, "gain_twice": 1.5 ** (2 * n_iter)}


def same_seed(material: Material) -> dict[str, object]:
    grouped = attempts(material.published).groupby(["dataset", "arch", "norm", "epochs"])["corrected_top1"]
    spread = (grouped.max() - grouped.min()).sort_values(ascending=False)
    named = [
        f"{value:.1f} points ({NETWORK_LABELS[arch]} {NORM_LABELS[norm]}, {count(epochs, 'epoch')}, "
        f"{DATASETS[dataset]})"
        for (dataset, arch, norm, epochs), value in spread.head(LARGEST).items()
    ]
    ours = {"our_repeats": repeats(material.complete)}
    return {"largest": listing(named), "settings": len(spread), "median": spread.median()} | ours


def learning_rate_of_vgg11(material: Material) -> dict[str, object]:
    setup = material.published.setup
    entry = setup[(setup["item"] == "learning rate") & setup["topic"].str.endswith("ImageNet")]
    return {"stated": "; ".join(f"{row.study}: {row.entry} ({row.source})" for row in entry.itertuples())}


NUMBERS: dict[str, Callable[[Material], dict[str, object]]] = {
    "efficientnet-keeps-bn": efficientnet_keeps_bn,
    "two-networks-named-resnet18": two_networks_named_resnet18,
    "depth-of-resnet": depth_of_resnet,
    "preact34": preact34,
    "resnet18d-keeps-bn": lambda _: {"cifar": counts("resnet18d", "nd"), "imagenet": counts("resnet18_imagenet", "nd")},
    "stems-differ": stems_differ,
    "biases-and-dead-parameters": biases_and_dead_parameters,
    "names-of-networks": lambda _: {name: counts(name, "nd") for name in ("pnasneta", "efficientnet")},
    "imagenet-initialisation": imagenet_initialisation,
    "blocks-interleave": blocks_interleave,
    "freezing-ends": freezing_ends,
    "few-samples": few_samples,
    "padding-counts": padding_counts,
    "soft-whitening": soft_whitening,
    "same-seed": same_seed,
    "best-epoch": lambda material: {"our_epochs": best_epochs(material.complete)},
    "learning-rate-of-vgg11": learning_rate_of_vgg11,
}
"""What computes the numbers that the evidence of a finding names, by its id."""
