"""Every network computes what the original one computes: logits, loss and gradients of the golden files.

A golden file is one run of the original network on 32 images: train-mode logits, loss, the norm of every layer's weight
gradient, and the eval-mode logits afterwards. Weights are a function of the layer's place in the order of execution, so
a wrong order shows as well. In float64 all 18 networks agree within 6e-12 relative, but that takes minutes: by default
the slow ones run in float32, within five times the original's own rounding, and dpn92 without its backward pass. To run
everything in float64:

    NDCORE_FULL_PARITY=1 pytest tests/models/test_model_golden.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from model_facts import DEAD, FORWARD_ONLY, GOLDEN, golden_files
from torch import nn
from torch.nn.modules.conv import _ConvNd

from ndcore import models

FULL = bool(os.environ.get("NDCORE_FULL_PARITY"))
FLOAT64 = {"resnet18d_bn", "resnet18d_nd", "mobilenetv2_bn", "efficientnet_bn"}


@pytest.fixture(scope="module")
def images() -> tuple[torch.Tensor, torch.Tensor]:
    stored = np.load(GOLDEN / "model_input.npz")
    return torch.from_numpy(stored["x"]), torch.from_numpy(stored["y"])


@pytest.mark.parametrize("file", golden_files())
def test_network_computes_what_the_original_computes(file: Path, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    network = file.stem.removeprefix("model_")
    double = FULL or network in FLOAT64
    golden = np.load(file)
    config = json.loads(str(golden["config"]))
    x, labels = images
    x = x.to(torch.float64 if double else torch.float32)
    model = models.create(config["network"], config["norm"], num_classes=10).to(x.dtype)
    layers = execution_order(model, x[:1])
    assert len(layers) == len(config["exec_order"])
    fill(layers)

    logits = model.train()(x)
    loss = F.cross_entropy(logits, labels)
    scale = {"train": 1e-6, "eval": 1e-6, "gradient": 1e-6} if double else float32_error(golden)
    assert error(logits, golden["logits_train"]) < scale["train"]
    assert loss.item() == pytest.approx(float(golden["loss"]), rel=scale["train"])
    if FULL or network not in FORWARD_ONLY:
        loss.backward()
        norms = torch.stack([layer.weight.grad.norm() for layer in layers])
        assert (norms / torch.from_numpy(golden["grad_norms"]) - 1).abs().max() < scale["gradient"]
        without = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()}
        assert without == DEAD.get(network, set())
    with torch.no_grad():
        assert error(model.eval()(x), golden["logits_eval"]) < scale["eval"]


def execution_order(model: nn.Module, x: torch.Tensor) -> list[nn.Module]:
    """Convolutions and linear layers in the order in which an evaluation step runs them."""
    layers: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(lambda module, args, out: layers.append(module))
        for module in model.modules()
        if isinstance(module, (_ConvNd, nn.Linear))
    ]
    with torch.no_grad():
        model.eval()(x)
    for hook in hooks:
        hook.remove()
    return layers


@torch.no_grad()
def fill(layers: list[nn.Module]) -> None:
    """The golden files' weights: He's initialisation of numbers that anyone can draw again."""
    for t, layer in enumerate(layers):
        fan_in = layer.weight[0].numel()
        weight = np.random.RandomState(1000 + t).standard_normal(layer.weight.numel())
        layer.weight.copy_(torch.from_numpy(np.sqrt(2 / fan_in) * weight).view_as(layer.weight))
        if layer.bias is not None:
            bias = np.random.RandomState(5000 + t).standard_normal(layer.bias.numel())
            layer.bias.copy_(torch.from_numpy(0.1 * bias))


def error(got: torch.Tensor, expected: np.ndarray) -> float:
    """Largest deviation, relative to the largest value."""
    return float(np.abs(got.detach().numpy() - expected).max() / np.abs(expected).max())


def float32_error(golden: np.lib.npyio.NpzFile) -> dict[str, float]:
    """Five times what the original network loses from float64 to float32, by which its rounding is measured."""
    return {
        "train": 5 * error(torch.from_numpy(golden["logits_train_f32"]), golden["logits_train"]),
        "eval": 5 * error(torch.from_numpy(golden["logits_eval_f32"]), golden["logits_eval"]),
        "gradient": 5 * float(np.abs(golden["grad_norms_f32"] / golden["grad_norms"] - 1).max()),
    }
