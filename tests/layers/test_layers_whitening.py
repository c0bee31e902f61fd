"""The pure functions: gradients by finite differences, the fold against whitening the input, invariances."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import gradcheck

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv, newton_schulz_isqrt
from ndcore.layers.fold import fold, fold_into_weight
from ndcore.layers.inverse_root import PLAIN_ABOVE, covariance_isqrt, inverse_root
from ndcore.layers.statistics import mean_and_covariance
from ndcore.layers.whitening import sample_statistics

DOUBLE = torch.float64


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def whitening_transform(samples: Tensor, eps: float, n_iter: int) -> tuple[Tensor, Tensor]:
    mean, covariance = sample_statistics(samples, eps, n_iter, synchronize=False)
    return mean, inverse_root(covariance, n_iter)


@pytest.mark.parametrize("n_iter", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("isqrt", [covariance_isqrt, newton_schulz_isqrt], ids=lambda f: f.__name__)
def test_gradient_of_the_inverse_square_root(isqrt, n_iter):
    factor = normal(2, 3, 5).requires_grad_()
    eye = 0.1 * torch.eye(3, dtype=DOUBLE)
    assert gradcheck(lambda f: isqrt(f @ f.mT + eye, n_iter), (factor,))


@pytest.mark.parametrize("n_iter", [1, 4, PLAIN_ABOVE, PLAIN_ABOVE + 1])
@pytest.mark.parametrize("groups", [1, 2])
def test_gradient_of_mean_and_whitening_matrix(groups, n_iter):
    samples = normal(groups, 6, 3).requires_grad_()
    assert gradcheck(lambda s: whitening_transform(s, 1e-2, n_iter), (samples,))


@pytest.mark.parametrize("groups", [1, 2])
def test_gradient_of_the_fold(groups):
    weight, bias, mean, deconv = (
        t.requires_grad_() for t in (normal(4, 3, 2, 2), normal(4), normal(groups, 6), normal(groups, 6, 6))
    )
    assert gradcheck(fold_into_weight, (weight, bias, mean, deconv))
    assert gradcheck(fold, (weight, mean, deconv))
    assert gradcheck(lambda w: fold(w, mean.detach(), deconv.detach()), (weight,))
    assert gradcheck(lambda w, m, d: fold_into_weight(w, None, m, d), (weight, mean, deconv))


LAYERS = {
    "3x3": (lambda: FastDeconv(2, 2, 3, padding=1, block=1, sampling_stride=2, eps=1e-2), (2, 2, 4, 4)),
    "1x1": (lambda: FastDeconv(3, 2, 1, sampling_stride=1, eps=1e-2), (2, 3, 2, 2)),
    "grouped": (lambda: FastDeconv(4, 2, 2, groups=2, sampling_stride=1, eps=1e-2), (2, 4, 3, 3)),
    "n_iter 7": (lambda: FastDeconv(2, 2, 2, sampling_stride=1, n_iter=7, eps=1e-2), (3, 2, 3, 3)),
    "linear": (lambda: Delinear(4, 2, block=2, eps=1e-2), (5, 4)),
    "channels": (lambda: ChannelDeconv(2, sampling_stride=1), (3, 5, 2, 2)),
}


@pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
def test_gradient_of_a_training_step(make, shape):
    layer = make().double()
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    parameters = [parameter.detach().clone().requires_grad_() for parameter in layer.parameters()]
    assert gradcheck(run, (normal(*shape).requires_grad_(), *parameters))


def test_covariance_is_biased_and_holds_eps():
    samples = normal(2, 7, 3)
    mean, covariance = mean_and_covariance(samples, 0.5)
    for group in range(2):
        torch.testing.assert_close(mean[group], samples[group].mean(0))
        expected = torch.cov(samples[group].mT, correction=0) + 0.5 * torch.eye(3, dtype=DOUBLE)
        torch.testing.assert_close(covariance[group], expected)


def test_well_conditioned_samples_become_white():
    samples = normal(1, 4000, 6) @ (torch.eye(6, dtype=DOUBLE) + 0.1 * normal(6, 6, seed=1)) + 3
    mean, deconv = whitening_transform(samples, 1e-8, 15)
    white = (samples - mean.unsqueeze(1)) @ deconv
    torch.testing.assert_close(torch.cov(white[0].mT, correction=0), torch.eye(6, dtype=DOUBLE), atol=1e-6, rtol=0)


@settings(deadline=None, max_examples=60)
@given(
    groups=st.sampled_from([1, 1, 2]), per_group=st.integers(1, 4), kernel=st.integers(1, 3), block=st.integers(1, 4),
    stride=st.integers(1, 2), seed=st.integers(0, 2**31),
)  # fmt: skip
def test_the_fold_is_whitening_the_patches(groups, per_group, kernel, block, stride, seed):
    """Without padding every patch is (patch − μ)·D, block by block, before the original weights see it."""
    layer = FastDeconv(groups * per_group, 2 * groups, kernel, stride, groups=groups, block=block).double()
    layer.weight.data, layer.bias.data = normal(*layer.weight.shape, seed=seed), normal(2 * groups, seed=seed + 1)
    x = normal(3, groups * per_group, 6, 5, seed=seed + 2) + 1
    mean, deconv = (t.detach() for t in layer.batch_transform(x)[1:3])  # (g, d), (g, d, d)
    patches = F.unfold(x, kernel, stride=stride)  # (n, c·k, l)
    n, _, positions = patches.shape
    d = layer.num_features
    vectors = patches.view(n, groups, d, -1, positions).permute(0, 1, 4, 3, 2)  # (n, g, l, b, d)
    white = torch.einsum("nglbd,gde->nglbe", vectors - mean.view(1, groups, 1, 1, d), deconv)
    white = white.permute(0, 1, 4, 3, 2).reshape(n, groups, -1, positions)  # (n, g, c/g·k, l)
    weight = layer.weight.reshape(groups, 2, -1)  # (g, o/g, c/g·k)
    expected = torch.einsum("goj,ngjl->ngol", weight, white).reshape(n, 2 * groups, positions)
    expected = expected + layer.bias.view(1, -1, 1)
    torch.testing.assert_close(layer(x).flatten(2), expected, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(features=st.integers(1, 9), block=st.integers(1, 9), bias=st.booleans(), seed=st.integers(0, 2**31))
def test_the_fold_is_whitening_the_features(features, block, bias, seed):
    layer = Delinear(features, 3, bias=bias, block=block).double()
    x = normal(6, features, seed=seed) - 2
    mean, deconv = (t.detach() for t in layer.batch_transform(x)[1:3])
    white = ((x.view(6, -1, layer.block) - mean) @ deconv[0]).reshape(6, features)
    torch.testing.assert_close(layer(x), F.linear(white, layer.weight, layer.bias), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (FastDeconv(4, 3, 3, padding=1, block=2), (5, 4, 7, 7)),
        (FastDeconv(4, 3, 1, sampling_stride=1), (5, 4, 3, 3)),
        (FastDeconv(4, 4, 3, groups=2, n_iter=7), (5, 4, 7, 7)),
        (Delinear(6, 2, block=3), (5, 6)),
        (ChannelDeconv(2, sampling_stride=1), (5, 5, 3, 3)),
    ],
    ids=str,
)
def test_the_order_of_the_images_does_not_matter(layer: nn.Module, shape):
    layer = layer.double()
    x = normal(*shape)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(layer(x)[order], layer(x[order]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("cap", [(1, 1.5), (3, 3.375), (5, 7.594)])
def test_the_gain_of_a_small_direction_is_capped(cap):
    """1.5ⁿ/√‖A‖: five iterations are a soft whitening, part of the published method."""
    n_iter, gain = cap
    matrix = torch.diag(torch.tensor([1.0, 1e-12], dtype=DOUBLE)).unsqueeze(0)
    assert newton_schulz_isqrt(matrix, n_iter)[0, 1, 1].item() == pytest.approx(gain, rel=1e-3)


@pytest.mark.parametrize(("matrix", "n_iter", "message"), [
    (torch.eye(3)[:2], 5, r"square matrices .* \(2, 3\)"),
    (torch.ones(3), 5, r"square matrices .* \(3,\)"),
    (torch.eye(3), 0, "n_iter ≥ 1, got 0"),
])  # fmt: skip
def test_newton_schulz_refuses(matrix, n_iter, message):
    with pytest.raises(ValueError, match=message):
        newton_schulz_isqrt(matrix, n_iter)
