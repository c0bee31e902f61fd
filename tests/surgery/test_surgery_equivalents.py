"""Layers and normalisations of other classes that compute the same, and normalisations in other places."""

from __future__ import annotations

import pytest
import torch
from surgery_helpers import conv_net, difference, outputs, randomize_norms, warm_up
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

import ndcore
from ndcore.layers import Delinear, FastDeconv

timm_layers = pytest.importorskip("timm.layers", reason="the extra `timm` is not installed")
X = torch.randn(4, 3, 11, 12, generator=torch.Generator().manual_seed(0))


def check(model: nn.Module, x: torch.Tensor, replaced: list[str], **options) -> nn.Module:
    """Converted and folded it computes what it did, and these modules were replaced. Returns the folded model."""
    randomize_norms(model)
    new, summary = ndcore.deconvolve(model, report=True, **options)
    assert [c.name for c in summary.replaced] == replaced
    assert difference(outputs(new, x), outputs(model, x)) < 1e-5
    warm_up(new, x)
    folded = ndcore.fold(new, example=x)
    assert difference(outputs(folded, x), outputs(new, x)) < 1e-5
    return folded


def test_timm_linear():
    model = nn.Sequential(nn.Flatten(), timm_layers.Linear(396, 4))
    folded = check(model, X, ["1"])
    assert {type(m).__module__.partition(".")[0] for m in folded.modules()} == {"torch"}


@pytest.mark.parametrize("geometry", [{}, {"stride": 2}, {"dilation": 3}, {"groups": 3}, {"stride": (2, 1)}])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 5), (1, 1)])
@pytest.mark.parametrize("side", [(11, 12), (8, 8)])
def test_timm_convolution_that_pads_by_size(geometry, kernel, side):
    x = torch.randn(2, 3, *side)
    model = nn.Sequential(timm_layers.Conv2dSame(3, 6, kernel, **geometry), nn.BatchNorm2d(6))
    folded = check(model, x, ["0", "1"])
    assert {type(m).__module__.partition(".")[0] for m in folded.modules()} == {"torch"}
    plain, summary = ndcore.fold(model, report=True, example=x)
    assert {type(m).__module__.partition(".")[0] for m in plain.modules()} == {"torch"}
    assert summary.notes == ()


def test_frozen_normalisation():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), FrozenBatchNorm2d(4))
    norm = model[1]
    for buffer in (norm.running_mean, norm.bias):
        buffer.normal_()
    for buffer in (norm.running_var, norm.weight):
        buffer.uniform_(0.5, 2)
    check(model, X, ["0", "1"])
    assert isinstance(ndcore.fold(model, example=X).get_submodule("0"), nn.Conv2d)


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 6), nn.BatchNorm1d(6))


def test_normalisation_after_a_linear_layer_goes_where_the_input_is_flattened():
    model = nn.Sequential(nn.Flatten(), nn.Linear(396, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 6),
                          nn.BatchNorm1d(6))  # fmt: skip
    check(model, X, ["1", "2", "4", "5"])
    folded = ndcore.fold(randomize_norms(model), example=X)
    assert not any(isinstance(m, nn.BatchNorm1d) for m in folded.modules())


def test_without_that_it_needs_an_example():
    x = torch.randn(7, 5)
    _, summary = ndcore.deconvolve(perceptron(), report=True)
    assert {c.note for c in summary.left} == {
        f"the input of {i} is not known to be (n, features): an example tells" for i in (0, 3)
    }
    check(perceptron(), x, ["0", "1", "3", "4"], example=x)


def test_normalisation_over_another_axis_stays():
    x = torch.randn(7, 6, 5)
    model = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6))
    for options in ({}, {"example": x}):
        check(model, x, ["0"], **options)


class Before(nn.Module):
    """Normalisations that stand before a layer of another module."""

    def __init__(self, padding: int = 0):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.BatchNorm2d(6))
        self.body = nn.Sequential(nn.Conv2d(6, 8, 3, padding=padding, groups=2), nn.ReLU())
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(8))
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.pool(self.body(self.stem(x))))


def test_normalisation_before_a_layer_that_does_not_pad_goes_into_it():
    check(Before(), X, ["stem.0", "stem.2", "body.0", "pool.2", "head"])
    new = ndcore.deconvolve(Before(), batch_norm="drop")
    assert isinstance(new.stem[2], nn.Identity)


def test_normalisation_before_a_layer_that_pads_stays_and_the_border_is_exact():
    check(Before(padding=1), X, ["stem.0", "body.0", "pool.2", "head"])


def test_these_layers_train():
    for model in (Before(), nn.Sequential(timm_layers.Conv2dSame(3, 4, 3, stride=2), nn.Flatten(), nn.LazyLinear(2))):
        model(X)
        new = ndcore.deconvolve(model).train()
        new(X).square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in new.parameters())
        assert sum(isinstance(m, (FastDeconv, Delinear)) for m in new.modules()) >= 2


def test_a_normalisation_with_hooks_before_a_layer_stays():
    model = randomize_norms(Before())
    model.stem[2].register_forward_hook(lambda _m, _x, y: y + 1)
    new = ndcore.deconvolve(model)
    assert isinstance(new.stem[2], nn.BatchNorm2d)
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5


def test_the_small_network_is_as_before():
    check(conv_net(), X, ["0", "1", "3", "4", "7"])
