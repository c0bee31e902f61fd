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


@both_modes
@every_layer
def test_each_derivative_alone_by_the_names_of_its_inputs(make, shape, training):
    """The gradient of one leaf, then its own with respect to one other, so that autograd visits few nodes."""
    results = []
    for layer in pair(make, shape, training):
        leaves = [normal(*shape).requires_grad_(), *layer.parameters()]
        out, found = loss_of(layer(leaves[0])), []
        for leaf in leaves:
            (grad,) = torch.autograd.grad(out, leaf, create_graph=True)
            squares = grad.square().sum()
            for other in leaves:
                found += torch.autograd.grad(squares, other, retain_graph=True, materialize_grads=True)
        results.append(found)
    assert_close(*results)


@both_modes
@every_layer
def test_in_single_precision_too(make, shape, training):
    layer, plain = pair(make, shape, training)
    for layout in (torch.contiguous_format, torch.channels_last):
        x = normal(*shape)
        x = x.to(memory_format=layout) if x.dim() == 4 else x
        found = derivatives(copy.deepcopy(layer).float(), x.float(), orders=2)
        assert_close([grad.double() for grad in found], derivatives(copy.deepcopy(plain), x, orders=2), limit=1e-4)


def patches(kernel: int, groups: int) -> Patches:
    return Patches((kernel, kernel), (2, 1), (1, 0), (1, 1), groups, 1 if groups > 1 else 2)


FUNCTIONS = {
    "samples": (lambda s: sample_statistics(s, 0.1, 5, False), [(2, 5, 3)]),
    "images": (lambda x: image_statistics(x, patches(2, 1), 0.1), [(2, 4, 3, 3)]),
    "grouped images": (lambda x: image_statistics(x, patches(2, 2), 0.1), [(2, 2, 3, 3)]),
    "pixels": (lambda x: image_statistics(x, patches(1, 1), 0.1), [(2, 4, 3, 3)]),
    "channels last": (lambda x: image_statistics(x.permute(0, 3, 1, 2), patches(2, 1), 0.1), [(2, 3, 3, 4)]),
    "inverse root": (lambda f: covariance_isqrt(f @ f.mT + 0.1 * torch.eye(3, dtype=DOUBLE), 4), [(2, 3, 4)]),
    "fold": (fold, [(4, 3, 2, 1), (2, 3), (2, 3, 3)]),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")  # PyTorch's own forward mode
@pytest.mark.parametrize(("function", "shapes"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_derivatives_are_those_of_finite_differences(function, shapes):
    """In reverse and forward mode, of batches of gradients, and forward over reverse."""
    inputs = [normal(*shape, seed=seed).requires_grad_() for seed, shape in enumerate(shapes)]
    assert gradcheck(function, inputs, check_forward_ad=True, fast_mode=True)
    assert gradcheck(function, inputs, check_batched_grad=True)
    assert gradgradcheck(function, inputs, check_fwd_over_rev=True, fast_mode=True)


@both_modes
def test_a_hessian_vector_product_by_two_backward_passes(training):
    results = []
    for layer in pair(*LAYERS["blocks"], training):
        parameters = list(layer.parameters())
        grads = torch.autograd.grad(loss_of(layer(normal(3, 4, 6, 5))), parameters, create_graph=True)
        sum((grad * normal(*grad.shape)).sum() for grad in grads).backward()
        results.append([parameter.grad for parameter in parameters])
    assert_close(*results)


def network(layers: tuple[type[nn.Module], type[nn.Module]], dtype: torch.dtype = DOUBLE) -> nn.Sequential:
    torch.manual_seed(0)
    convolution, linear = layers
    return nn.Sequential(
        convolution(3, 4, 3, n_iter=PLAIN_ABOVE + 1), nn.Tanh(), convolution(4, 4, 3, groups=2, sampling_stride=1),
        nn.Tanh(), nn.Flatten(), linear(16, 4, block=8), nn.Tanh(), linear(4, 1),
    ).to(dtype)  # fmt: skip


def networks(training: bool) -> list[nn.Module]:
    models = [network((FastDeconv, Delinear)), network((ReferenceFastDeconv, ReferenceDelinear))]
    for model in models:
        model(normal(5, 3, 6, 6, seed=3))
        model.train(training)
    return models


@both_modes
def test_learning_to_learn_through_an_inner_step(training):
    results = []
    for model in networks(training):
        names, weights = zip(*model.named_parameters(), strict=True)
        inner = loss_of(model(normal(5, 3, 6, 6, seed=1)))
        grads = torch.autograd.grad(inner, weights, create_graph=True)
        fast = {name: weight - 0.1 * grad for name, weight, grad in zip(names, weights, grads, strict=True)}
        outer = loss_of(torch.func.functional_call(model, fast, (normal(5, 3, 6, 6, seed=2),)))
        results.append([outer, *torch.autograd.grad(outer, weights)])
    assert_close(*results)


@both_modes
def test_a_gradient_penalty_has_a_gradient(training):
    results = []
    for critic in networks(training):
        x = normal(5, 3, 6, 6, seed=1).requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        penalty.backward()
        results.append([penalty, *(parameter.grad for parameter in critic.parameters() if parameter.grad is not None)])
        assert critic[2].weight.grad.norm() > 0
    assert_close(*results)


def test_hooks_of_the_input_see_its_whole_gradient_once():
    layer, plain = pair(*LAYERS["3x3"], training=True)
    results = []
    for one in (layer, plain):
        x, seen = normal(3, 4, 6, 5).requires_grad_(), []
        middle = x * 1
        middle.register_hook(lambda grad, seen=seen: seen.append(grad.detach()))
        torch.autograd.grad(loss_of(one(middle)), x, create_graph=True)
        assert len(seen) == 1
        results.append(seen)
    assert_close(*results)
