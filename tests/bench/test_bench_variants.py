"""The variants train the networks that their names say, the way that their names say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ndcore.bench import breakdown, variants
from ndcore.bench.rows import PHASES, VARIANTS
from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.reference import ReferenceDelinear, ReferenceFastDeconv

CPU = torch.device("cpu")


def layers(variant: variants.Variant) -> list[nn.Module]:
    return [module for module in variant.model.modules() if isinstance(module, (FastDeconv, Delinear))]


@pytest.fixture(scope="module")
def built():
    return {variant.name: variant for variant in variants.build("efficientnet", VARIANTS, 4, CPU)}


def test_every_network_of_the_study_has_every_variant():
    assert variants.available("vgg16") == VARIANTS
    assert variants.available("resnet18d_full") == ("nd", "nd-every4", "none", "nd-original")


def test_layers_of_the_variants(built):
    assert not layers(built["bn"])
    assert not layers(built["bn-original"])
    assert not layers(built["none"])
    assert not any(isinstance(module, nn.BatchNorm2d) for module in built["none"].model.modules())
    assert {type(layer) for layer in layers(built["nd"])} == {FastDeconv, Delinear}
    assert {type(layer) for layer in layers(built["nd-original"])} == {ReferenceFastDeconv, ReferenceDelinear}
    assert {type(layer): layer.update_every for layer in layers(built["nd-every4"])} == {FastDeconv: 4, Delinear: 1}
    assert {layer.update_every for layer in layers(built["nd"])} == {1}


def test_the_original_way_is_that_of_the_published_code(built):
    for name, variant in built.items():
        last = torch.contiguous_format if variant.original else torch.channels_last
        assert variant.images.is_contiguous(memory_format=last), name
        assert variant.optimizer.defaults["fused"] is (None if variant.original else True), name


def test_variants_start_from_the_same_weights_and_see_the_same_images(built):
    for one, other in (("nd", "nd-original"), ("bn", "bn-original"), ("nd", "nd-every4")):
        assert torch.equal(built[one].images, built[other].images)
        for a, b in zip(built[one].model.parameters(), built[other].model.parameters(), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_sample_trains(built, name):
    variant = built[name]
    before = [parameter.detach().clone() for parameter in variant.model.parameters()]
    variant.sample()
    assert all(parameter.grad is None for parameter in variant.model.parameters())
    assert all(parameter.isfinite().all() for parameter in variant.model.parameters())
    moved = [not torch.equal(a, b) for a, b in zip(before, variant.model.parameters(), strict=True)]
    assert all(moved)


def test_building_leaves_the_random_numbers_as_they_are():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    variants.build("efficientnet", ["bn"], 2, CPU)
    assert torch.equal(torch.rand(1), expected)


def test_the_phases_of_every_distinct_layer_are_timed(monkeypatch):
    monkeypatch.setattr(breakdown, "REPETITIONS", 1)
    model = nn.Sequential(
        FastDeconv(3, 8, 3, padding=1), FastDeconv(8, 8, 3, padding=1), FastDeconv(8, 8, 3, padding=1),
        nn.Conv2d(8, 4, 1), nn.Flatten(), Delinear(4 * 64, 10, block=16),
    )  # fmt: skip
    shown = []
    found = breakdown.measure_layers(model, torch.randn(16, 3, 8, 8), lambda *what: shown.append(what))
    assert [(times.work.name, times.count) for times in found] == [("0", 1), ("1", 2), ("5", 1)]
    assert shown == [("0", 0), ("1", 1 / 3), ("5", 2 / 3)]
    for times in found:
        assert set(times.forward) == set(PHASES)
        assert all(0 < times.forward[phase] <= times.forward_backward[phase] for phase in PHASES)
    at_image = found[0]
    for phase in ("covariance", "root"):
        assert at_image.forward[phase] == at_image.forward_backward[phase]
        assert found[1].forward[phase] < found[1].forward_backward[phase]
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_phases_together_are_what_a_layer_computes():
    torch.manual_seed(0)
    layer, x = FastDeconv(4, 6, 3, padding=1), torch.randn(8, 4, 9, 9)
    seen, mean, covariance = layer.batch_statistics(x)
    y = layer.transform(seen, *layer.folded(mean, layer.inverse_root(covariance)))
    torch.testing.assert_close(y, layer(x))
