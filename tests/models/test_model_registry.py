"""Finding, describing and building networks, what they refuse, and one training step of each."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
import torchvision
from model_facts import DEAD, FORWARD_ONLY, GOLDEN, PAIRS

from ndcore import models
from ndcore.errors import UserError
from ndcore.experiment.config import DECONVOLUTION, RunConfig
from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.statistics import block_size

TRAINED_AGAINST_GOLDEN = {f.stem.removeprefix("model_") for f in GOLDEN.glob("model_*.npz")} - FORWARD_ONLY
TORCHVISION = {
    ("vgg11_imagenet", "none"): torchvision.models.VGG,
    ("vgg11_imagenet", "bn"): torchvision.models.VGG,
    ("resnet18_imagenet", "bn"): torchvision.models.ResNet,
    ("densenet121_imagenet", "bn"): torchvision.models.DenseNet,
}
LARGE = {("dpn92", "nd"), ("vgg11_imagenet", "nd"), ("preact34", "nd")}
OURS = [
    pytest.param(*pair, marks=[pytest.mark.slow] if pair in LARGE else [])
    for pair in PAIRS
    if pair not in TORCHVISION and "_".join(pair) not in TRAINED_AGAINST_GOLDEN
]


@pytest.mark.parametrize(("name", "norm"), OURS)
def test_training_step_reaches_every_parameter(name: str, norm: str) -> None:
    """Whether a gradient arrives, be it zero: EfficientNet's gates have 1 to 20 hidden units, which may all be dead."""
    torch.manual_seed(0)
    model = models.create(name, norm, num_classes=10)
    for layer in model.modules():
        if isinstance(layer, (FastDeconv, Delinear)):
            layer.n_iter = 1  # gradients take the same way through fewer products
    logits = model(torch.randn(10, 3, 32, 32))  # fewer than 10 images are one sample vector of a gate
    assert logits.shape == (10, 10)
    F.cross_entropy(logits, torch.arange(10)).backward()
    without = {key for key, p in model.named_parameters() if p.grad is None}
    assert without == DEAD.get(f"{name}_{norm}", set())


def test_parameters_without_gradient_are_those_of_the_unused_norm() -> None:
    parameters = dict(models.create("preact18", "bn").named_parameters())
    assert sum(parameters[name].numel() for name in DEAD["preact18_bn"]) == 128


@pytest.mark.parametrize(("name", "norm"), TORCHVISION)
def test_imagenet_baseline_is_torchvisions_own(name: str, norm: str) -> None:
    with torch.device("meta"):
        assert type(models.create(name, norm, num_classes=1000)) is TORCHVISION[name, norm]


def test_imagenet_vgg_and_densenet_keep_the_default_initialization() -> None:
    """He's initialisation, torchvision's, has √6 times the spread."""
    torch.manual_seed(0)
    densenet = models.create("densenet121_imagenet", "nd", 1000)
    assert densenet.stem.weight.std().item() == pytest.approx((1 / (3 * 147)) ** 0.5, rel=0.05)
    resnet = models.create("resnet18_imagenet", "nd", 1000)
    assert resnet.stem.weight.std().item() == pytest.approx((2 / (64 * 49)) ** 0.5, rel=0.05)
    vgg = models.create("vgg11_imagenet", "nd", 1)
    assert vgg.features[0].weight.std().item() == pytest.approx((1 / (3 * 27)) ** 0.5, rel=0.05)


def test_names_does_not_import_torch() -> None:
    code = "import sys; from ndcore import models; assert 'vgg16' in models.names(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_describe_tells_what_a_network_is() -> None:
    assert models.describe("pnasneta") == models.Description(
        name="pnasneta", title="PNASNet-18", norms=("bn", "nd"), input_size=(3, 32, 32), sides=(29, 60)
    )
    vgg = models.describe("vgg11_imagenet")
    assert (vgg.title, vgg.norms, vgg.input_size) == ("VGG-11", ("none", "bn", "nd"), (3, 224, 224))
    assert models.describe("resnet18").sides == (25, 56)


