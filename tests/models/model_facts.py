"""What the study's facts and golden files say about the networks, and how a network is read for comparison."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.modules.conv import _ConvNd
from torch.utils.flop_counter import FlopCounterMode

from ndcore import models
from ndcore.layers import Delinear, FastDeconv

FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
GOLDEN = FIXTURES / "golden"
FORWARD_ONLY = {"dpn92_bn"}
"""Golden files whose gradients are too slow to compare by default."""
LONG = {"densenet121_nd", "resnext29_nd", "resnet18_nd", "preact18_bn", "pnasneta_bn"}
"""Golden files that only the long run compares; of each family of networks another one is left."""
UNUSED_NORM = {"unused_norm.weight", "unused_norm.bias"}
DEAD = {"preact18_bn": UNUSED_NORM, "preact34_bn": UNUSED_NORM}
"""Parameters that get no gradient, as in the original network."""
PAIRS = [(name, norm) for name in models.names() for norm in models.describe(name).norms]


def golden_files() -> list:
    """The golden files as parameters of a test."""
    names = sorted(f.stem.removeprefix("model_") for f in GOLDEN.glob("model_*.npz") if f.stem != "model_input")
    slow = pytest.mark.slow
    return [pytest.param(GOLDEN / f"model_{n}.npz", id=n, marks=[slow] if n in LONG else []) for n in names]


@cache
def table(file_name: str) -> list[dict[str, str]]:
    with (FIXTURES / file_name).open(newline="") as file:
        return list(csv.DictReader(file, restval=""))


def classes(name: str) -> tuple[int, ...]:
    """Class counts that the study ran the network with."""
    return (10, 100) if models.describe(name).input_size[1] == 32 else (1000,)


@dataclass
class Reading:
    """A network as it is built, and as an evaluation step runs it."""

    counts: dict[str, int]
    layers: list[dict[str, str]]
    output: torch.Size


def read(name: str, norm: str, num_classes: int) -> Reading:
    """Build a network without memory for its tensors, and follow two images through it."""
    images = 2
    with FakeTensorMode():
        model = models.create(name, norm, num_classes).eval()
        layers: list[dict[str, str]] = []
        for module in model.modules():
            module.register_forward_hook(lambda m, args, out: layers.extend(describe(m, args[0], out)))
        with torch.no_grad(), FlopCounterMode(display=False) as flops:
            output = model(torch.empty(images, *models.describe(name).input_size))
    ops = flops.get_flop_counts()["Global"]
    # without the products that fold a whitening into weights, which are neither of these two operations
    forward_flops = ops.get(torch.ops.aten.convolution, 0) + ops.get(torch.ops.aten.addmm, 0)
    kinds = [layer["kind"] for layer in layers]
    counts = {
        "params": sum(p.numel() for p in model.parameters()),
        "buffer_elements": sum(b.numel() for b in model.buffers()),
        "macs_per_image": forward_flops // (2 * images),
        "n_batchnorm": kinds.count("BatchNorm2d"),
        "n_fastdeconv": kinds.count("FastDeconv"),
        "n_delinear": kinds.count("Delinear"),
    }
    return Reading(counts, layers, output.shape)


def describe(module: nn.Module, x: torch.Tensor, out: torch.Tensor) -> list[dict[str, str]]:
    """The row of `layers.csv` for a layer, or nothing where the table has none."""
    row: dict[str, Any]
    if isinstance(module, _ConvNd):
        row = {
            "in": module.in_channels,
            "out": module.out_channels,
            "kernel": _one(module.kernel_size),
            "stride": _one(module.stride),
            "padding": _one(module.padding),
            "groups": module.groups,
            "bias": int(module.bias is not None),
            "in_H": x.shape[2],
            "out_H": out.shape[2],
        }
    elif isinstance(module, nn.Linear):
        row = {"in": module.in_features, "out": module.out_features, "bias": int(module.bias is not None)}
    elif isinstance(module, nn.BatchNorm2d):
        row = {"in": module.num_features, "in_H": x.shape[2], "out_H": out.shape[2]}
    else:
        return []
    if isinstance(module, FastDeconv):
        assert (module.freeze_iter, module.eps, module.momentum) == (100, 1e-5, 0.1)
        row |= {
            "block": module.block,
            "num_features_d": module.num_features,
            "n_matrices": module.groups,
            "n_iter": module.n_iter,
            "freeze": int(module.freeze),
            "sampling_stride_effective": module.sampling_stride * _one(module.stride),
        }
    if isinstance(module, Delinear):
        assert (module.eps, module.momentum) == (1e-5, 0.1)
        row |= {"block": module.block, "num_features_d": module.block, "n_matrices": 1, "n_iter": module.n_iter}
        row |= {"freeze": 0}
    return [{"kind": type(module).__name__} | {key: str(value) for key, value in row.items()}]


def _one(pair: Any) -> int:
    assert pair[0] == pair[1]
    return pair[0]
