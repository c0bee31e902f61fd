"""Convolutions of other dimensions and transposed ones: against a reference that folds nothing, and their fold."""

from __future__ import annotations

import copy
import re

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from layers_unfold_reference import batch_transform, output
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

from ndcore.errors import NonFiniteError
from ndcore.layers import (
    FastDeconv,
    FastDeconv1d,
    FastDeconv3d,
    FastDeconvTranspose1d,
    FastDeconvTranspose2d,
    FastDeconvTranspose3d,
)
from ndcore.layers.whitening_convolution import WhiteningConvolution

LIMIT = 1e-9
KINDS = (FastDeconv1d, FastDeconv3d, FastDeconvTranspose1d, FastDeconvTranspose2d, FastDeconvTranspose3d)
PLAIN = {
    FastDeconv1d: nn.Conv1d,
    FastDeconv3d: nn.Conv3d,
    FastDeconvTranspose1d: nn.ConvTranspose1d,
    FastDeconvTranspose2d: nn.ConvTranspose2d,
    FastDeconvTranspose3d: nn.ConvTranspose3d,
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(kind: type[WhiteningConvolution], *args, seed: int = 0, **kwargs) -> WhiteningConvolution:
    layer = kind(*args, dtype=torch.float64, **{"averaging": "published", **kwargs})
    with torch.no_grad():
        for i, parameter in enumerate(layer.parameters()):
            parameter.copy_(randn(*parameter.shape, seed=seed + i))
    return layer


def batch(layer: WhiteningConvolution, n: int = 3, size: int = 5, seed: int = 0) -> Tensor:
    return 2 * randn(n, layer.in_channels, *range(size, size + layer.axes), seed=seed) + 1


@st.composite
def geometries(draw) -> tuple[type[WhiteningConvolution], dict, tuple[int, ...], int]:
    kind = draw(st.sampled_from(KINDS))
    axes, transposed = kind.axes, "Transpose" in kind.__name__

    def per_axis(least: int, most: int) -> tuple[int, ...]:
        return draw(st.tuples(*[st.integers(least, most)] * axes))

    groups = draw(st.sampled_from([1, 1, 2, 3]))
    arguments = {
        "in_channels": groups * draw(st.integers(1, 4)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel_size": per_axis(1, 3 if axes < 3 else 2),
        "stride": per_axis(1, 3),
        "padding": per_axis(0, 2),
        "dilation": per_axis(1, 2),
        "groups": groups,
        "bias": draw(st.booleans()),
        "n_iter": draw(st.integers(1, 6)),
        "eps": draw(st.sampled_from([1e-5, 1e-2])),
        "block": draw(st.integers(1, 5)),
        "sampling_stride": draw(st.integers(1, 3)),
        "momentum": draw(st.sampled_from([0.1, 0.5])),
    }
    if transposed:
        arguments["output_padding"] = tuple(draw(st.integers(0, s - 1)) for s in arguments["stride"])
    shape = (draw(st.integers(1, 3)), arguments["in_channels"], *per_axis(1, 5 if axes < 3 else 4))
    return kind, arguments, shape, draw(st.integers(0, 2**31))


def close(found: Tensor, expected: Tensor, what: object) -> None:
    assert found.shape == expected.shape, what
    assert (found - expected).norm() <= LIMIT * (1 + expected.norm()), what


def require_equal_to_reference(layer: WhiteningConvolution, batches: list[Tensor]) -> None:
    """Outputs, gradients and running values of training steps, then evaluation and the folded layer."""
    mean, deconv = (value.clone() for value in layer.running_transform())
    for number, values in enumerate(batches):
        x, seen = values.clone().requires_grad_(), values.clone().requires_grad_()
        y = layer(x)
        transform = batch_transform(layer, seen)
        expected = output(layer, seen, transform)
        close(y, expected, ("output", number))
        toward = randn(*y.shape, seed=number)
        own, other = [x, *layer.parameters()], [seen, *layer.parameters()]
        for name, found, wanted in zip(
            ("x", "weight", "bias"),
            torch.autograd.grad((y * toward).sum(), own),
            torch.autograd.grad((expected * toward).sum(), other),
            strict=False,
        ):
            close(found, wanted, (f"gradient of {name}", number))
        for running, value in zip((mean, deconv), transform, strict=True):
            running.lerp_(value.detach(), layer.momentum)
    for found, wanted in zip(layer.running_transform(), (mean, deconv), strict=True):
        close(found, wanted, "running values")
    layer.eval()
    with torch.no_grad():
        expected = output(layer, batches[-1], (mean, deconv))
        close(layer(batches[-1]), expected, "evaluation")
        close(layer.plain()(batches[-1]), expected, "folded")


@settings(deadline=None, max_examples=120)
@given(case=geometries())
def test_equal_to_the_reference_that_folds_nothing(case):
    kind, arguments, shape, seed = case
    layer = made(kind, **arguments, seed=seed % 1000)
    batches = [2 * randn(*shape, seed=seed + i) + 1 for i in range(3)]
    try:
        assume(layer.vectors_in(shape) > 1)
    except ValueError:
        assume(False)
    require_equal_to_reference(layer, batches)


@pytest.mark.parametrize(("kind", "arguments"), [
    (FastDeconv1d, {"kernel_size": 4, "padding": "same", "dilation": 2}),
    (FastDeconv1d, {"kernel_size": 3, "padding": "valid"}),
    (FastDeconv1d, {"kernel_size": 3, "padding": 2, "padding_mode": "reflect"}),
    (FastDeconv1d, {"kernel_size": 5, "padding": "same", "padding_mode": "circular"}),
    (FastDeconv3d, {"kernel_size": 3, "padding": 1, "block": 2}),
    (FastDeconv3d, {"kernel_size": (1, 3, 2), "padding": "same", "padding_mode": "replicate"}),
    (FastDeconvTranspose2d, {"kernel_size": 2, "stride": 2}),
    (FastDeconvTranspose3d, {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
])  # fmt: skip
def test_padding_by_name_and_mode_and_usual_sizes(kind, arguments):
    layer = made(kind, 6, 4, **arguments)
    require_equal_to_reference(layer, [batch(layer, seed=i) for i in range(2)])


@every_kind
def test_before_training_it_computes_what_the_layer_of_torch_does(kind):
    layer = made(kind, 6, 4, 3, stride=2, padding=1, groups=2).eval()
    plain = PLAIN[kind](6, 4, 3, stride=2, padding=1, groups=2, dtype=torch.float64)
    assert isinstance(layer, PLAIN[kind])
    plain.load_state_dict({key: layer.state_dict()[key] for key in plain.state_dict()})
    x = batch(layer)
    torch.testing.assert_close(layer(x), plain(x), rtol=1e-12, atol=1e-12)


def test_a_sequence_is_an_image_of_width_one():
    layer = made(FastDeconv1d, 6, 4, 3, stride=2, padding=1, block=2)
    image = FastDeconv(6, 4, (3, 1), stride=(2, 1), padding=(1, 0), block=2).double()
    image.load_state_dict({k: v.unsqueeze(-1) if k == "weight" else v for k, v in layer.state_dict().items()})
    for seed in range(2):
        x = batch(layer, size=9, seed=seed)
        torch.testing.assert_close(layer(x), image(x.unsqueeze(-1)).squeeze(-1), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(layer.running_deconv, image.running_deconv, rtol=1e-12, atol=1e-12)


def test_a_transposed_1x1_convolution_is_a_1x1_convolution():
    layer = made(FastDeconvTranspose2d, 6, 4, 1, block=2, sampling_stride=1)
    image = FastDeconv(6, 4, 1, block=2, sampling_stride=1).double()
    image.load_state_dict({k: v.transpose(0, 1) if k == "weight" else v for k, v in layer.state_dict().items()})
    x = batch(layer)
    torch.testing.assert_close(layer(x), image(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [k for k in KINDS if "Transpose" in k.__name__])
def test_what_is_added_to_a_channel_changes_no_output_of_a_transposed_convolution(kind):
    """Not near the border either, where fewer kernel positions reach an output than inside."""
    layer = made(kind, 6, 4, 3, stride=2, padding=1)
    x = batch(layer)
    shifted = x + randn(6, seed=5).view(-1, *(1,) * layer.axes)
    torch.testing.assert_close(layer(shifted), layer(x), rtol=1e-9, atol=1e-9)


@every_kind
def test_update_every_and_freeze_are_those_of_every_whitening_layer(kind):
    layer = made(kind, 6, 4, 2, update_every=2)
    layer(batch(layer, seed=0))
    before = layer.running_deconv.clone()
    x = batch(layer, seed=1)
    stored = layer.stored_mean.view(1, -1), layer.stored_deconv.unsqueeze(0)
    torch.testing.assert_close(layer(x), output(layer, x, stored), rtol=1e-9, atol=1e-9)
    assert torch.equal(layer.running_deconv, before)
    layer = made(kind, 6, 4, 2, freeze=True, freeze_iter=1)
    for seed in range(2):
        layer(batch(layer, seed=seed))
    assert layer.frozen
    frozen = layer(x)
    torch.testing.assert_close(frozen, layer.eval()(x), rtol=1e-12, atol=1e-12)


@every_kind
def test_running_values_start_with_the_first_batch(kind):
    layer = made(kind, 6, 4, 2, averaging="weighted")
    x = batch(layer)
    mean, deconv = batch_transform(layer, x)
    layer(x)
    torch.testing.assert_close(layer.running_transform(), (mean, deconv), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(layer.eval()(x), output(layer, x, (mean, deconv)), rtol=1e-9, atol=1e-9)
    assert kind(6, 4, 2).averaging == "weighted"


@every_kind
def test_an_input_may_lack_the_axis_of_the_batch(kind):
    layer = made(kind, 6, 4, 2)
    other = copy.deepcopy(layer)
    x = batch(layer)[0]
    torch.testing.assert_close(layer(x), other(x.unsqueeze(0)).squeeze(0), rtol=1e-12, atol=1e-12)
    layer.eval()
    torch.testing.assert_close(layer.plain()(x), layer(x), rtol=1e-12, atol=1e-12)


@every_kind
def test_type_and_device_reach_parameters_and_buffers(kind):
    layer = kind(6, 4, 2, device="meta", dtype=torch.float64, update_every=2)
    tensors = layer.state_dict().values()
    assert len(tensors) == 8
    assert {(t.device.type, t.dtype) for t in tensors} == {("meta", torch.float64), ("meta", torch.int64)}


@every_kind
@pytest.mark.parametrize("training", [True, False])
def test_first_and_second_derivatives_are_true(kind, training):
    layer = made(kind, 2, 1, 2, sampling_stride=1, eps=1e-1).train()
    layer(batch(layer, 2, 2))
    layer.train(training)
    x = batch(layer, 2, 2, seed=1)

    def output(x: Tensor, weight: Tensor) -> Tensor:
        return functional_call(copy.deepcopy(layer), {"weight": weight}, (x,))

    inputs = (x.requires_grad_(), layer.weight)
    assert gradcheck(output, inputs)
    assert gradgradcheck(output, inputs)


@every_kind
def test_the_fold_is_of_torch_alone_and_keeps_what_is_trained(kind):
    layer = made(kind, 6, 4, 2, bias=False).eval()
    layer.weight.requires_grad_(False)
    folded = layer.plain()
    assert {type(m).__module__.split(".")[0] for m in folded.modules()} == {"torch"}
    assert not folded.training
    assert not any(p.requires_grad for p in folded.parameters())
    assert not any(p.is_meta for p in folded.parameters())


@every_kind
def test_tracing_keeps_the_layer_whole(kind):
    model = nn.Sequential(made(kind, 6, 4, 2))
    traced = torch.fx.symbolic_trace(model)
    assert traced.get_submodule("0") is model[0]
    x = batch(model[0])
    torch.testing.assert_close(traced.eval()(x), model.eval()(x))


@every_kind
def test_autocast_multiplies_in_half_precision_and_whitens_in_full(kind):
    layer = made(kind, 6, 4, 2).float()
    x = batch(layer).float()
    full = copy.deepcopy(layer)(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
    assert y.dtype == torch.bfloat16
    assert layer.running_deconv.dtype == torch.float32
    torch.testing.assert_close(y.float(), full, rtol=0.05, atol=0.1)


@every_kind
def test_an_empty_batch_is_empty_in_evaluation_and_refused_in_training(kind):
    layer = made(kind, 6, 4, 2)
    x = batch(layer)
    with pytest.raises(ValueError, match="got an empty batch"):
        layer(x[:0])
    assert layer.eval()(x[:0]).shape == (0, *layer(x).shape[1:])


@every_kind
def test_one_sample_vector_is_refused_before_anything_changes(kind):
    layer = made(kind, 2, 4, 1)
    x = batch(layer, n=1)[:, :, *(slice(1),) * layer.axes]
    with pytest.raises(ValueError, match="one sample vector has no covariance"):
        layer(x)
    assert layer.counter == 0
    assert not layer.running_mean.any()
    assert layer(torch.cat([x, x + 1])).isfinite().all()


@pytest.mark.parametrize(("make", "words"), [
    (lambda: FastDeconv1d(4, 4, 0), "FastDeconv1d(4, 4, kernel_size=0): kernel_size=0 must be a whole number of at"),
    (lambda: FastDeconv1d(4, 4, (3, 3)), "kernel_size=(3, 3) must be a whole number of at least 1"),
    (lambda: FastDeconv3d(4, 4, (3, 3)), "kernel_size=(3, 3) must be 1 or 3 whole numbers of at least 1"),
    (lambda: FastDeconv3d(4, 4, 2.5), "kernel_size=2.5"),
    (lambda: FastDeconv1d(0, 4, 3), "in_channels=0"),
    (lambda: FastDeconv1d(4, 4, 3, stride=0), "stride=(0,)"),
    (lambda: FastDeconv1d(4, 4, 3, dilation=0), "dilation=(0,)"),
    (lambda: FastDeconv1d(4, 4, 3, padding=-1), "padding=(-1,)"),
    (lambda: FastDeconv1d(4, 4, 3, block=0), "block=0"),
    (lambda: FastDeconv1d(4, 4, 3, sampling_stride=(2,)), "sampling_stride=(2,)"),
    (lambda: FastDeconv3d(4, 4, 3, n_iter=0), "n_iter=0"),
    (lambda: FastDeconv3d(4, 4, 3, eps=-1), "eps=-1"),
    (lambda: FastDeconv3d(4, 4, 3, update_every=0), "update_every=0"),
    (lambda: FastDeconvTranspose1d(4, 4, 3, output_padding=-1), "output_padding=(-1,)"),
    (lambda: FastDeconvTranspose2d(4, 4, 3, groups=3), "in_channels must be divisible by groups"),
    (lambda: FastDeconv1d(4, 2, 3)(torch.zeros(2, 5, 6)), "needs an input (n, 4, l), got (2, 5, 6)"),
    (lambda: FastDeconv3d(4, 2, 3)(torch.zeros(2, 4, 6)), "needs an input (n, 4, d, h, w), got (2, 4, 6)"),
    (lambda: FastDeconvTranspose2d(4, 2, 3)(torch.zeros(2, 3, 6, 6)), "needs an input (n, 4, h, w)"),
    (lambda: FastDeconv3d(4, 2, 3, padding=1, dilation=2)(torch.zeros(2, 4, 6, 2, 6)),
     "an input of height 2 with padding 1 is smaller than the kernel, which reaches over 5"),
    (lambda: FastDeconvTranspose2d(4, 2, 3, padding=4)(torch.zeros(2, 4, 9, 5)),
     "padding 4 leaves nothing of an input of width 5"),
    (lambda: FastDeconvTranspose1d(4, 2, 3)(torch.zeros(2, 4, 0)), "leaves nothing of an input of length 0"),
    (lambda: FastDeconvTranspose1d(4, 2, 3, output_padding=1)(torch.zeros(2, 4, 9)),
     "output_padding 1 of the length must be smaller than its stride or its dilation"),
])  # fmt: skip
def test_sizes_that_do_not_fit_are_refused(make, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


def test_another_type_and_what_is_not_finite_are_refused():
    layer = FastDeconvTranspose1d(4, 2, 3)
    with pytest.raises(TypeError, match=r"torch\.float64, but the layer is of torch\.float32"):
        layer(torch.zeros(2, 4, 6).double())
    with pytest.raises(NonFiniteError, match="24 are NaN"):
        layer(torch.full((1, 4, 6), float("nan")))
