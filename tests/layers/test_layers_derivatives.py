"""Derivatives of every order are those of the plain reference layers, in training and in evaluation."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.fold import fold
from ndcore.layers.inverse_root import PLAIN_ABOVE, covariance_isqrt
from ndcore.layers.patches import Patches
from ndcore.layers.reference import ReferenceDelinear, ReferenceFastDeconv
from ndcore.layers.whitening import image_statistics, sample_statistics

DOUBLE = torch.float64
LIMIT = 1e-8
PLAIN = {FastDeconv: ReferenceFastDeconv, Delinear: ReferenceDelinear}
LAYERS = {
    "3x3": (lambda n: FastDeconv(4, 3, 3, padding=1, block=4, n_iter=n), (3, 4, 6, 5)),
    "blocks": (lambda n: FastDeconv(4, 3, 3, stride=2, padding=1, block=2, sampling_stride=2, n_iter=n), (3, 4, 6, 5)),
    "1x1": (lambda n: FastDeconv(4, 3, 1, stride=2, block=2, sampling_stride=1, bias=False, n_iter=n), (3, 4, 4, 5)),
    "grouped": (lambda n: FastDeconv(4, 4, (3, 2), groups=2, sampling_stride=2, n_iter=n), (3, 4, 6, 5)),
    "depthwise, dilated": (lambda n: FastDeconv(3, 3, 2, dilation=2, groups=3, n_iter=n), (3, 3, 6, 5)),
    "linear": (lambda n: Delinear(6, 3, block=3, n_iter=n), (5, 6)),
    "linear, no bias": (lambda n: Delinear(4, 3, bias=False, n_iter=n), (3, 2, 4)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
both_modes = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = DOUBLE) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def pair(make: Callable[[int], nn.Module], shape: tuple[int, ...], training: bool, n_iter: int = 5) -> list[nn.Module]:
    """A layer with weights and running values that mean something, and its reference."""
    layer = make(n_iter).double()
    for seed, parameter in enumerate(layer.parameters()):
        parameter.data = normal(*parameter.shape, seed=seed)
    layer(normal(*shape, seed=9) + 0.5)
    layer.train(training)
    plain = copy.deepcopy(layer)
    plain.__class__ = PLAIN[type(layer)]
    return [layer, plain]


def assert_close(found: list[Tensor], expected: list[Tensor], limit: float = LIMIT) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours - theirs).norm() <= limit * (1 + theirs.norm()), (ours - theirs).norm() / theirs.norm()


def loss_of(out: Tensor) -> Tensor:
    """Not linear, not symmetric."""
    return (out.sin() * normal(*out.shape, seed=7).to(out)).sum() + out.pow(3).mean()


def derivatives(layer: nn.Module, x: Tensor, orders: int) -> list[Tensor]:
    """Of x and the parameters: the gradient, then the gradients of its products with directions, order by order."""
    leaves = [x.clone().requires_grad_(), *layer.parameters()]
    value, found = loss_of(layer(leaves[0])), []
    for order in range(orders):
        grads = torch.autograd.grad(value, leaves, create_graph=order < orders - 1)
        found += grads
        value = sum((grad * normal(*grad.shape, seed=order).to(grad)).sum() for grad in grads)
    return found


@both_modes
@pytest.mark.parametrize("n_iter", [1, 2, 5, 7])
@every_layer
def test_first_second_and_third_derivatives_are_those_of_the_reference(make, shape, n_iter, training):
    layers = pair(make, shape, training, n_iter)
    found, expected = (derivatives(layer, normal(*shape), orders=3) for layer in layers)
    assert_close(found, expected)
    for ours, theirs in zip(*(layer.buffers() for layer in layers), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
