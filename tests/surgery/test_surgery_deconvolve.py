"""`ndcore.deconvolve`: what is replaced, what is kept, and that the function stays the same at the conversion."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from surgery_helpers import conv_net, difference, outputs, randomize_norms
from torch import nn

import ndcore
from ndcore.layers import Delinear, FastDeconv

X = torch.randn(4, 3, 11, 13, generator=torch.Generator().manual_seed(0))


def kinds(model: nn.Module) -> list[str]:
    return [type(m).__name__ for m in model.children()]


def test_importing_the_package_loads_no_torch():
    code = (
        "import sys, ndcore; assert 'deconvolve' in dir(ndcore); assert 'torch' not in sys.modules; "
        "from ndcore import fold; assert 'torch' in sys.modules and fold.__name__ == 'fold'; "
        "assert not hasattr(ndcore, 'unfold')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_convolution_and_norm_become_one_layer_and_nothing_changes_in_evaluation():
    model = randomize_norms(conv_net())
    before = copy.deepcopy(model.state_dict())
    random = torch.get_rng_state()
    new = ndcore.deconvolve(model)
    assert torch.equal(torch.get_rng_state(), random)
    assert kinds(new) == ["FastDeconv", "Identity", "ReLU", "FastDeconv", "Identity", "AdaptiveAvgPool2d", "Flatten",
                          "Delinear"]  # fmt: skip
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    new.train()(X).sum().backward()
    assert all(p.grad is not None for p in new.parameters())


def test_parameters_are_taken_over_in_place_with_flags_mode_dtype_and_hooks():
    model = conv_net().double().eval()
    model[0].weight.requires_grad_(False)
    weight, linear = model[0].weight, model[7].weight
    seen = []
    handle = model[7].register_forward_hook(lambda *_: seen.append(1))
    assert ndcore.deconvolve(model, inplace=True) is model
    assert model[0].weight is weight
    assert model[7].weight is linear
    assert not model[0].weight.requires_grad
    assert model[3].bias.requires_grad
    assert model[0].running_deconv.dtype == torch.float64
    assert not model[0].training
    model(X.double())
    handle.remove()
    model(X.double())
    assert seen == [1]


def test_meta_device_stays_meta():
    with torch.device("meta"):
        model = conv_net()
    new = ndcore.deconvolve(model)
    assert {t.device.type for t in (*new.parameters(), *new.buffers())} == {"meta"}


@pytest.mark.parametrize("options", [
    {"conv": {"update_every": 4}}, {"linear": {"update_every": 2}}, {"overrides": {"0": {"update_every": 3}}},
])  # fmt: skip
def test_every_buffer_of_a_new_layer_is_real_whatever_options_add(options):
    random = torch.get_rng_state()
    new = ndcore.deconvolve(conv_net(), **options)
    weights = torch.get_rng_state()
    torch.set_rng_state(random)
    conv_net()
    assert torch.equal(torch.get_rng_state(), weights)  # only the given network has spent random numbers
    new = new.to(torch.float64).train()
    for _ in range(5):
        new(X.double()).sum().backward()
    assert {value.device.type for value in new.state_dict().values()} == {"cpu"}
    assert all(value.isfinite().all() for value in new.state_dict().values())


@pytest.mark.parametrize(("batch_norm", "first", "exact"), [
    ("fold", "Identity", True), ("drop", "Identity", False), ("keep", "BatchNorm2d", True),
    ("drop-all", "Identity", False),
])  # fmt: skip
def test_what_becomes_of_batch_normalisation(batch_norm, first, exact):
    model = randomize_norms(conv_net())
    new = ndcore.deconvolve(model, batch_norm=batch_norm)
    assert type(new[1]).__name__ == first
    assert (difference(outputs(new, X), outputs(model, X)) < 1e-5) == exact
    if not exact:
        assert torch.equal(new[0].weight, model[0].weight)
    assert (new[3].bias is None) == (batch_norm == "keep")


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")  # torch, of even kernels
@pytest.mark.parametrize("geometry", [
    {"padding": 1}, {"padding": "same"}, {"padding": "valid"}, {"padding": (0, 2), "stride": (2, 1)},
    {"padding": "same", "dilation": (1, 3)}, {"padding": 2, "padding_mode": "reflect"},
    {"padding": (1, 2), "padding_mode": "circular"}, {"padding": "same", "padding_mode": "replicate"}, {"bias": False},
])  # fmt: skip
@pytest.mark.parametrize(("kernel", "groups"), [((3, 3), 1), ((2, 5), 1), ((1, 1), 3), ((4, 3), 3)])
def test_every_geometry_computes_what_it_did(kernel, groups, geometry):
    conv = nn.Conv2d(6, 9, kernel, groups=groups, **geometry)
    x = torch.randn(2, 6, 12, 14)
    new = ndcore.deconvolve(conv)
    assert difference(outputs(new, x), outputs(conv, x)) < 1e-6
    layer = new if isinstance(new, FastDeconv) else new[1]
    assert layer.weight.shape == conv.weight.shape
    assert (layer.bias is None) == (conv.bias is None)
    new.train()(x).sum().backward()
    assert layer.running_deconv.isfinite().all()


def test_padding_that_is_the_input_of_the_layer_is_part_of_its_statistics():
    conv = nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular")
    new = ndcore.deconvolve(conv).train()
    assert [type(m).__name__ for m in new] == ["CircularPad2d", "FastDeconv"]
    new(torch.ones(2, 2, 5, 5))
    assert torch.allclose(new[1].running_mean, torch.ones(18))


def test_a_second_call_changes_nothing():
    options = {"overrides": {"0": {"n_iter": 15}}, "include": ["0", "3", "7"]}
    once = ndcore.deconvolve(conv_net(), **options)
    twice, summary = ndcore.deconvolve(once, **options, report=True)
    assert summary.replaced == ()
    assert {c.note for c in summary.left} == {"deconvolved already"}
    assert torch.equal(outputs(twice, X), outputs(once, X))
    assert twice[0].n_iter == 15


def test_shared_modules_stay_shared():
    shared = nn.Conv2d(4, 4, 3, padding=1)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), shared, nn.ReLU(), nn.Sequential(shared))
    new, summary = ndcore.deconvolve(model, report=True)
    assert new[1] is new[3][0]
    assert isinstance(new[1], FastDeconv)
    assert "1 = 3.0" in {c.name for c in summary.replaced}


def test_tied_weights_stay_tied_and_are_never_scaled():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(7, 4)
            self.head = nn.Linear(4, 7, bias=False)
            self.head.weight = self.embedding.weight
            self.conv, self.twin, self.norm = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)
            self.twin.weight = self.conv.weight

        def forward(self, tokens, x):
            return self.head(self.embedding(tokens)), self.norm(self.conv(x)) + self.twin(x)

    new, summary = ndcore.deconvolve(Tied(), report=True)
    assert isinstance(new.head, Delinear)
    assert new.head.weight is new.embedding.weight
    assert new.twin.weight is new.conv.weight
    assert isinstance(new.norm, nn.BatchNorm2d)
    assert any("tied" in c.note for c in summary.left)


def test_rules_choose_layers_by_name_type_subtree_and_predicate():
    model = nn.Sequential(conv_net(), nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 2)))

    def replaced(**rules):
        return [
            c.name for c in ndcore.deconvolve(model, report=True, **rules)[1].replaced if "econv" in c.now + "econv"
        ]

    assert replaced(include="1") == ["1.0", "1.1"]
    assert replaced(include=["1.?", "0.7"], exclude="1.1") == ["0.7", "1.0"]
    assert replaced(include=nn.Conv2d) == ["0.0", "0.1", "0.3", "0.4"]
    assert replaced(include=lambda name, layer: getattr(layer, "out_features", 0) == 2) == ["1.1"]
    assert replaced(exclude=[nn.Linear, "0.1"]) == ["0.0", "0.3", "0.4"]


def test_options_reach_the_layers_and_overrides_win():
    new = ndcore.deconvolve(
        conv_net(bias=False),
        batch_norm="keep",
        conv={"block": 4, "n_iter": 3, "bias": True},
        linear={"block": 6},
        overrides={"?": {"sampling_stride": 2}, "0": {"n_iter": 15, "freeze": True}, nn.Linear: {"n_iter": 2}},
    )
    assert (new[0].n_iter, new[0].freeze, new[0].sampling_stride, new[0].block) == (15, True, 2, 3)
    assert (new[3].n_iter, new[3].freeze, new[3].sampling_stride, new[3].block) == (3, False, 2, 4)
    assert (new[7].n_iter, new[7].block) == (2, 6)
    assert new[0].bias.tolist() == [0.0] * 8


def test_the_summary_says_what_was_replaced_what_was_left_and_why():
    model = nn.Sequential(conv_net(), nn.Unflatten(1, (5, 1, 1)), nn.ConvTranspose2d(5, 2, 2))
    _, summary = ndcore.deconvolve(model, exclude="0.3", report=True)
    text = str(summary)
    assert "left: 1 Conv2d, 1 BatchNorm2d, 1 ConvTranspose2d" in text
    for line in ("0.1    BatchNorm2d      Identity    folded into 0.0", "excluded", "where `include` asks for it",
                 "follows 0.3, which was left", "matrix 27×27, n_iter=5"):  # fmt: skip
        assert line in text
    html = summary._repr_html_()
    assert html.count("<tr>") == 1 + len(summary.changes)
    assert "<script" not in html


def test_hooks_between_convolution_and_norm_keep_the_norm():
    model = randomize_norms(conv_net())
    model[0].register_forward_hook(lambda _m, _x, y: y + 1)
    new, summary = ndcore.deconvolve(model, report=True)
    assert isinstance(new[1], nn.BatchNorm2d)
    assert any("hooks" in c.note for c in summary.left)
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5


def test_norm_without_running_statistics_stays_unless_dropped():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False))
    assert isinstance(ndcore.deconvolve(model)[1], nn.BatchNorm2d)
    assert isinstance(ndcore.deconvolve(model, batch_norm="drop")[1], nn.Identity)


def test_norm_without_affine_parameters_is_folded():
    model = randomize_norms(nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, affine=False)))
    new = ndcore.deconvolve(model)
    assert isinstance(new[1], nn.Identity)
    assert difference(outputs(new, X), outputs(model, X)) < 1e-5
