"""`ndcore.deconvolve` on other people's networks; torchvision's ResNet-18 becomes the one of this package."""

from __future__ import annotations

import pytest
import torch
import torchvision.models as tv
from surgery_helpers import difference, outputs, randomize_norms, warm_up
from torch import nn
from torchvision.models.convnext import CNBlockConfig

import ndcore
from ndcore import models
from ndcore.layers import Delinear, FastDeconv
from ndcore.models._normalization import Deconvolution
from ndcore.models.resnet18d import ResNet18D

STEM = {"conv1": {"n_iter": 15, "freeze": True}}
RESNET = {"overrides": STEM, "linear": {"block": 64, "averaging": "published"}}
STUDY = {"sampling_stride": 3, "averaging": "published"}


def layers(model: nn.Module) -> list[str]:
    """All layers in the order of execution but for the shortcuts, which the two classes keep in another order."""
    return [repr(m).replace(", bias=False", "") for m in model.modules() if isinstance(m, (FastDeconv, Delinear))]


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Layer by layer; a bias that the source does not have is 0."""
    kinds = (FastDeconv, Delinear, nn.BatchNorm2d)
    pairs = zip(*([m for m in model.modules() if isinstance(m, kinds)] for model in (source, target)), strict=True)
    for mine, theirs in pairs:
        state = mine.state_dict()
        theirs.load_state_dict({"bias": torch.zeros(len(mine.weight)), **state})


@pytest.mark.parametrize("shortcuts", ["batch-normalised", "deconvolved"])
def test_torchvision_resnet18_becomes_the_imagenet_resnet18(shortcuts):
    torch.manual_seed(0)
    if shortcuts == "deconvolved":
        new = ndcore.deconvolve(tv.resnet18(num_classes=20), conv=STUDY, **RESNET)
        ours: nn.Module = ResNet18D(Deconvolution(classifier_block=64), 20, shortcut_norm=nn.Identity)
    else:
        new = ndcore.deconvolve(
            tv.resnet18(num_classes=20), exclude="*.downsample.1", conv={"bias": True, **STUDY}, **RESNET
        )
        ours = models.create("resnet18_imagenet", "nd", 20)
    assert layers(new) == layers(ours)
    copy_weights(new, ours)
    for layer in (m for m in (*new.modules(), *ours.modules()) if isinstance(m, FastDeconv)):
        layer.n_iter = min(layer.n_iter, 2 if layer.in_channels == 3 else 1)  # equal is equal; this is faster
    x = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(new.train()(x), ours.train()(x))
        assert torch.equal(new.eval()(x), ours.eval()(x))
    assert [p.shape for p in new.parameters()] == [p.shape for p in ours.parameters()]


def test_all_norms_dropped_torchvision_densenet_is_ours():
    with torch.device("meta"):
        stem = {"features.conv0": {"n_iter": 15, "freeze": True}}
        options = {
            "overrides": stem,
            "conv": {"bias": True, **STUDY},
            "linear": {"block": 64, "averaging": "published"},
        }
        new = ndcore.deconvolve(tv.densenet121(), batch_norm="drop-all", **options)
        ours = models.create("densenet121_imagenet", "nd", 1000)
    assert layers(new) == layers(ours)
    assert sum(p.numel() for p in new.parameters()) == sum(p.numel() for p in ours.parameters())


def vgg_features() -> nn.Module:
    features = tv.vgg.make_layers(tv.vgg.cfgs["A"], batch_norm=True)
    return nn.Sequential(features, nn.Flatten(), nn.Linear(512, 10))


CONVNEXT = [CNBlockConfig(32, 64, 1), CNBlockConfig(64, None, 2)]
OTHERS = {
    "resnet50": (lambda: tv.resnet50(num_classes=10), 32, {"BatchNorm2d": 53}, {}),
    "convnext": (lambda: tv.ConvNeXt(CONVNEXT, num_classes=10), 32, {}, {}),
    "vit": (lambda: tv.VisionTransformer(32, 16, 2, 4, 64, 128, num_classes=10), 32, {},
            {"NonDynamicallyQuantizableLinear": 2}),
    "swin": (lambda: tv.SwinTransformer([4, 4], 32, [2, 2], [2, 2], [2, 2], num_classes=10), 32, {}, {"Linear": 8}),
    "efficientnet_b0": (lambda: tv.efficientnet_b0(num_classes=10), 32, {"BatchNorm2d": 49}, {}),
    "mobilenet_v3_small": (lambda: tv.mobilenet_v3_small(num_classes=10), 32, {"BatchNorm2d": 34}, {}),
    "vgg11_bn": (vgg_features, 32, {"BatchNorm2d": 8}, {}),
    "densenet121": (lambda: tv.densenet121(num_classes=10), 32, {"BatchNorm2d": 59}, {"BatchNorm2d": 62}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_networks_convert_train_and_fold(name):
    make, side, norms, left = OTHERS[name]
    torch.manual_seed(0)
    check_network(randomize_norms(make()), side, norms, left)


def check_network(model: nn.Module, side: int, norms: dict[str, int], left: dict[str, int]) -> None:
    for head in (m for m in model.modules() if isinstance(m, nn.Linear)):
        nn.init.normal_(head.weight, std=0.05)  # some heads start at zero, and then every output is
    x = torch.randn(2, 3, side, side)
    # small blocks: this is about layers that fit and gradients that arrive, not about whitening
    new, summary = ndcore.deconvolve(model, conv={"block": 16}, linear={"block": 64}, report=True)
    total = sum(isinstance(m, (nn.Conv2d, nn.Linear)) for m in model.modules())
    expected = total - sum(n for kind, n in left.items() if "Linear" in kind)
    assert sum(c.now in ("FastDeconv", "Delinear") for c in summary.replaced) == expected
    assert {c.was for c in summary.replaced if "Norm" in c.was} == set(norms)
    assert sum("Norm" in c.was for c in summary.replaced) == sum(norms.values())
    assert len(summary.left) == sum(left.values())
    assert {c.was for c in summary.left} == set(left)
    assert difference(outputs(new, x), outputs(model, x)) < 1e-4
    new.train()(x).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in new.parameters())
    warm_up(new, x)
    folded = ndcore.fold(new, example=x)
    assert not any(type(m).__module__.startswith(("ndcore", "torchvision.models")) for m in folded.modules())


def test_vit_b_16_and_vgg11_bn_on_the_meta_device():
    with torch.device("meta"):
        _, vit = ndcore.deconvolve(tv.vit_b_16(), report=True)
        _, vgg = ndcore.deconvolve(tv.vgg11_bn(), report=True)
    assert vit.headline == (
        "deconvolved: 1 Conv2d → FastDeconv, 25 Linear → Delinear; left: 12 NonDynamicallyQuantizableLinear"
    )
    assert vgg.headline == (
        "deconvolved: 8 Conv2d → FastDeconv, 8 BatchNorm2d → Identity, 3 Linear → Delinear; left: nothing"
    )


TIMM = {
    "resnet10t": ({"num_classes": 10}, {"BatchNorm2d": 14}, {}),
    "mobilenetv3_small_050": ({"num_classes": 10}, {"BatchNormAct2d": 34}, {}),
    "vit_tiny_patch16_224": ({"num_classes": 10, "img_size": 32, "depth": 2}, {}, {}),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of what timm imports
@pytest.mark.parametrize("name", TIMM)
def test_timm_networks(name):
    timm = pytest.importorskip("timm", reason="the extra `timm` is not installed")
    options, norms, left = TIMM[name]
    torch.manual_seed(0)
    check_network(randomize_norms(timm.create_model(name, pretrained=False, **options)), 32, norms, left)
