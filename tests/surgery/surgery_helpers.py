"""Small networks and measures that the tests of `ndcore.surgery` share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ndcore.layers import Delinear, FastDeconv


def conv_net(**first) -> nn.Sequential:
    """conv, bn, ReLU, conv, bn, pool, linear: 3 channels to 5 classes; keywords go to the first convolution."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, **first),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 12, 3, bias=False),
        nn.BatchNorm2d(12),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 5),
    )


def randomize_norms(model: nn.Module) -> nn.Module:
    """Statistics and affine parameters of every batch normalisation as after a training."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            if module.running_var is not None:
                module.running_mean.normal_()
                module.running_var.uniform_(0.3, 3)
            if module.affine:
                nn.init.uniform_(module.weight, -1.5, 1.5)
                nn.init.normal_(module.bias)
    return model


def warm_up(model: nn.Module, *batches: Tensor) -> nn.Module:
    """Training-mode passes that fill the running statistics.

    One Newton–Schulz iteration, the cheap one, is enough; every position of a map counts, since a stride of 3 leaves
    a single one of two maps of one pixel.
    """
    quick = {"n_iter": 1, "sampling_stride": 1}
    layers = [m for m in model.modules() if isinstance(m, (FastDeconv, Delinear))]
    kept = [{name: getattr(layer, name) for name in quick if hasattr(layer, name)} for layer in layers]
    for layer, own in zip(layers, kept, strict=True):
        vars(layer).update({name: quick[name] for name in own})
    with torch.no_grad():
        for batch in batches:
            model.train()(batch)
    for layer, own in zip(layers, kept, strict=True):
        vars(layer).update(own)
    return model.eval()


@torch.no_grad()
def outputs(model: nn.Module, x: Tensor) -> Tensor:
    return model.eval()(x)


def difference(a: Tensor, b: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    return ((a - b).abs().max() / b.abs().max()).item()
