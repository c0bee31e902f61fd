"""`torch.func` and its relatives on the layers: they work wherever they work on batch normalisation."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.autograd.functional import jacobian
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, stack_module_state, vjp, vmap

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.layers.reference import ReferenceChannelDeconv, ReferenceDelinear, ReferenceFastDeconv

DOUBLE = torch.float64
PLAIN = {FastDeconv: ReferenceFastDeconv, Delinear: ReferenceDelinear, ChannelDeconv: ReferenceChannelDeconv}
LAYERS = {
    "3x3": (lambda: FastDeconv(4, 3, 3, padding=1, block=2), (2, 4, 4, 3)),
    "1x1": (lambda: FastDeconv(4, 3, 1, stride=2, block=2, sampling_stride=1), (2, 4, 3, 4)),
    "grouped": (lambda: FastDeconv(4, 4, (3, 2), groups=2, n_iter=7), (2, 4, 4, 3)),
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
    plain, x = plain_of(layer), normal(*shape)
    parameters, buffers = state(layer)

    def loss(parameters: dict[str, Tensor], x: Tensor, buffers: dict[str, Tensor]) -> Tensor:
        return loss_of(functional_call(layer, (parameters, buffers), (x,)))

    found = grad(loss, argnums=(0, 1))(parameters, x, buffers)
    leaf = x.clone().requires_grad_()
    loss_of(plain(leaf)).backward()
    assert_close(found[1], leaf.grad)
    for name, parameter in plain.named_parameters():
        assert_close(found[0][name], parameter.grad)
    for name, buffer in plain.named_buffers():
        assert_close(buffers[name], buffer)


@every_layer
def test_vector_jacobian_products_in_evaluation(make, shape):
    layer = prepared(make, shape, training=False)
    plain, x = plain_of(layer), normal(*shape).requires_grad_()
    value, pullback = vjp(layer, x.detach())
    expected = plain(x)
    cotangent = normal(*expected.shape, seed=4)
    assert_close(value, expected.detach())
    assert_close(pullback(cotangent)[0], *torch.autograd.grad(expected, x, cotangent))


@both_modes
@every_layer
def test_jacobians_and_hessians(make, shape, training):
    layer = prepared(make, shape, training)
    plain, x = plain_of(layer), normal(*shape)
    parameters, buffers = state(layer)

    def out(x: Tensor, buffers: dict[str, Tensor] = buffers) -> Tensor:
        return functional_call(layer, (parameters, buffers), (x,)).sum((0, *range(2, x.dim())))

    def loss(x: Tensor, buffers: dict[str, Tensor]) -> Tensor:
        return out(x, buffers).sin().sum()

    expected = jacobian(lambda x: plain(x).sum((0, *range(2, x.dim()))), x)
    assert_close(jacrev(out)(x, buffers), expected)
    assert_close(jacfwd(out)(x, buffers), expected)
    assert_close(jacobian(out, x, vectorize=True), expected)
    curvature = torch.autograd.functional.hessian(lambda x: plain(x).sum((0, *range(2, x.dim()))).sin().sum(), x)
    assert_close(hessian(loss)(x, buffers), curvature)
    assert_close(jacrev(grad(loss))(x, buffers), curvature)


@both_modes
@every_layer
def test_forward_mode(make, shape, training):
    """Of the input and of the parameters, and through a backward pass."""
    layer = prepared(make, shape, training)
    plain = plain_of(layer)
    leaves = [normal(*shape).requires_grad_(), *plain.parameters()]
    directions = [normal(*leaf.shape, seed=5) for leaf in leaves]
    grads = torch.autograd.grad(loss_of(plain(leaves[0])), leaves, create_graph=True)
    slope = sum((g * d).sum() for g, d in zip(grads, directions, strict=True))
    expected = torch.autograd.grad(slope, leaves)
    with forward_ad.dual_level():
        x, *values = (forward_ad.make_dual(leaf, d) for leaf, d in zip(leaves, directions, strict=True))
        names = [name for name, _ in layer.named_parameters()]
        value = loss_of(functional_call(layer, dict(zip(names, values, strict=True)), (x,)))
        assert_close(forward_ad.unpack_dual(value).tangent.detach(), slope.detach())
        found = torch.autograd.grad(value, [x, *values])
        for ours, theirs in zip(found, expected, strict=True):
            assert_close(forward_ad.unpack_dual(ours).tangent, theirs)


@every_layer
def test_gradients_of_every_sample_in_evaluation(make, shape):
    layer = prepared(make, shape, training=False)
    parameters, buffers = state(layer)

    def loss(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return loss_of(functional_call(layer, (parameters, buffers), (x.unsqueeze(0),)))

    batch = normal(*shape)
    found = vmap(grad(loss, argnums=(0, 1)), in_dims=(None, 0))(parameters, batch)
    for number, x in enumerate(batch):
        leaf = x.clone().requires_grad_()
        layer.zero_grad()
        loss_of(layer(leaf.unsqueeze(0))).backward()
        assert_close(found[1][number], leaf.grad)
        for name, parameter in layer.named_parameters():
            assert_close(found[0][name][number], parameter.grad)


def network() -> nn.Sequential:
    return nn.Sequential(
        FastDeconv(3, 4, 3), nn.Tanh(), FastDeconv(4, 4, 3, groups=2, sampling_stride=1), ChannelDeconv(3),
        nn.Flatten(), Delinear(16, 4, block=8), nn.Tanh(), Delinear(4, 1),
    ).double()  # fmt: skip


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")  # lerp_ of running values, one by one
@both_modes
def test_an_ensemble_trains_as_its_members_do(training):
    torch.manual_seed(0)
    members, x = [network() for _ in range(3)], normal(5, 3, 6, 6)
    for member in members:
        member(normal(5, 3, 6, 6, seed=9))
        member.train(training)
    parameters, buffers = stack_module_state(members)
    parameters = {name: value.detach() for name, value in parameters.items()}

    def loss(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        return loss_of(functional_call(members[0], (parameters, buffers), (x,)))

    found = vmap(grad(loss))(parameters, buffers)
    for number, member in enumerate(members):
        loss_of(member(x)).backward()
        for name, parameter in member.named_parameters():
            assert_close(found[name][number], parameter.grad)
        for name, buffer in member.named_buffers():
            assert_close(buffers[name][number], buffer)


@pytest.mark.parametrize("layer", [FastDeconv(3, 2, 3), nn.BatchNorm2d(3)], ids=["FastDeconv", "BatchNorm2d"])
def test_running_values_of_one_layer_are_not_those_of_a_batch_of_batches(layer):
    """Refused as batch normalisation is, and nothing has changed."""
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(RuntimeError, match=r"vmap|batched"):
        vmap(layer)(torch.randn(2, 4, 3, 5, 5))
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items() if "running" in name)
