"""Enough sample vectors for every covariance: the stride that `deconvolve` chooses, and what the summary says."""

from __future__ import annotations

import pytest
import torch
from surgery_helpers import conv_net, difference, outputs
from torch import nn

import ndcore
from ndcore.errors import UserError
from ndcore.layers import FastDeconv
from ndcore.layers.fast_deconv import LEAST_SAMPLES, SAMPLES_PER_FEATURE


class SqueezeExcitation(nn.Module):
    """1×1 convolutions on 1×1 maps, whose batch of 8 gave a stride of 3 a single sample vector."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 4, 1), nn.ReLU(), nn.Conv2d(4, 16, 1), nn.Sigmoid()
        )
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        return self.head((x * self.gate(x)).mean((2, 3)))


def test_gates_on_one_pixel_survive_training():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 8, 8)
    model = SqueezeExcitation()
    new = ndcore.deconvolve(model).train()
    for _ in range(3):
        new(x)
    assert outputs(new, x).isfinite().all()
    with pytest.raises(ValueError, match="one sample vector"):  # the stride of 3 takes every ninth image
        ndcore.deconvolve(model, conv={"sampling_stride": 3}).train()(x)


def test_running_values_start_at_the_first_batch():
    torch.manual_seed(0)
    x = torch.randn(32, 3, 12, 12)
    new = ndcore.deconvolve(conv_net()).train()
    seen = new(x)
    assert difference(outputs(new, x), seen) < 1e-4
    assert {new[i].averaging for i in (0, 3, 7)} == {"weighted"}


@pytest.mark.parametrize("shape", [(2, 8, 4, 4), (48, 8, 10, 10), (48, 8, 32, 32), (2, 8, 1, 1)])
@pytest.mark.parametrize(("kernel", "padding"), [((1, 1), (0, 0)), ((3, 3), (1, 1)), ((3, 1), (1, 0))])
@pytest.mark.parametrize("geometry", [{}, {"stride": 2}, {"groups": 4}, {"dilation": (2, 1), "block": 2}])
def test_auto_takes_the_largest_stride_that_leaves_enough(shape, kernel, padding, geometry):
    x = torch.randn(shape)
    if min(shape[2:]) + 2 * padding[0] < 2 * kernel[0] - 1:
        x = torch.randn(*shape[:2], 5, 5)
    made = {s: FastDeconv(8, 8, kernel, padding=padding, sampling_stride=s, **geometry) for s in (3, 2, 1, "auto")}
    vectors = {s: layer.sample(x).shape[1] for s, layer in made.items()}
    enough = max(LEAST_SAMPLES, SAMPLES_PER_FEATURE * made["auto"].num_features)
    expected = next((s for s in (3, 2, 1) if vectors[s] >= enough), 1)
    if kernel == (1, 1) and vectors[expected] < enough and "stride" in geometry:
        assert vectors["auto"] == x.numel() // made["auto"].num_features  # every pixel
        return
    assert vectors["auto"] == vectors[expected] == made["auto"].sample_count(x.shape)
    auto, plain = made["auto"].train(), made[expected].train()
    plain.load_state_dict(auto.state_dict())
    assert torch.equal(auto(x), plain(x))


def test_a_channel_that_is_seldom_active_is_not_blown_up():
    x = torch.zeros(4, 2, 8, 8)
    x[:, :, 1, 2] = 1  # between the positions that a stride of 3 samples
    layers = [FastDeconv(2, 2, 1, groups=2, sampling_stride=stride, bias=False) for stride in (3, "auto")]
    sparse, auto = (layer.train()(x).abs().max() / layer.weight.abs().max() for layer in layers)
    assert sparse > 100
    assert auto < 20


def test_the_layer_itself_keeps_the_stride_of_the_study():
    assert FastDeconv(3, 3, 1).sampling_stride == 3
    assert ndcore.deconvolve(conv_net())[0].sampling_stride == "auto"
    with pytest.raises(ValueError, match="sampling_stride='often'"):
        FastDeconv(3, 3, 1, sampling_stride="often")


def test_the_summary_says_where_an_example_is_too_small():
    _, summary = ndcore.deconvolve(SqueezeExcitation(), example=torch.randn(8, 3, 8, 8), report=True)
    found = {c.name: c.note for c in summary.replaced if "rank-deficient" in c.note}
    assert set(found) == {"gate.1", "head"}
    assert found["gate.1"].endswith("rank-deficient: 8 sample vectors of 16 features")
    _, summary = ndcore.deconvolve(SqueezeExcitation(), report=True)
    assert any("rank-deficient depends on the batch" in note for note in summary.notes)


def test_padding_before_a_layer_counts():
    conv = nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular")
    _, summary = ndcore.deconvolve(conv, example=torch.randn(1, 2, 4, 4), report=True)
    assert "rank-deficient: 16 sample vectors of 18 features" in summary.changes[0].note


def test_an_example_on_which_the_model_fails_is_refused_and_in_place_changes_nothing():
    model = conv_net()
    with pytest.raises(UserError, match="example: the forward pass of Sequential fails on it"):
        ndcore.deconvolve(model, example=torch.randn(2, 4, 9, 9), inplace=True)
    assert type(model[0]) is nn.Conv2d
    assert ndcore.deconvolve(model, example=torch.randn(2, 3, 9, 9), inplace=True) is model


@pytest.mark.parametrize(("kernel", "channels", "rows"), [(3, 64, 576), (5, 64, 800), (8, 64, 1024), (7, 3, 147)])
def test_large_kernels_get_smaller_blocks(kernel, channels, rows):
    with torch.device("meta"):
        new, summary = ndcore.deconvolve(nn.Conv2d(channels, 8, kernel), report=True)
    assert len(new.running_deconv) == rows
    assert not any("slow" in note for note in summary.notes)


@pytest.mark.parametrize(("layer", "options", "rows"), [
    ((256, 256, 3, 1, 1, 1, 2), {}, 1152), ((64, 8, 8), {"block": 64}, 4096),
])  # fmt: skip
def test_matrices_that_are_large_all_the_same_are_named(layer, options, rows):
    with torch.device("meta"), pytest.warns(UserWarning, match=f"matrices of {rows} rows are slow"):
        _, summary = ndcore.deconvolve(nn.Conv2d(*layer), conv=options, report=True)
    assert any(f"matrices of {rows} rows are slow" in note for note in summary.notes)


def test_synchronised_norms_make_synchronised_layers():
    model = nn.SyncBatchNorm.convert_sync_batchnorm(conv_net())
    new, summary = ndcore.deconvolve(model, report=True)
    assert [new[i].synchronize for i in (0, 3, 7)] == [True] * 3
    assert isinstance(new[1], nn.Identity)
    assert "synchronize" in summary.replaced[0].note
    assert not ndcore.deconvolve(model, conv={"synchronize": False})[0].synchronize
    assert not ndcore.deconvolve(conv_net())[0].synchronize
