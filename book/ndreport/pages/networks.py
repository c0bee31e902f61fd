"""The networks as the registry builds them: sizes, operations and layers, counted without memory for their tensors."""

from __future__ import annotations

import importlib
import inspect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING

import pandas as pd

from ndcore import models
from ndcore.study import NETWORKS, NORM_LABELS
from ndreport.evidence.published import Published
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import Prose, prose
from ndreport.rendering.values import MISSING_FILE, Value, missing

if TYPE_CHECKING:
    from torch import nn

KINDS = ("BatchNorm2d", "FastDeconv", "Delinear")
STUDY_CLASSES = {32: 10, 224: 1000}
"""Classes by image size: the counts of the study are those of CIFAR-10 and ImageNet."""


@dataclass(frozen=True)
class Counts:
    """One network with one normalisation."""

    name: str
    norm: str
    parameters: int
    macs: int
    """Multiply-adds of convolutions and linear layers for one image, in evaluation mode, without the fold of ND."""
    layers: dict[str, int]
    """Layers that an image passes through, by class."""

    @property
    def million_macs(self) -> float:
        return self.macs / 1e6

    @property
    def title(self) -> str:
        return f"{models.describe(self.name).title} ({self.name}), {NORM_LABELS[self.norm]}"

    @property
    def source(self) -> str:
        return f"counted: ndcore.models.create({self.name!r}, {self.norm!r})"


@cache
def network(name: str, norm: str) -> nn.Module:
    """A network of the study's size without memory for its tensors, in evaluation mode. Imports torch."""
    import torch  # noqa: PLC0415 - only pages that look into networks need it

    with torch.device("meta"):
        return models.create(name, norm, STUDY_CLASSES[models.describe(name).input_size[1]]).eval()


@cache
def counts(name: str, norm: str) -> Counts:
    """Follow one image through a network without memory for its tensors. Imports torch."""
    import torch  # noqa: PLC0415
    from torch.nn.modules.conv import _ConvNd  # noqa: PLC0415

    macs, layers = 0, Counter()

    def count(module: nn.Module, args: tuple, output: torch.Tensor) -> None:
        nonlocal macs
        layers[type(module).__name__] += 1
        if isinstance(module, (_ConvNd, torch.nn.Linear)):
            macs += output.numel() * prod(module.weight.shape[1:])

    model = network(name, norm)
    hooks = [module.register_forward_hook(count) for module in model.modules()]
    with torch.device("meta"), torch.no_grad():
        model(torch.empty(1, *models.describe(name).input_size))
    for hook in hooks:
        hook.remove()
    parameters = sum(p.numel() for p in model.parameters())
    return Counts(name, norm, parameters, macs, {kind: layers[kind] for kind in KINDS})


def printed_sizes(published: Published) -> dict[str, tuple[float, str] | None]:
    """Parameters in millions as the original study prints them, and the source, by our network's name.

    The networks of the study are there in any case; None says that the file is damaged or lacks the size.
    """
    sizes = {row.arch: (row.value, row.source) for row in published.net_sizes.itertuples()}
    return {network.ours[0]: sizes.get(network.arch) for network in NETWORKS}


def printed_million(published: Published, name: str) -> str:
    """ "2.91 million", or that the value is missing."""
    size = printed_sizes(published)[name]
    return f"{size[0]} million" if size else "missing, its file is damaged"


COLUMNS = (
    Column("parameters", "parameters", note="{source}", show="{:,}".format),
    Column("million MACs", "million_macs", note="{source}, one image", show="{:,.2f}".format),
    *(Column(kind, lambda found, kind=kind: found.layers[kind], None, "{source}") for kind in KINDS),
)


def _rows(names: Sequence[str]) -> list[Counts]:
    return [counts(name, norm) for name in names for norm in models.describe(name).norms]


def cifar_view(names: Sequence[str], published: Published) -> pd.DataFrame:
    """One row per network and normalisation: parameters, operations, layers, and the size that the study prints."""
    printed = printed_sizes(published)
    size = Column("printed (million)", lambda found: _printed(found, printed))
    return view(_rows(names), (*COLUMNS, size), "{title}")


def cifar_table(published: Published) -> Html:
    """The networks for CIFAR."""
    caption = "Networks for CIFAR-10: parameters, operations for one image, layers."
    return table(cifar_view(with_images_of(32), published), caption, "cifar-networks", "Network")


def imagenet_table() -> Html:
    """The networks for ImageNet, whose sizes the study does not print."""
    caption = "Networks for ImageNet: parameters, operations for one image, layers."
    return table(view(_rows(with_images_of(224)), COLUMNS, "{title}"), caption, "imagenet-networks", "Network")


def _printed(found: Counts, printed: dict[str, tuple[float, str] | None]) -> Value:
    if found.name not in printed:
        return missing("not printed", "the original prints no size for this network")
    if printed[found.name] is None:
        return missing(MISSING_FILE, "the file of printed sizes is damaged or lacks this value", SOURCES_PAGE)
    size, source = printed[found.name]
    same = abs(found.parameters / 1e6 - size) < 0.01
    return Value(f"{size:.2f} {'=' if same else '≠'}", f"{source}; = within 0.01 million", SOURCES_PAGE, size)


def with_images_of(side: int) -> list[str]:
    """Networks that were defined for images of that height and width."""
    return [name for name in models.names() if models.describe(name).input_size[1] == side]


def descriptions() -> Prose:
    """What each network is and how it differs from its paper, from the docstring of its module."""
    return prose("\n\n".join(map(description, with_images_of(32) + with_images_of(224))))


def description(name: str) -> str:
    """The docstring of a network's module under a heading."""
    head, _, body = inspect.getdoc(importlib.import_module(f"ndcore.models.{name}")).partition("\n\n")
    return f"### {name}\n\n**{' '.join(head.split())}**\n\n{body}"
