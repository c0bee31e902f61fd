"""The arithmetic of a step, against hand calculations and against the counts of the study's specification."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ndcore import models
from ndcore.bench import arithmetic
from ndcore.layers import Delinear, FastDeconv

BATCH = 128
COUNTS = {
    # forward, batch 128, deconvolution layers only: convolution, covariance, fold; root: FLOP of one product per layer
    # and iteration. From the cost summary of the specification (ARCHITECTURES.md §4), whose root has 3 products.
    "vgg16": (80179625984, 36017049856, 16949800064, 72825374670),
    "resnet18": (142188216320, 82868269312, 12682620032, 95780143770),
    "resnet18d": (9476243456, 9272624128, 12685292672, 96065440350),
    "densenet121": (227417784320, 249240154368, 2945281152, 336826466970),
    "mobilenetv2": (23335665664, 3127514112, 370369024, 692689524),
    "pnasneta": (7177691136, 38665957792, 11414040, 7155655740),
    "efficientnet": (227311616, 48795904, 2094656, 984220980),
}


def images(batch: int = BATCH) -> torch.Tensor:
    return torch.empty(batch, 3, 32, 32)


@pytest.mark.parametrize("arch", COUNTS)
def test_the_counts_are_those_of_the_specification(arch):
    works = [work for work in arithmetic.survey(models.create(arch, "nd"), images()) if work.statistics]
    convolution, covariance, fold, root = COUNTS[arch]
    for phase, expected in (("convolution", convolution), ("covariance", covariance), ("fold", fold)):
        assert sum(work.forward[phase] for work in works) == expected, phase
    products = [2 * work.statistics.matrices * work.statistics.size**3 for work in works]
    assert sum(3 * work.layer.n_iter * p for work, p in zip(works, products, strict=True)) == root
    assert [work.at_image for work in works] == [True] + [False] * (len(works) - 1)


def test_a_step_by_hand():
    """A layer at the image and one behind it: 6×6 images, 2 of them; 3 → 4 → 8 channels, 10 classes."""
    model = nn.Sequential(
        FastDeconv(3, 4, 3, padding=1, n_iter=2), nn.ReLU(), FastDeconv(4, 8, 1, stride=2, groups=2, n_iter=3),
        nn.Flatten(), Delinear(72, 10, block=24),
    )  # fmt: skip
    flop = arithmetic.step_flop(arithmetic.survey(model, images(2)[..., :6, :6]))
    first, second, third = 2 * (2 * 4 * 36) * 27, 2 * (2 * 8 * 9) * 2, 2 * (2 * 10) * 72
    assert flop["convolution"] == 2 * first + 3 * second + 3 * third
    # vectors: 2 × 2 positions of 2 images; every 36th of 72 pixels; 3 blocks of 2 rows
    covariance = (2 * 8 * 27**2, 2 * 2 * 2 * 2**2, 2 * 6 * 24**2)
    assert flop["covariance"] == covariance[0] + 2 * covariance[1] + 2 * covariance[2]
    root = (3 * 2 * 27**3, (6 + 8) * 2 * 2 * 2**3, (12 + 16) * 2 * 24**3)
    assert flop["root"] == sum(root)
    fold = (2 * 4 * 27 * 27, 2 * 8 * 2 * 2, 2 * 10 * 72 * 24)
    assert flop["fold"] == 2 * fold[0] + 3 * fold[1] + 3 * fold[2]


def test_statistics_of_every_fourth_step_cost_a_quarter():
    works = arithmetic.survey(models.create("resnet18d", "nd"), images())
    *works, classifier = works  # which is updated at every step
    assert arithmetic.step_flop([classifier], 4) == arithmetic.step_flop([classifier])
    always, seldom = arithmetic.step_flop(works), arithmetic.step_flop(works, 4)
    assert seldom["convolution"] == always["convolution"]
    assert seldom["root"] == pytest.approx(always["root"] / 4)
    assert seldom["covariance"] == pytest.approx(always["covariance"] / 4)
    at_image = works[0].forward["fold"]
    assert always["fold"] == 3 * sum(work.forward["fold"] for work in works) - at_image
    assert seldom["fold"] == pytest.approx(2.25 * always["fold"] / 3, rel=1e-3)


def test_a_network_with_batch_normalisation_has_convolutions_only():
    bn = arithmetic.step_flop(arithmetic.survey(models.create("resnet18d", "bn"), images()))
    nd = arithmetic.step_flop(arithmetic.survey(models.create("resnet18d", "nd"), images()))
    assert bn == {"covariance": 0, "root": 0, "fold": 0, "convolution": nd["convolution"]}


def test_a_survey_leaves_the_network_as_it_is():
    model = models.create("resnet18d", "nd")
    arithmetic.survey(model, images())
    assert model.training
    assert not any(parameter.is_meta for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_the_rate_of_matrix_products_is_plausible(monkeypatch):
    monkeypatch.setattr(arithmetic, "SIDES", {"cpu": (64, 256)})
    assert 1e8 < arithmetic.gemm_flop_per_second(torch.device("cpu")) < 1e14
