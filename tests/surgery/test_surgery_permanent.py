"""Weights that hooks or parametrisations compute: fold takes the effective ones, deconvolve leaves such layers."""

from __future__ import annotations

import pytest
import torch
from surgery_helpers import conv_net, difference, outputs, randomize_norms, warm_up
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils import spectral_norm as old_spectral_norm

import ndcore
from ndcore.errors import UserError

X = torch.randn(4, 3, 11, 11, generator=torch.Generator().manual_seed(0))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def old_weight_norm(layer: nn.Module) -> nn.Module:
    return nn.utils.weight_norm(layer)


COMPUTED = {
    "pruned": lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    "pruned twice": lambda layer: prune.random_structured(
        prune.l1_unstructured(layer, "weight", 0.2), "weight", 0.2, dim=0
    ),
    "pruned bias": lambda layer: prune.l1_unstructured(layer, "bias", 0.5),
    "weight norm": old_weight_norm,
    "spectral norm": old_spectral_norm,
    "parametrised weight norm": parametrizations.weight_norm,
    "parametrised spectral norm": parametrizations.spectral_norm,
}
pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")


@pytest.mark.parametrize("compute", COMPUTED.values(), ids=COMPUTED)
@pytest.mark.parametrize("place", [0, 3, 7])
def test_fold_takes_the_weight_that_the_layer_multiplies_with(compute, place):
    torch.manual_seed(0)
    model = ndcore.deconvolve(
        randomize_norms(conv_net()), exclude="4", conv={"bias": True}
    )  # one normalisation stays, to be folded
    compute(model[place])
    model.train()(X).sum().backward()  # since then the weights have a history
    warm_up(model, X)
    folded = ndcore.fold(model, example=X)
    assert difference(outputs(folded, X), outputs(model, X)) < 1e-5
    names = {name.rpartition(".")[2] for name in folded.state_dict()}
    assert names == {"weight", "bias"}
    model.train()(X)  # the given model is whole
    assert not any(module._forward_pre_hooks for module in folded.modules())


@pytest.mark.parametrize("compute", COMPUTED.values(), ids=COMPUTED)
def test_deconvolve_leaves_it_also_after_a_forward_pass(compute):
    model = randomize_norms(conv_net())
    compute(model[0])
    model(X)
    new, summary = ndcore.deconvolve(model, report=True)
    assert [c.name for c in summary.left] == ["0", "1"]
    assert "computed from others" in summary.left[0].note
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5
    warm_up(new, X)
    assert difference(outputs(ndcore.fold(new), X), outputs(new, X)) < 1e-5


def doubled(module: nn.Module, _inputs: tuple) -> None:
    module.weight = 2 * module.part


def test_a_weight_that_something_unknown_computes_is_refused():
    model = ndcore.deconvolve(conv_net())
    part = model[0].weight
    del model[0].weight
    model[0].register_parameter("part", part)
    model[0].register_forward_pre_hook(doubled)
    warm_up(model, X)
    with pytest.raises(UserError, match=r"^0: its weight is no parameter, something outside torch computes it"):
        ndcore.fold(model)
