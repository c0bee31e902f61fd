"""Weights that are used without calling their layer, in whatever way they are reached: such layers stay."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from surgery_helpers import difference, outputs
from torch import nn

import ndcore
from ndcore.errors import UserError

X = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


class Reads(nn.Module):
    def __init__(self, branches: bool = False):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.head = nn.Linear(4, 4)
        self.branches = branches

    def forward(self, x):
        if self.branches and x.sum() > 1e9:
            return x
        return self.read(self.head(x))


class ByGetattr(Reads):
    def read(self, x):
        return F.linear(x, getattr(self.layers, "0").weight)


class ByIndex(Reads):
    def read(self, x):
        for i in range(2):
            x = F.linear(x, self.layers[i].weight, self.layers[i].bias)
        return x


class ByList(Reads):
    def read(self, x):
        return x @ next(iter(self.layers.parameters())).T


class ByAll(Reads):
    def read(self, x):
        return F.linear(x, list(self.parameters())[0])  # noqa: RUF015 (that is the point)


class ByName(Reads):
    def read(self, x):
        return F.linear(x, getattr(self.layers[0], "weight"))  # noqa: B009 (that is the point)


READERS = (ByGetattr, ByIndex, ByList, ByAll, ByName)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("branches", [False, True])
@pytest.mark.parametrize("example", [None, X])
def test_a_layer_whose_weight_is_read_is_never_counted_as_converted(kind, branches, example):
    model = kind(branches)
    if branches and example is None:  # nothing is known: all layers of it stay, and the refusal says why
        with pytest.raises(UserError, match=rf"{kind.__name__} cannot be traced and reads"):
            ndcore.deconvolve(model)
        return
    new, summary = ndcore.deconvolve(model, report=True, example=example)
    assert "layers.0" in [c.name for c in summary.left]
    assert "head" in [c.name for c in summary.replaced]
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5


class AsksOnly(Reads):
    def read(self, x):
        for layer in self.layers:
            x = layer(x.to(layer.weight.dtype)).view(-1, layer.weight.shape[0])
        return x


@pytest.mark.parametrize("branches", [False, True])
def test_asking_for_a_shape_is_no_use(branches):
    _, summary = ndcore.deconvolve(AsksOnly(branches), report=True)
    assert len(summary.replaced) == 3


def test_a_layer_that_nobody_calls_is_said_to_be_so():
    model = nn.Sequential(nn.Linear(4, 4))
    model[0].spare = nn.Linear(4, 4)
    model.append(AsksOnly())
    model[1].unused = nn.Linear(4, 4)
    _, summary = ndcore.deconvolve(model, report=True)
    assert [c.name for c in summary.replaced if "not called" in c.note] == ["0.spare", "1.unused"]
