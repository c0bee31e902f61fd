"""Which layer takes the place of which layer of torch."""

from __future__ import annotations

from torch import nn

from ndcore.layers import (
    Delinear,
    FastDeconv,
    FastDeconv1d,
    FastDeconv3d,
    FastDeconvTranspose1d,
    FastDeconvTranspose2d,
    FastDeconvTranspose3d,
)
from ndcore.layers.whitening_layer import WhiteningLayer

COUNTERPARTS: dict[type[nn.Module], type[WhiteningLayer]] = {
    nn.Conv2d: FastDeconv,
    nn.Linear: Delinear,
    nn.Conv1d: FastDeconv1d,
    nn.Conv3d: FastDeconv3d,
    nn.ConvTranspose1d: FastDeconvTranspose1d,
    nn.ConvTranspose2d: FastDeconvTranspose2d,
    nn.ConvTranspose3d: FastDeconvTranspose3d,
}
UNASKED = (nn.Conv2d, nn.Linear)
"""What is replaced wherever it stands; the others only where they are asked for."""


def plain_kind(layer: nn.Module) -> type[nn.Module] | None:
    """The class of torch that a layer is of, if it has a counterpart."""
    return next((kind for kind in COUNTERPARTS if isinstance(layer, kind)), None)


def own_kind(layer: WhiteningLayer) -> type[WhiteningLayer]:
    """The counterpart that a layer of this package is."""
    return next(kind for kind in COUNTERPARTS.values() if isinstance(layer, kind))
