"""What the networks of the study are, counted from ours: evidence of the findings about networks."""

from __future__ import annotations

from collections import defaultdict
from math import sqrt

from ndcore.study import DATASETS, NETWORKS, NORM_LABELS, NORMS
from ndreport.evidence.corrections import attempts
from ndreport.evidence.csv_files import select
from ndreport.material import Material
from ndreport.pages.networks import counts, network, printed_million
from ndreport.rendering.prose import count, listing, percent


def million(number: float) -> str:
    """ "37.02 million"."""
    return f"{number / 1e6:,.2f} million"


def efficientnet_keeps_bn(material: Material) -> str:
    kept, full = counts("efficientnet", "nd"), counts("efficientnet_full", "nd")
    printed = printed_million(material.published, "efficientnet")
    return (
        f"Built like the published one, the network has {count(kept.layers['BatchNorm2d'], 'batch normalisation')}, "
        f"{count(kept.layers['FastDeconv'], 'deconvolution')} and {count(kept.layers['Delinear'], 'deconvolved')} "
        f"linear layer: {kept.parameters:,} parameters (printed: {printed}). Deconvolved throughout it "
        f"has {count(full.layers['FastDeconv'], 'deconvolution')} and {full.parameters:,} parameters."
    )


def two_networks_named_resnet18(material: Material) -> str:
    logs = select(material.published.recovered, arch="resnet18")
    places = logs[["dataset", "epochs", "flag"]].drop_duplicates().itertuples(index=False)
    said = listing(f"{flag} on {DATASETS[dataset]} ({count(epochs, 'epoch')})" for dataset, epochs, flag in places)
    small, large = counts("resnet18", "nd"), counts("resnet18d", "nd")
    return (
        f"The logs name {said}. For one image the first computes {million(small.macs)} multiply-adds, the second "
        f"{million(large.macs)}; they have {small.parameters:,} and {large.parameters:,} parameters; the "
        f"one size that is printed is {printed_million(material.published, 'resnet18')}."
    )


def depth_of_resnet(material: Material) -> str:
    runs = select(attempts(material.published), dataset="cifar10", epochs=20)
    if runs.empty:
        return "The published times could not be read."
    per_epoch = (runs["corrected_train_seconds"] / runs["epochs"]).groupby([runs["arch"], runs["norm"]]).median()
    ratio = per_epoch["resnet18"] / per_epoch["senet18"]
    parts = [f"{ratio[norm]:.1f} times that of SENet-18 with {NORM_LABELS[norm]}" for norm in NORMS]
    macs = counts("resnet18", "bn").macs, counts("senet18", "bn").macs
    return (
        f"On CIFAR-10 the median epoch of the long runs took {listing(parts)}, although the two networks compute "
        f"{million(macs[0])} and {million(macs[1])} multiply-adds for an image."
    )


def preact34(material: Material) -> str:
    logs = select(material.published.recovered, arch="preact18", epochs=1)
    sizes = logs[logs["metric"] == "parameters"].set_index("norm")["value"]
    top1 = logs[logs["metric"] == "top1"].set_index(["norm", "split"])["value"]
    if not {"bn", "nd"} <= set(sizes.index):
        return "The logs could not be read."
    ours = {name: counts(name, "bn").parameters for name in ("preact18", "preact34")}
    same = [name for name, size in ours.items() if size == sizes["bn"]]
    printed = select(material.accuracies, dataset="cifar10", arch="preact18", norm="bn", epochs=1)
    single = printed.loc[printed["attempt"].notna(), "value"]
    return (
        f"The log with BN prints {sizes['bn']:,.0f} parameters, which is our `{listing(same)}` (PreAct-18 has "
        f"{ours['preact18']:,}), and ends at {percent(top1['bn', 'test'])} on the test set; the log with ND prints "
        f"{sizes['nd']:,.0f}, our `preact18` with ND has {counts('preact18', 'nd').parameters:,}. The attempts in the "
        f"table are {listing(percent(value) for value in single)}; the original prints "
        f"{percent(printed.loc[printed['study'] == 'original', 'value'].iloc[0])}."
    )


def resnet18d_keeps_bn(material: Material) -> str:
    cifar, imagenet = counts("resnet18d", "nd"), counts("resnet18_imagenet", "nd")
    return (
        f"With ND {count(cifar.layers['BatchNorm2d'], 'batch normalisation')} stay beside "
        f"{count(cifar.layers['FastDeconv'], 'deconvolution')} on CIFAR and {imagenet.layers['BatchNorm2d']} beside "
        f"{imagenet.layers['FastDeconv']} on ImageNet; none in our `resnet18d_full`."
    )


def stems_differ(material: Material) -> str:
    """The settings of the first deconvolution of every network, read from the networks."""
    from ndcore.layers import FastDeconv  # noqa: PLC0415 - torch, for this page only

    groups = defaultdict(list)
    for name in (ours for entry in NETWORKS for ours in entry.ours):
        first = next(m for m in network(name, "nd").modules() if isinstance(m, FastDeconv))
        groups[first.freeze, first.n_iter].append(name)
    parts = [
        f"{count(n_iter, 'iteration')}{', frozen,' if freeze else ', never frozen,'} in {listing(sorted(names))}"
        for (freeze, n_iter), names in sorted(groups.items(), reverse=True)
    ]
    return f"The first deconvolution has {listing(parts)}."


def biases_and_dead_parameters(material: Material) -> str:
    from torch.nn import BatchNorm2d, Conv2d  # noqa: PLC0415

    biased = [m for m in network("vgg16", "bn").modules() if isinstance(m, Conv2d) and m.bias is not None]
    held = [m for m in network("preact18", "bn").modules() if isinstance(m, BatchNorm2d)]
    used = counts("preact18", "bn").layers["BatchNorm2d"]
    dead = sum(p.numel() for p in held[0].parameters()) * (len(held) - used)
    return (
        f"{count(len(biased), 'convolution').capitalize()} of VGG-16 have a bias and a batch normalisation behind it, "
        f"{count(sum(m.bias.numel() for m in biased), 'parameter')} without effect. PreAct-18 holds "
        f"{count(len(held), 'batch normalisation')} and an image passes {used}: {count(dead, 'dead parameter')}."
    )


def names_of_networks(material: Material) -> str:
    sizes = {name: counts(name, "nd").parameters for name in ("pnasneta", "efficientnet")}
    return f"They have {sizes['pnasneta']:,} and {sizes['efficientnet']:,} parameters."


def imagenet_initialisation(material: Material) -> str:
    from ndcore.layers import FastDeconv  # noqa: PLC0415

    first = next(m for m in network("vgg11_imagenet", "nd").modules() if isinstance(m, FastDeconv))
    fan_in, fan_out = first.weight[0].numel(), first.weight.numel() // first.in_channels
    default, kaiming = 1 / sqrt(3 * fan_in), sqrt(2 / fan_out)
    return (
        f"In the first convolution of VGG-11 PyTorch's default draws weights with a standard deviation of "
        f"{default:.3f}, Kaiming's rule for the outputs with {kaiming:.3f}."
    )


EVIDENCE = {
    "efficientnet-keeps-bn": efficientnet_keeps_bn,
    "two-networks-named-resnet18": two_networks_named_resnet18,
    "depth-of-resnet": depth_of_resnet,
    "preact34": preact34,
    "resnet18d-keeps-bn": resnet18d_keeps_bn,
    "stems-differ": stems_differ,
    "biases-and-dead-parameters": biases_and_dead_parameters,
    "names-of-networks": names_of_networks,
    "imagenet-initialisation": imagenet_initialisation,
}
"""What computes the evidence of a finding, by its id."""
