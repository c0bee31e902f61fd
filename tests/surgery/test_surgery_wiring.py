"""Which normalisation goes: the one that surely follows; and which layers stay, because nobody calls them."""

from __future__ import annotations

import copy

import pytest
import torch
from surgery_helpers import difference, outputs, randomize_norms
from torch import nn
from torch.nn.utils import parametrizations, prune

import ndcore

X = torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.conv2, self.bn2 = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)


class Preactivation(Net):
    def forward(self, x):
        y = self.conv1(self.bn1(x).relu())
        return x + self.conv2(self.bn2(y).relu())


class UsedTwice(Net):
    def forward(self, x):
        y = self.conv1(x)
        return self.bn1(y) + y + self.bn2(self.conv2(x))


class SharedNorm(Net):
    def forward(self, x):
        return self.bn1(self.conv1(x)) + self.bn1(self.conv2(x))


class OnlyInTraining(Net):
    def forward(self, x):
        y = self.conv1(x)
        return self.bn1(y) if self.training else self.bn1(y) * y


class Branching(Net):
    """Cannot be traced; its blocks can."""

    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
        self.looped = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
        self.blocks = nn.ModuleList([copy.deepcopy(self.block)])

    def forward(self, x):
        x = self.block(x)
        if x.sum() > 0:
            x = self.bn1(self.conv1(x))
        for layer in (*self.blocks, *self.looped):
            x = layer(x)
        return x


class Remembers(Net):
    """A forward with side effects, and a default that is not None."""

    def forward(self, x, scale=1.0, mask=None):
        self.last = x
        return self.bn1(self.conv1(x)) * scale if mask is None else self.bn1(x)


@pytest.mark.parametrize(("kind", "removed"), [
    (Preactivation, ["bn2"]), (UsedTwice, ["bn2"]), (SharedNorm, []), (OnlyInTraining, []), (Remembers, ["bn1"]),
    (Branching, ["block.1", "blocks.0.1"]),
])  # fmt: skip
def test_only_a_norm_that_surely_follows_goes(kind, removed):
    torch.manual_seed(1)
    model = randomize_norms(kind())
    new, summary = ndcore.deconvolve(model, report=True)
    assert [c.name for c in summary.replaced if "BatchNorm" in c.was] == removed
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5
    assert {c.note for c in summary.left} <= {"not known to be the only thing that directly follows one convolution"}


def test_looking_at_a_model_leaves_nothing_behind_in_it():
    model = Remembers()
    ndcore.deconvolve(model, inplace=True)
    assert not hasattr(model, "last")
    assert model.training


def test_the_summary_names_arguments_that_had_their_default_values():
    _, summary = ndcore.deconvolve(Remembers(), report=True)
    assert any(note.startswith("the model was traced with the default values of scale, mask") for note in summary.notes)
    _, summary = ndcore.deconvolve(Remembers(), report=True, batch_norm="keep")
    assert not any("default values" in note for note in summary.notes)


def test_all_norms_can_be_dropped():
    new = ndcore.deconvolve(Preactivation(), batch_norm="drop-all")
    assert [type(m).__name__ for m in (new.bn1, new.bn2)] == ["Identity", "Identity"]


def test_layers_whose_weights_are_used_without_calling_them_stay():
    model = nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), nn.Linear(8, 3))
    new, summary = ndcore.deconvolve(model, report=True)
    assert [c.name for c in summary.replaced] == ["1"]
    assert {c.name for c in summary.left} == {"0.self_attn.out_proj", "0.linear1", "0.linear2"}
    x = torch.randn(2, 5, 8)
    assert difference(outputs(new, x), outputs(model, x)) < 1e-6


class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        self.seen, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

    @property
    def penalty(self):
        return self.inner[0].weight

    def forward(self, x):
        dtype = self.seen.weight.dtype
        if self.other.bias is not None:
            x = self.other(x)
        return self.helper(self.seen(self.inner(x.to(dtype))))

    def helper(self, x):
        return nn.functional.linear(x, self.other.weight)

    def init_weights(self):
        nn.init.zeros_(self.seen.weight)


def test_reads_are_found_in_what_forward_calls_and_nowhere_else():
    _, summary = ndcore.deconvolve(Mine(), report=True)
    assert [c.name for c in summary.left] == ["other"]


def test_subclasses_with_a_forward_of_their_own_stay():
    class Standardized(nn.Conv2d):
        def forward(self, x):
            return super().forward(x - x.mean())

    class Named(nn.Linear):
        pass

    model = nn.Sequential(Standardized(3, 4, 1), nn.Flatten(), Named(324, 2))
    _, summary = ndcore.deconvolve(model, report=True)
    assert [(c.name, c.now) for c in summary.changes] == [("0", None), ("2", "Delinear")]
    assert "forward of its own" in summary.left[0].note


def test_computed_weights_stay():
    normed = parametrizations.weight_norm(nn.Conv2d(3, 4, 1))
    pruned = prune.l1_unstructured(nn.Conv2d(4, 4, 1), "weight", 0.5)
    model = nn.Sequential(normed, nn.BatchNorm2d(4), pruned, nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))
    new, summary = ndcore.deconvolve(model, report=True, inplace=True)
    assert [c.name for c in summary.replaced] == ["4"]
    assert [isinstance(new[i], nn.BatchNorm2d) for i in (1, 3)] == [True, True]
    assert {c.note for c in summary.left if c.name == "0"} == {
        "its weight is computed from others (parametrised, normalised or pruned): make it permanent first"
    }
