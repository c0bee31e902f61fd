"""`ndcore.fold`: the same outputs from plain layers, for every network of the package and for random ones."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from surgery_helpers import conv_net, difference, outputs, randomize_norms, warm_up
from torch import nn

import ndcore
from ndcore import models
from ndcore.errors import UserError

LARGE = {"vgg11_imagenet", "densenet121", "densenet121_imagenet", "preact34"}
NETWORKS = [
    pytest.param(name, norm, marks=[pytest.mark.slow] if name in LARGE and norm == "nd" else [])
    for name in models.names()
    for norm in models.describe(name).norms
    if norm != "none"
]


def classes_from_elsewhere(model: nn.Module) -> set[str]:
    return {type(m).__module__ for m in model.modules() if not type(m).__module__.startswith("torch.")}


@pytest.mark.parametrize(("name", "norm"), NETWORKS, ids=lambda value: value)
def test_every_network_folds(name, norm):
    torch.manual_seed(0)
    side = min(max(models.describe(name).sides[0], 16), 32)
    model = randomize_norms(models.create(name, norm, 10))
    warm_up(model, torch.randn(2, 3, side, side) + 0.5, torch.randn(2, 3, side, side) - 0.5)
    x = torch.randn(2, 3, side, side)
    folded, summary = ndcore.fold(model, report=True)
    assert difference(outputs(folded, x), outputs(model, x)) < 1e-5
    assert classes_from_elsewhere(folded) == set()
    assert not folded.training
    assert summary.notes == ()
    if norm == "nd":
        assert {c.was for c in summary.left} <= {"BatchNorm2d"}


@st.composite
def networks(draw) -> tuple[nn.Module, torch.Tensor]:
    """Two or three convolutions of random geometry, with or without batch normalisation, and an input."""
    torch.manual_seed(draw(st.integers(0, 9)))
    channels = first = 2 * draw(st.integers(1, 3))
    layers: list[nn.Module] = []
    for _ in range(draw(st.integers(2, 3))):
        groups = draw(st.sampled_from([1, 2, channels]))
        width = groups * draw(st.integers(1, 3))
        width += width % 2 * groups  # even, so that it can be grouped again
        layers.append(
            nn.Conv2d(
                channels, width, draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
                stride=draw(st.integers(1, 2)), padding=draw(st.tuples(st.integers(0, 2), st.integers(0, 2))),
                dilation=draw(st.integers(1, 2)), groups=groups, bias=draw(st.booleans()),
                padding_mode=draw(st.sampled_from(["zeros", "replicate"])),
            )
        )  # fmt: skip
        layers += [nn.BatchNorm2d(width)] * draw(st.booleans()) + [nn.ReLU()] * draw(st.booleans())
        channels = width
    layers += [nn.Flatten(), nn.LazyLinear(4)]
    x = torch.randn(3, first, 31, 29)  # 29 is what three kernels that reach over 5 at stride 2 need
    model = nn.Sequential(*layers)
    model(x)
    return randomize_norms(model), x


@settings(max_examples=25, deadline=None)
@given(networks(), st.sampled_from(["fold", "keep"]))
def test_random_networks_fold_and_the_border_is_exact(network, batch_norm):
    model, x = network
    converted = ndcore.deconvolve(model.double(), batch_norm=batch_norm, conv={"block": 4, "sampling_stride": 1})
    warm_up(converted, x.double(), 2 * x.double() + 1)
    folded = ndcore.fold(converted)
    assert classes_from_elsewhere(folded) == set()
    torch.testing.assert_close(outputs(folded, x.double()), outputs(converted, x.double()), rtol=1e-8, atol=1e-8)


def test_fold_of_batch_normalisation_alone_in_every_dimension():
    volumes = nn.Sequential(nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3), nn.ReLU(), nn.Conv3d(3, 2, 1, bias=False))
    sounds = nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Linear(5, 4), nn.BatchNorm1d(3))
    for model, x in ((volumes, torch.randn(2, 2, 4, 4, 4)), (sounds, torch.randn(2, 2, 6))):
        folded, summary = ndcore.fold(randomize_norms(model), report=True)
        assert [c.name for c in summary.replaced] == ["1"]
        assert difference(outputs(folded, x), outputs(model, x)) < 1e-5


def test_the_given_model_stays_as_it_is():
    model = ndcore.deconvolve(randomize_norms(conv_net()), exclude="1")
    warm_up(model, torch.randn(3, 3, 9, 9)).train()
    before = copy.deepcopy(model)
    ndcore.fold(model, example=torch.randn(2, 3, 9, 9))
    assert repr(model) == repr(before)
    assert model.training
    assert all(torch.equal(value, before.state_dict()[key]) for key, value in model.state_dict().items())


def test_a_model_that_was_never_trained_warns():
    with pytest.warns(UserWarning, match=r"untouched \(0, 3, 7\): this model was never trained"):
        ndcore.fold(ndcore.deconvolve(conv_net()))
    with pytest.warns(UserWarning, match="2 of 2 layers"):
        ndcore.fold(conv_net())


def test_shared_layers_ties_and_flags_survive():
    shared = nn.Conv2d(3, 3, 3, padding=1)
    model = ndcore.deconvolve(nn.Sequential(shared, nn.ReLU(), shared))
    model[0].weight.requires_grad_(False)
    x = torch.randn(2, 3, 6, 6)
    warm_up(model, x)
    folded = ndcore.fold(model)
    assert difference(outputs(folded, x), outputs(model, x)) < 1e-5
    assert len([m for m in folded.modules() if isinstance(m, nn.Conv2d)]) == 1
    assert not any(p.requires_grad for p in folded.parameters())


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = conv_net()

    def forward(self, x):
        return self.body(x) if x.sum() > 0 else -self.body(x)


def test_what_cannot_be_traced_is_exchanged_in_a_copy_and_said():
    model = ndcore.deconvolve(Branching())
    x = torch.randn(3, 3, 9, 9)
    warm_up(model, x)
    folded, summary = ndcore.fold(model, report=True)
    assert type(folded) is Branching
    assert "the forward of Branching cannot be traced" in str(summary)
    assert not any(type(m).__module__.startswith("ndcore") for m in folded.modules())
    for sign in (1, -1):
        assert difference(outputs(folded, sign * x.abs()), outputs(model, sign * x.abs())) < 1e-5


class Deceptive(nn.Module):
    """Tracing sees no tensor, and takes the other branch."""

    def __init__(self):
        super().__init__()
        self.body = conv_net()

    def forward(self, x):
        return 2 * self.body(x) if isinstance(x, torch.Tensor) else self.body(x)


def test_an_example_reveals_a_wrong_branch():
    model = warm_up(ndcore.deconvolve(Deceptive()), torch.randn(3, 3, 9, 9))
    with pytest.raises(UserError, match=r"the outputs of the example differ by 5\.0e-01"):
        ndcore.fold(model, example=torch.randn(2, 3, 9, 9))
    right = warm_up(ndcore.deconvolve(conv_net()), torch.randn(3, 3, 9, 9))
    ndcore.fold(right, example=(torch.randn(2, 3, 9, 9),))


class Optional(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = conv_net()

    def forward(self, x, scale=2.0, mask=None, flag=False):
        y = self.body(x if mask is None else x * mask) * scale
        return {"logits": -y if flag else y}


def test_optional_arguments_keep_their_defaults():
    model = warm_up(ndcore.deconvolve(Optional()), torch.randn(3, 3, 9, 9))
    x = torch.randn(2, 3, 9, 9)
    folded = ndcore.fold(model, example=x)
    assert difference(outputs(folded, x)["logits"], outputs(model, x)["logits"]) < 1e-5


def test_hooks_of_layers_survive():
    model = warm_up(ndcore.deconvolve(conv_net()), torch.randn(3, 3, 9, 9))
    model[7].register_forward_hook(double_output)
    x = torch.randn(2, 3, 9, 9)
    assert difference(outputs(ndcore.fold(model), x), outputs(model, x)) < 1e-5
    copied = ndcore.fold(copy.deepcopy(model))
    assert difference(outputs(copied, x), outputs(model, x)) < 1e-5


def double_output(_module, _inputs, output):
    return 2 * output
