"""The networks of the study. One public module per network; its name is the network's name.

A module `ndcore/models/<name>.py` defines `build(norm, num_classes, **options) -> nn.Module` and says what it is:

    NORMS       normalisations that the network was defined with
    TITLE       what the study's tables call it
    INPUT_SIZE  (channels, height, width) of the images that it was defined for; (3, 32, 32) if not given
    SIDES       smallest and largest height and width that it can take, None for no limit; (25, 56) if not given, which
                is what three halvings and a 4×4 average pool leave

Nothing has to be registered: `names()` reads the folder, `describe()` and `create()` import one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ndcore.errors import UserError, unknown_name

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Description:
    """What is known of a network without building it."""

    name: str
    """One of `names()`."""
    title: str
    """Name in the study's tables; not unique, since the study ran several networks under one name."""
    norms: tuple[str, ...]
    """Normalisations that it can be built with."""
    input_size: tuple[int, int, int]
    """(channels, height, width) of the images that it was defined for."""
    sides: tuple[int, int | None]
    """Smallest and largest height and width of an image; None where there is no limit."""


@cache
def names() -> tuple[str, ...]:
    """Names of all networks, in alphabetical order. Does not import torch."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def describe(name: str) -> Description:
    """The `Description` of a network; an unknown name is a UserError."""
    module = _module(name)
    return Description(
        name=name,
        title=module.TITLE,
        norms=module.NORMS,
        input_size=getattr(module, "INPUT_SIZE", (3, 32, 32)),
        sides=getattr(module, "SIDES", (25, 56)),
    )


def create(name: str, norm: str = "bn", num_classes: int = 10, **options: int) -> nn.Module:
    """Build a freshly initialised network.

    Args:
        name: one of `names()`.
        norm: "bn", "nd" or "none", as far as the network has it.
        num_classes: outputs of the classifier, at least 1.
        options: `update_every`, `sampling_stride`, `block` and `n_iter` of a deconvolution, see
            `ndcore.models._normalization.Deconvolution`.

    Returns:
        A module that maps images (n, 3, h, w) to logits (n, num_classes), in training mode. It raises a UserError for
        images that it cannot take.

    Raises:
        UserError: unknown name, a normalisation that this network does not have, no classes, or options of a
            deconvolution for another normalisation.
    """
    module = _module(name)
    if not isinstance(num_classes, int) or num_classes < 1:
        raise UserError(f"num_classes={num_classes!r}: {name} needs at least 1 class")
    require_norm(name, norm)
    if options and norm != "nd":
        raise UserError(f"{', '.join(options)}: only a deconvolution has this, not norm {norm!r} of {name}")
    model = module.build(norm, num_classes, **options)
    model.register_forward_pre_hook(partial(_check_images, describe(name)), with_kwargs=True)
    return model


def load_original(name: str, norm: str, state_dict: Mapping[str, Any], num_classes: int | None = None) -> nn.Module:
    """Build a network with the weights of one that the published code trained.

        model = models.load_original("resnet18d", "nd", torch.load("checkpoint.pth")).eval()

    In evaluation it computes what the published network does. Number types below float32 become float32. What the
    published code does not save starts anew: a first layer with `freeze=True` has live statistics again.

    Args:
        name: one of `names()`.
        norm: as the checkpoint was trained.
        state_dict: of the published code, of tensors or arrays; or a checkpoint that has it as "state_dict" or "net".
            Names may have the "module." of `DataParallel`, and `num_batches_tracked` may be absent.
        num_classes: outputs of the classifier; None: as many as the state dict has.

    Returns:
        The network, as `create` gives it, on the CPU.

    Raises:
        UserError: an unknown name or norm, a network that the published code does not have, no state dict, or one
            whose names or shapes are not those of this network: then nothing is loaded.
    """
    from ndcore.models._original import load  # noqa: PLC0415  (loads torch)

    require_norm(name, norm)
    return load(name, norm, state_dict, num_classes, partial(create, name, norm))


def require_norm(name: str, norm: str) -> None:
    """Make sure that a network has a normalisation.

    Raises:
        UserError: unknown name, or a normalisation that this network does not have.
    """
    known = _module(name).NORMS
    if norm not in known:
        raise UserError(unknown_name(f"norm of {name}", norm, known))


def _module(name: str) -> ModuleType:
    if name not in names():
        raise UserError(unknown_name("architecture", name, names()))
    return importlib.import_module(f"{__name__}.{name}")


def _check_images(network: Description, model: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor]) -> None:
    """Forward hook of every network: without it wrong sizes fail somewhere inside, in words about pools or matrices."""
    shape = tuple((args or (kwargs["x"],))[0].shape)
    smallest, largest = network.sides
    if len(shape) != 4 or shape[1] != network.input_size[0]:
        raise UserError(f"{network.name}: needs images (n, {network.input_size[0]}, h, w), got {shape}")
    if min(shape[2:]) < smallest or (largest is not None and max(shape[2:]) > largest):
        limits = f"at least {smallest}" if largest is None else f"from {smallest} to {largest}"
        raise UserError(
            f"{network.name}: needs images {limits} pixels high and wide, got {shape[2]}×{shape[3]}; "
            f"it was defined for {network.input_size[1]}×{network.input_size[2]}"
        )
