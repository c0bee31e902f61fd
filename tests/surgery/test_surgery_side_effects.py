"""Models whose forward does more than compute: nothing of it happens at a conversion, and no loss is silent."""

from __future__ import annotations

import io

import pytest
import torch
from surgery_helpers import conv_net, difference, outputs, randomize_norms, warm_up
from torch import nn
from torchvision.ops import StochasticDepth

import ndcore
from ndcore.errors import UserError

X = torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(0))


class Counts(nn.Module):
    """Counts its calls in a buffer, an attribute, a list and its class, and keeps a feature."""

    total = 0
    log: list = []  # noqa: RUF012 (shared by all instances, that is the point)

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.register_buffer("steps", torch.zeros(()))
        self.calls, self.shapes, self.feature = 0, [], None

    def forward(self, x):
        self.steps += 1
        self.calls += 1
        self.shapes.append(x.shape)
        Counts.total += 1
        Counts.log.append(x)
        y = self.norm(self.conv(x))
        self.feature = y.relu()
        return self.feature.mean((2, 3))


def refused(model: nn.Module) -> nn.Module:
    with pytest.raises(UserError, match="nothing of Counts would be deconvolved"):
        ndcore.deconvolve(model, include=nn.Linear)
    return model


@pytest.mark.parametrize("task", [
    ndcore.deconvolve, lambda m: ndcore.deconvolve(m, inplace=True), lambda m: ndcore.deconvolve(m, example=X),
    ndcore.fold, refused,
])  # fmt: skip
def test_a_conversion_has_none_of_the_side_effects_of_a_forward_pass(task):
    model = randomize_norms(Counts())
    outputs(model, X)
    log, total, random = list(Counts.log), Counts.total, torch.get_rng_state()
    new = task(model)
    assert (int(model.steps), model.calls, len(model.shapes), Counts.total) == (1, 1, 1, total)
    assert [id(x) for x in Counts.log] == [id(x) for x in log]
    assert torch.equal(torch.get_rng_state(), random)
    torch.save(new, io.BytesIO())
    if isinstance(new, Counts):
        assert new.feature.shape == model.feature.shape
        assert (new.calls, int(new.steps)) == (1, 1)
        outputs(new, X)
        assert new.calls == 2


def test_harmless_counters_do_not_stop_a_graph_and_the_summary_names_what_is_not_written():
    model = warm_up(ndcore.deconvolve(Counts()), X)
    folded, summary = ndcore.fold(model, report=True, example=X)
    assert isinstance(folded, torch.fx.GraphModule)
    assert summary.notes == ("the forward pass does not write calls, feature, shapes, steps any more",)
    torch.save(folded, io.BytesIO())


class Stores(nn.Module):
    """What it keeps is the output of the convolution, before the normalisation."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.kept = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), {}

    def forward(self, x):
        self.kept["raw"] = self.conv(x)
        return self.norm(self.kept["raw"])


def test_a_stored_feature_keeps_its_meaning():
    model = randomize_norms(Stores())
    new, summary = ndcore.deconvolve(model, report=True)
    assert isinstance(new.norm, nn.BatchNorm2d)
    assert [c.name for c in summary.left] == ["norm"]
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5
    assert difference(new.kept["raw"], model.kept["raw"]) < 1e-5


class Replaced(nn.Module):
    """Writes a buffer with what it computes, which a tracer refuses by itself."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        y = self.norm(self.conv(x))
        self.mean = y.mean((0, 2, 3)).detach()
        return y


def test_a_written_buffer_hides_no_normalisation():
    model = randomize_norms(Replaced())
    assert isinstance(ndcore.deconvolve(model).norm, nn.Identity)
    folded, summary = ndcore.fold(model, report=True, example=X)
    assert [c.name for c in summary.replaced] == ["norm"]
    assert summary.notes == ("the forward pass does not write mean any more",)
    assert difference(outputs(folded, X), outputs(model, X)) < 1e-5


class Remembers(nn.Module):
    """Its output depends on the calls before."""

    def __init__(self):
        super().__init__()
        self.body, self.state, self.calls = conv_net(), 0.0, 0

    def forward(self, x):
        self.calls += 1
        self.state = 0.5 * self.state + self.body(x)
        return self.state * self.calls


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = conv_net()

    def forward(self, x):
        return self.body(x) + torch.randn(5)


@pytest.mark.parametrize("kind", [Remembers, Noisy])
def test_a_forward_that_is_not_the_same_at_every_call_does_not_become_a_graph(kind):
    model = warm_up(ndcore.deconvolve(kind()), X)
    folded, summary = ndcore.fold(model, report=True, example=X)
    assert type(folded) is kind
    assert "is not the same at every call" in summary.notes[0]
    for _ in range(2):
        torch.manual_seed(0)
        expected = outputs(model, X)
        torch.manual_seed(0)
        assert difference(outputs(folded, X), expected) < 1e-5


