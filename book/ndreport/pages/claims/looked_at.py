"""What the predicates look at: published values, the networks as they are built, and the newest benchmark."""

from __future__ import annotations

from functools import cache

from ndcore import models
from ndreport.evidence.claims.evidence import Counted, Evidence, Folded
from ndreport.material import Material
from ndreport.pages.networks import counts

CLASSES = 10
IMAGES = 4


def evidence_of(material: Material) -> Evidence:
    """Published values, the networks of `ndcore.models` as they are built, and the newest benchmark."""
    operations = {cost.name: cost.flops for cost in material.bench.costs if cost.flops}
    return Evidence(material.published, count=counted, fold=folded, operations=operations)


@cache
def counted(name: str, norm: str) -> Counted:
    """Parameters and layers of a network. Imports torch."""
    found = counts(name, norm)
    return Counted(found.parameters, found.layers)


@cache
def folded(name: str) -> Folded:
    """A network with ND, its statistics those of one batch of noise, before and after folding. Imports torch."""
    import torch  # noqa: PLC0415 - only this claim needs it

    from ndcore.layers import ChannelDeconv, Delinear, FastDeconv  # noqa: PLC0415
    from ndcore.surgery.folding import fold  # noqa: PLC0415

    normalising = (FastDeconv, Delinear, ChannelDeconv, torch.nn.modules.batchnorm._BatchNorm)
    size = (IMAGES, *models.describe(name).input_size)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = models.create(name, "nd", CLASSES)
        model(torch.randn(size))
        small, images = fold(model), torch.randn(size)
        expected, got = model.eval()(images), small(images)
    left = sum(isinstance(module, normalising) for module in small.modules())
    return Folded(left, float((got - expected).abs().max() / expected.abs().max()))
