"""The networks of the study. One public module per network; its name is the network's name.

A module `ndcore/models/<name>.py` defines `build(norm, num_classes) -> nn.Module` and `NORMS`, the normalisations that
the network was defined with. Nothing has to be registered: `names()` reads the folder, `create()` imports one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from ndcore.errors import UserError, unknown_name

if TYPE_CHECKING:
    from torch import nn


@cache
def names() -> tuple[str, ...]:
    """Names of all networks, in alphabetical order. Does not import torch."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def create(name: str, norm: str = "bn", num_classes: int = 10) -> nn.Module:
    """Build a freshly initialised network.

    Args:
        name: one of `names()`.
        norm: "bn", "nd" or "none", as far as the network has it.
        num_classes: outputs of the classifier, at least 1.

    Returns:
        A module that maps images (n, 3, h, w) to logits (n, num_classes), in training mode.

    Raises:
        UserError: unknown name, a normalisation that this network does not have, or no classes.
    """
    if name not in names():
        raise UserError(unknown_name("architecture", name, names()))
    if not isinstance(num_classes, int) or num_classes < 1:
        raise UserError(f"num_classes={num_classes!r}: {name} needs at least 1 class")
    module = importlib.import_module(f"{__name__}.{name}")
    if norm not in module.NORMS:
        raise UserError(unknown_name(f"norm of {name}", norm, module.NORMS))
    return module.build(norm, num_classes)
