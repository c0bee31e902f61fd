"""`torch.func` and its relatives on the layers: at least where they work on batch normalisation, with the same values."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vjp, vmap

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.layers.reference import ReferenceChannelDeconv, ReferenceDelinear, ReferenceFastDeconv

DOUBLE = torch.float64
PLAIN = {FastDeconv: ReferenceFastDeconv, Delinear: ReferenceDelinear, ChannelDeconv: ReferenceChannelDeconv}
LAYERS = {
    "3x3": (lambda: FastDeconv(4, 3, 3, padding=1, block=2), (3, 4, 5, 4)),
    "1x1": (lambda: FastDeconv(4, 3, 1, stride=2, block=2, sampling_stride=1), (3, 4, 4, 5)),
    "grouped": (lambda: FastDeconv(4, 4, (3, 2), groups=2, sampling_stride=2, n_iter=7), (3, 4, 5, 4)),
    "linear": (lambda: Delinear(6, 3, block=3), (5, 6)),
    "channels": (lambda: ChannelDeconv(2, sampling_stride=1), (3, 5, 3, 3)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
both_modes = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
pytestmark = pytest.mark.filterwarnings(  # PyTorch's own forward mode
    "ignore:`torch.jit.script` is deprecated:FutureWarning"
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def prepared(make, shape: tuple[int, ...], training: bool) -> nn.Module:
    torch.manual_seed(0)
    layer = make().double()
    layer(normal(*shape, seed=9) + 0.5)
    return layer.train(training)


def plain_of(layer: nn.Module) -> nn.Module:
    plain = copy.deepcopy(layer)
    plain.__class__ = PLAIN[type(layer)]
    return plain


def state(layer: nn.Module) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Copies of parameters and buffers."""
    return tuple(
        {name: tensor.detach().clone() for name, tensor in named}
        for named in (layer.named_parameters(), layer.named_buffers())
    )


def loss_of(out: Tensor) -> Tensor:
    return (out.sin() * torch.linspace(0, 3, out[0].numel(), dtype=out.dtype).view(out.shape[1:])).sum()


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)


@both_modes
@every_layer
def test_gradients_and_buffers_are_those_of_a_backward_pass(make, shape, training):
    layer = prepared(make, shape, training)
    parameters, buffers = state(layer)
    x = normal(*shape)

    def loss(parameters, x, buffers):
        return loss_of(functional_call(layer, (parameters, buffers), (x,)))

    found = grad(loss, argnums=(0, 1))(parameters, x, buffers)
    value, pullback = vjp(lambda p: loss(p, x, copy.deepcopy(buffers)), parameters) if not training else (None, None)
    plain = plain_of(layer)
    leaf = x.clone().requires_grad_()
    expected = loss_of(plain(leaf))
    expected.backward()
    assert_close(found[1], leaf.grad)
    for name, parameter in plain.named_parameters():
        assert_close(found[0][name], parameter.grad)
        if pullback:
            assert_close(pullback(torch.ones((), dtype=DOUBLE))[0][name], parameter.grad)
            assert_close(value, expected.detach())
    for name, buffer in plain.named_buffers():
        assert_close(buffers[name].double(), buffer.double())


@both_modes
@every_layer
def test_jacobians_and_hessians(make, shape, training):
    layer = prepared(make, shape, training)
    plain, x = plain_of(layer), normal(*shape)
    parameters, buffers = state(layer)

    def out(x, buffers):
        return functional_call(layer, (parameters, buffers), (x,)).sum((0, *range(2, x.dim())))

    def loss(x, buffers):
        return loss_of(functional_call(layer, (parameters, buffers), (x,)))

    def expected_out(x):
        return plain(x).sum((0, *range(2, x.dim())))

    expected = torch.autograd.functional.jacobian(expected_out, x)
    direction = normal(*shape, seed=4)
    assert_close(jacrev(out)(x, buffers), expected)
    assert_close(jacfwd(out)(x, buffers), expected)
    _, tangent = jvp(out, (x, buffers), (direction, {name: torch.zeros_like(b) for name, b in buffers.items()})) \
        if not isinstance(layer, ChannelDeconv) else (None, None)  # fmt: skip
    assert_close(torch.autograd.functional.jacobian(lambda x: out(x, buffers), x, vectorize=True), expected)
    curvature = torch.autograd.functional.hessian(lambda x: loss_of(plain(x)), x)
    assert_close(hessian(loss)(x, buffers), curvature)
    assert_close(jacrev(grad(loss))(x, buffers), curvature)


@both_modes
@every_layer
def test_forward_mode(make, shape, training):
    """Of the input and of the parameters; also through a backward pass."""
    layer = prepared(make, shape, training)
    plain, x, direction = plain_of(layer), normal(*shape), normal(*shape, seed=4)
    leaves = [x.requires_grad_(), *plain.parameters()]
    grads = torch.autograd.grad(loss_of(plain(x)), leaves, create_graph=True)
    directions = [direction, *(normal(*p.shape, seed=5) for p in plain.parameters())]
    slope = sum((g * d).sum() for g, d in zip(grads, directions, strict=True))
    expected = torch.autograd.grad(slope, leaves)
    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(t.detach().clone().requires_grad_(), d) for t, d in zip(leaves, directions, strict=True)]
        names = [name for name, _ in layer.named_parameters()]
        value = loss_of(functional_call(layer, dict(zip(names, duals[1:], strict=True)), (duals[0],)))
        assert_close(forward_ad.unpack_dual(value).tangent, slope.detach())
        found = torch.autograd.grad(value, duals)
        for ours, theirs in zip(found, expected, strict=True):
            assert_close(forward_ad.unpack_dual(ours).tangent, theirs)
