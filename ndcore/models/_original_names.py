"""What the published code calls the parts of each network.

Parameters and buffers of a layer have the same names and shapes here and there; the layers have not. A network here is
a stem, one sequence of blocks and a classifier; there, blocks mostly lie in one sequence per stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ndcore.errors import UserError
from ndcore.models._dense import DEPTHS as DENSE_DEPTHS
from ndcore.models.dpn92 import PLAN as DPN_PLAN
from ndcore.models.pnasneta import CELLS, WIDTHS
from ndcore.models.vgg11_imagenet import PLAN as VGG11_PLAN
from ndcore.models.vgg16 import PLAN as VGG16_PLAN

OWN = {"efficientnet_full": "efficientnet", "resnet18d_full": "resnet18d"}
"""Networks that the published code cannot build, and the published one that each varies."""
RESNET_DEPTHS = (2, 2, 2, 2)
NORMS = {"norm1": "bn1", "norm2": "bn2"}
BODY = {"body.0": "conv1", "body.1": "bn1", "body.3": "conv2", "body.4": "bn2", "body.6": "conv3", "body.7": "bn3"}
GATE = {"gate.fc1": "fc1", "gate.fc2": "fc2"}


@dataclass(frozen=True)
class Names:
    """Names of the published code, where they differ."""

    network: Mapping[str, str] = field(default_factory=dict)
    """Of parts of the network, by their names here."""
    sequence: str = ""
    """The sequence of blocks here."""
    blocks: tuple[str, ...] = ()
    """Of its entries."""
    block: Mapping[str, str] = field(default_factory=dict)
    """Of parts of an entry."""

    def key(self, own: str) -> str:
        """The published key of a state dict for the key here."""
        module, _, tensor = own.rpartition(".")
        sequence, _, entry = module.partition(".")
        if self.blocks and sequence == self.sequence:
            index, _, part = entry.partition(".")
            module = ".".join(filter(None, (self.blocks[int(index)], self.block.get(part, part))))
        else:
            module = self.network.get(module, module)
        return f"{module}.{tensor}"


def published_names(name: str, norm: str) -> Names:  # noqa: PLR0911 (one per family)
    """The names of a network.

    Raises:
        UserError: the published code has no such network.
    """
    if name in OWN:
        raise UserError(f"{name}: the published code has no such network; the nearest of it is {OWN[name]!r}")
    if norm != "nd" and name.endswith("_imagenet"):
        return Names()  # torchvision's own
    if name in ("vgg16", "vgg11_imagenet"):
        return Names(sequence="features", blocks=_features(VGG16_PLAN if name == "vgg16" else VGG11_PLAN, norm))
    if name == "densenet121":
        return Names(_top("linear"), "trunk", _dense("dense{stage}.{layer}", 0, "trans{stage}"), NORMS)
    if name == "densenet121_imagenet":
        blocks = _dense("features.denseblock{stage}.denselayer{layer}", 1, "features.transition{stage}")
        return Names({"stem": "features.conv0"}, "trunk", blocks)
    if name == "pnasneta":
        cell = {"depthwise": "sep_conv1.conv1", "norm": "sep_conv1.bn1", "pool.1": "conv1", "pool.2": "bn1"}
        return Names(_top("linear"), "cells", _cells(), cell)
    if name in ("mobilenetv2", "efficientnet"):
        top = _top("linear", head="conv2", head_norm="bn2")
        return Names(top, "stages", tuple(f"layers.{i}" for i in range(17)), BODY | GATE)
    if name in ("resnext29", "dpn92"):
        depths = (3, 3, 3) if name == "resnext29" else [depth for *_, depth, _ in DPN_PLAN]
        shortcut = {"shortcut.0": "shortcut"} if (name, norm) == ("dpn92", "nd") else {}
        return Names(_top("linear"), "stages", _layers(depths), BODY | shortcut)
    if name in ("preact18", "preact34", "senet18"):
        depths = (3, 4, 6, 3) if name == "preact34" else RESNET_DEPTHS
        shortcut = {"shortcut": "shortcut.0"} if norm == "bn" else {}
        return Names(_top("linear", unused_norm="bn1"), "stages", _layers(depths), NORMS | GATE | shortcut)
    if name == "resnet18":
        return Names(_top("linear"), "stages", _layers(RESNET_DEPTHS), NORMS)
    downsample = {"shortcut.0": "downsample.0", "shortcut.1": "downsample.1"}  # resnet18d, resnet18_imagenet
    return Names(_top("fc"), "stages", _layers(RESNET_DEPTHS), NORMS | downsample)


def _top(classifier: str, **more: str) -> dict[str, str]:
    return {"stem": "conv1", "norm": "bn1", "classifier": classifier, **more}


def _layers(depths: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"layer{stage}.{i}" for stage, depth in enumerate(depths, 1) for i in range(depth))


def _cells() -> tuple[str, ...]:
    """Cells in sequences, reduction cells between them."""
    names: list[str] = []
    for width in range(len(WIDTHS)):
        names += [f"layer{2 * width}"] * (width > 0)
        names += [f"layer{2 * width + 1}.{i}" for i in range(CELLS)]
    return tuple(names)


def _features(plan: Iterable[int | str], norm: str) -> tuple[str, ...]:
    """Here a convolution, a normalisation, if only in name, and ReLU; there no place is left for one that is none."""
    names: list[str] = []
    place = 0
    for width in plan:
        there = (True,) if width == "pool" else (True, norm == "bn", True)
        for is_there in there:
            names.append(f"features.{place}" if is_there else "")
            place += is_there
    return tuple(names)


def _dense(layer: str, first: int, transition: str) -> tuple[str, ...]:
    """Dense layers; between stages normalisation, ReLU, convolution, pool; normalisation and ReLU at the end.

    Args:
        layer: with places for the stage, counted from 1, and for the layer, counted from `first`.
        transition: with a place for the stage before it.
    """
    names: list[str] = []
    for stage, depth in enumerate(DENSE_DEPTHS, 1):
        if stage > 1:
            between = transition.format(stage=stage - 1)
            names += [f"{between}.bn", "", f"{between}.conv", ""]
        names += [layer.format(stage=stage, layer=i + first) for i in range(depth)]
    return (*names, "bn", "")