@pytest.mark.parametrize("look_up", [models.create, models.describe])
def test_unknown_name_gives_the_nearest_ones(look_up) -> None:
    with pytest.raises(UserError, match=r"unknown architecture 'resnet19': did you mean resnet18"):
        look_up("resnet19")


@pytest.mark.parametrize(("name", "norm"), [pair for pair in PAIRS if pair[1] == "nd"])
def test_options_of_the_deconvolution_reach_every_layer_that_sets_no_value_of_its_own(name: str, norm: str) -> None:
    options = {"update_every": 4, "sampling_stride": 2, "block": 32, "n_iter": 7}
    with torch.device("meta"):
        usual, changed = models.create(name, norm), models.create(name, norm, **options)
    for layer, other in zip(usual.modules(), changed.modules(), strict=True):
        if isinstance(layer, (FastDeconv, Delinear)):
            assert other.update_every == (4 if isinstance(layer, FastDeconv) else 1)
            assert other.n_iter == (7 if layer.n_iter == 5 else layer.n_iter)
        if isinstance(layer, FastDeconv):
            assert other.sampling_stride == 2
            own = layer.groups > 1 or (name == "mobilenetv2" and layer.n_iter == 1)
            assert other.block == (layer.block if own else block_size(32, layer.in_channels))
        if isinstance(layer, Delinear):
            assert other.block == layer.block


def test_the_defaults_of_the_configuration_are_those_of_the_networks() -> None:
    stated = {name: RunConfig.model_fields[name].default for name in DECONVOLUTION}
    with torch.device("meta"):
        usual, same = models.create("vgg16", "nd"), models.create("vgg16", "nd", **stated)
    assert repr(usual) == repr(same)


def test_options_of_the_deconvolution_are_refused_without_one() -> None:
    with pytest.raises(UserError, match="n_iter: only a deconvolution has this, not norm 'bn' of vgg16"):
        models.create("vgg16", "bn", n_iter=4)


def test_norm_that_a_network_does_not_have_is_refused() -> None:
    with pytest.raises(UserError, match=r"unknown norm of vgg16 'none': .*known are bn, nd"):
        models.create("vgg16", "none")
    with pytest.raises(UserError, match=r"unknown norm of efficientnet_full 'bn': .*known are nd"):
        models.create("efficientnet_full")


@pytest.mark.parametrize("num_classes", [0, -1, 2.0, "10", None])
def test_wrong_number_of_classes_is_refused(num_classes: object) -> None:
    with pytest.raises(UserError, match=r"num_classes=.*: vgg16 needs at least 1 class"):
        models.create("vgg16", "bn", num_classes)


@pytest.mark.parametrize("name", models.names())
def test_sides_are_the_limits_of_what_a_network_can_take(name: str) -> None:
    """Without the check of `create`, one pixel beyond the limits fails somewhere inside the network."""
    network = models.describe(name)
    smallest, largest = network.sides
    assert smallest <= network.input_size[1] and (largest is None or network.input_size[1] <= largest)  # noqa: PT018
    with torch.device("meta"):
        model = models.create(name, network.norms[0]).eval()
        for side in (smallest, largest or 256):
            assert model.forward(torch.empty(1, 3, side, side)).shape == (1, 10)
        for side in {smallest - 1, (largest or -1) + 1} - {0}:
            with pytest.raises((RuntimeError, ValueError)):
                model.forward(torch.empty(1, 3, side, side))
            with pytest.raises(UserError, match=rf"{name}: needs images .* got {side}×{side}; it was defined for"):
                model(torch.empty(1, 3, side, side))


@pytest.mark.parametrize("norm", ["bn", "nd"])
@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 1, 32, 32), (2, 3, 32)])
def test_what_is_no_batch_of_images_is_refused(norm: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"resnet18d: needs images \(n, 3, h, w\), got \("):
        models.create("resnet18d", norm)(torch.zeros(shape))


def test_images_may_be_given_by_name() -> None:
    assert models.create("resnet18d", "bn")(x=torch.zeros(2, 3, 32, 32)).shape == (2, 10)