class Caches(nn.Module):
    """Computes a table from its weights at the first call in evaluation, as several transformers of timm do."""

    def __init__(self, of_input: bool = False):
        super().__init__()
        self.body, self.table = conv_net(), nn.Parameter(torch.randn(3, 5))
        self.cache, self.of_input = {}, of_input

    def forward(self, x):
        y = self.body(x)
        if "table" not in self.cache:
            self.cache["table"] = y if self.of_input else self.table[[0, 2]].sum(0)
        return y + self.cache["table"]


def test_a_cached_table_does_not_stop_a_graph_and_a_cached_input_does():
    model = warm_up(ndcore.deconvolve(Caches()), X)
    folded, summary = ndcore.fold(model, report=True, example=X)
    assert isinstance(folded, torch.fx.GraphModule)
    assert summary.notes == ()  # the cache was full already, nothing is written
    fresh = ndcore.fold(randomize_norms(Caches()), report=True, example=X)
    assert isinstance(fresh[0], torch.fx.GraphModule)
    assert fresh[1].notes == ("the forward pass does not write cache any more",)
    kept, summary = ndcore.fold(randomize_norms(Caches(of_input=True)), report=True)
    assert type(kept) is Caches
    assert "is not the same at every call" in summary.notes[0]


def test_hooks_see_no_proxies_and_what_they_saw_before():
    model = randomize_norms(nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4)))
    seen = []
    model[0].register_forward_hook(lambda _m, _x, y: seen.append(y))
    new = ndcore.deconvolve(model)
    assert seen == []
    for network in (model, new):
        outputs(network, X)
    assert difference(seen[1], seen[0]) < 1e-5
    folded, summary = ndcore.fold(new.train(False) if warm_up(new, X) else new, report=True)
    assert type(folded) is nn.Sequential
    assert "no graph runs the hooks of 0" in summary.notes[0]


def test_a_model_after_training_can_be_copied_with_the_features_it_keeps():
    model = Counts()
    model(X.clone().requires_grad_())
    assert model.feature.grad_fn is not None
    assert difference(ndcore.deconvolve(model).feature, model.feature.detach()) == 0


def test_a_nan_model_is_named_so():
    model = warm_up(ndcore.deconvolve(conv_net()), X)
    model[0].weight.data[0, 0, 0, 0] = torch.nan
    with pytest.raises(UserError, match="are NaN in the given model already"):
        ndcore.fold(model, example=X)


def test_outputs_that_are_no_floats_or_infinite_are_compared_too():
    class Labels(nn.Sequential):
        def forward(self, x):
            y = super().forward(x)
            return y.argmax(1), y.log(), y > 0, "a label"

    model = warm_up(ndcore.deconvolve(Labels(*conv_net(), nn.ReLU())), X)
    ndcore.fold(model, example=X)


class Options(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = conv_net()

    def forward(self, x_1, x=None, mask=None):
        return self.body(x_1 if mask is None else x_1 * mask)


def test_lost_optional_arguments_are_named():
    folded, summary = ndcore.fold(warm_up(ndcore.deconvolve(Options()), X), report=True, example=X)
    assert summary.notes == ("the optional arguments x, mask have their default values and are no inputs any more",)
    with pytest.raises(TypeError, match="mask"):
        folded(X, mask=X)


def test_hooks_of_the_whole_model_are_named():
    model = warm_up(ndcore.deconvolve(conv_net()), X)
    model.register_forward_hook(lambda _m, _x, y: y + 1)
    assert ndcore.fold(model, report=True)[1].notes == ("the hooks of the whole model are not in it",)


class Elsewhere(nn.Module):
    """A part that cannot be traced and has no layer."""

    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_what_must_be_installed_is_named():
    model = warm_up(ndcore.deconvolve(nn.Sequential(conv_net(), Elsewhere(), nn.ReLU())), X)
    folded, summary = ndcore.fold(model, report=True, example=X)
    assert isinstance(folded, torch.fx.GraphModule)
    package = __name__.partition(".")[0]
    assert summary.notes == (f"to load it, {package} must be there: Elsewhere cannot be traced into",)


def test_functions_that_ask_to_be_nodes_are_traced_into():
    body = nn.Sequential(conv_net(), StochasticDepth(0.5, "row"))
    folded, summary = ndcore.fold(warm_up(ndcore.deconvolve(body), X), report=True, example=X)
    assert summary.notes == ()
    assert not [node for node in folded.graph.nodes if "stochastic" in str(node.target)]
