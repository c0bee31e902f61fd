"""Mixed precision: under autocast the convolution is bfloat16, covariance and inverse square root are float32."""

import copy
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv, fast_deconv

LIMIT = 2e-2  # relative, in norm; bfloat16 rounds at 4e-3, and an output and its gradient are rounded several times

LAYERS = {
    "3x3": (lambda: FastDeconv(8, 6, 3, padding=1, block=4), (8, 8, 9, 9)),
    "1x1": (lambda: FastDeconv(8, 6, 1), (8, 8, 9, 9)),
    "grouped": (lambda: FastDeconv(8, 8, 3, groups=2), (8, 8, 9, 9)),
    "n_iter 15": (lambda: FastDeconv(3, 6, 3, n_iter=15), (8, 3, 9, 9)),
    "linear": (lambda: Delinear(16, 6, block=8), (16, 16)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)


def relative_error(value: Tensor, expected: Tensor) -> float:
    return float((value.detach().float() - expected.detach()).norm() / expected.detach().norm())


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16)


@every_layer
@pytest.mark.parametrize("backward_inside", [False, True])
def test_outputs_are_bfloat16_and_everything_is_right_to_its_precision(make, shape, backward_inside):
    torch.manual_seed(0)
    layer, x, weight = make(), torch.randn(shape), None
    exact = copy.deepcopy(layer)
    results = []
    for module, context in ((exact, torch.autocast("cpu", enabled=False)), (layer, autocast())):
        leaf = x.clone().requires_grad_()
        with context:
            out = module(leaf)
            weight = torch.randn(out.shape) if weight is None else weight
            if backward_inside:
                (out.float() * weight).sum().backward()
        if not backward_inside:
            (out.float() * weight).sum().backward()
        results.append({"output": out, "x": leaf.grad} | {k: p.grad for k, p in module.named_parameters()})
    expected, found = results
    assert found["output"].dtype == torch.bfloat16
    for name, value in found.items():
        assert relative_error(value, expected[name]) <= LIMIT, name
        assert name == "output" or value.dtype == torch.float32
    for (name, buffer), full in zip(layer.named_buffers(), exact.buffers(), strict=True):
        assert buffer.dtype == torch.float32
        assert torch.equal(buffer, full), name  # not even the last bit is touched
    layer.eval()
    with autocast():
        assert layer(x).dtype == torch.bfloat16
    assert relative_error(layer(x), exact.eval()(x)) == 0


@every_layer
def test_the_statistics_never_see_bfloat16(make, shape):
    """Inputs that are bfloat16 already, as they are behind the first layer of a network."""
    layer, seen = make(), []
    original = type(layer).batch_transform

    def spy(layer, x: Tensor):
        found = original(layer, x)
        seen.extend([*(value.dtype for value in found), torch.is_autocast_enabled("cpu")])
        return found

    with mock.patch.object(type(layer), "batch_transform", spy), autocast():
        assert layer(torch.randn(shape).bfloat16()).dtype == torch.bfloat16
    assert seen == [torch.float32] * 4 + [False]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_channels_alone_keep_the_type_of_their_input(dtype):
    """As batch normalisation does: there is no convolution in it that would gain by fewer bits."""
    torch.manual_seed(0)
    layer, x = ChannelDeconv(4), torch.randn(8, 6, 5, 5).to(dtype)
    exact = copy.deepcopy(layer)
    with autocast():
        out = layer(x)
    assert out.dtype == dtype
    assert relative_error(out, exact(x.float())) <= LIMIT
    assert all(map(torch.equal, layer.buffers(), exact.buffers()))


def test_a_network_trains_under_autocast():
    torch.manual_seed(0)
    network = nn.Sequential(
        FastDeconv(3, 8, 3, padding=1, n_iter=15, freeze=True, freeze_iter=2), nn.ReLU(),
        FastDeconv(8, 8, 3, padding=1, block=4), nn.ReLU(), nn.Flatten(), Delinear(8 * 36, 4, block=64),
    )  # fmt: skip
    exact = copy.deepcopy(network)
    x, labels = torch.randn(16, 3, 6, 6), torch.randint(0, 4, (16,))
    losses = []
    for model, enabled in ((network, True), (exact, False)):
        optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(6):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
                loss = nn.functional.cross_entropy(model(x), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert losses[:6] == pytest.approx(losses[6:], rel=0.1)
    assert losses[5] < losses[0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_what_autocast_does_not_cast_is_refused(dtype):
    layer = fast_deconv.FastDeconv(3, 4, 3)
    with autocast(), pytest.raises(TypeError, match=f"FastDeconv.*{dtype}.*torch.float32"):
        layer(torch.ones(2, 3, 5, 5).to(dtype))
