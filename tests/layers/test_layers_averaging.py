"""How running values follow the batches: `averaging`, `momentum=None`, `reset_running_stats`, `recalibrate`."""

import copy

import pytest
import torch
from torch import Tensor, nn

import ndcore
from ndcore.errors import UserError
from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.layers.averaging import UNIT

LAYERS = {
    "3x3": (lambda **kw: FastDeconv(4, 3, 3, padding=1, block=2, **kw), (4, 7, 6)),
    "1x1": (lambda **kw: FastDeconv(4, 3, 1, **kw), (4, 7, 6)),
    "grouped": (lambda **kw: FastDeconv(4, 4, 3, groups=2, **kw), (4, 7, 6)),
    "linear": (lambda **kw: Delinear(6, 3, block=3, **kw), (6,)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
SIZES = (5, 12, 2, 7)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen(layer: nn.Module, batches: list[Tensor]) -> list[tuple[int, Tensor, Tensor, Tensor]]:
    """Number of sample vectors, mean, matrix times standard deviations, and variance of each batch."""
    found = []
    for x in batches:
        _, mean, deconv, variance = (value.detach() for value in layer.batch_transform(x))
        found.append((layer.sample(x).shape[1], mean, deconv * variance.sqrt().unsqueeze(1), variance))
    return found


def assert_running(layer: nn.Module, mean: Tensor, deconv: Tensor) -> None:
    torch.testing.assert_close(layer.running_mean, mean.view_as(layer.running_mean), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layer.running_deconv, deconv.view_as(layer.running_deconv), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("update_every", [1, 3])
@pytest.mark.parametrize("momentum", [0.3, 1.0, None])
@every_layer
def test_weighted_running_values_are_a_weighted_mean_of_the_batches(make, shape, momentum, update_every):
    layer = make(averaging="weighted", momentum=momentum, update_every=update_every)
    batches = [randn(n, *shape, seed=seed) for seed, n in enumerate(SIZES)]
    kept = 1 if momentum is None else (1 - momentum) ** update_every
    found = seen(layer, batches)
    weights = [r * kept ** (len(batches) - 1 - i) for i, (r, *_) in enumerate(found)]
    for x in batches:
        for _ in range(update_every):  # only the first of them is live
            layer(x)
    mean, matrix, variance = (
        sum(weight * values[k] for weight, values in zip(weights, found, strict=True)) / sum(weights) for k in (1, 2, 3)
    )
    assert_running(layer, mean, matrix / variance.sqrt().unsqueeze(1))
    torch.testing.assert_close(layer.running_var, variance.flatten(), rtol=1e-4, atol=1e-5)
    assert layer.num_vectors_tracked.item() == pytest.approx(UNIT * sum(weights), rel=1e-3)


def test_weights_have_the_precision_of_the_layer():
    layer = Delinear(4, 2, averaging="weighted", momentum=None, dtype=torch.float64)
    batches = [randn(rows, 4, seed=rows).double() for rows in (3, 7, 11)]
    for batch in batches:
        layer(batch)
    torch.testing.assert_close(layer.running_mean, torch.cat(batches).mean(0), rtol=0, atol=1e-14)


def test_equal_batches_come_to_have_the_published_share():
    layer, other = FastDeconv(4, 3, 3, averaging="weighted"), FastDeconv(4, 3, 3)
    for seed in range(60):
        layer(randn(8, 4, 7, 7, seed=seed))
    other.load_state_dict({k: v for k, v in layer.state_dict().items() if k in other.state_dict()})
    x = randn(8, 4, 7, 7, seed=60)
    layer(x), other(x)
    torch.testing.assert_close(layer.running_mean, other.running_mean, rtol=0, atol=1e-3)


def test_of_single_features_the_running_values_are_those_of_batch_normalisation():
    options = {"averaging": "weighted", "momentum": None, "sampling_stride": 1, "n_iter": 20}
    layer, norm = FastDeconv(3, 3, 1, groups=3, **options), nn.BatchNorm2d(3, momentum=None)
    for seed in range(4):
        x = (1 + seed) * randn(8, 3, 5, 5, seed=seed) + seed
        layer(x), norm(x)
    torch.testing.assert_close(layer.running_mean, norm.running_mean)
    expected = norm.running_var.rsqrt()
    torch.testing.assert_close(layer.running_deconv.flatten(), expected, rtol=0.01, atol=0)  # it takes n/(n − 1)


def test_evaluation_stays_near_training_where_the_inputs_have_grown():
    """As when a step makes the weights before the layer larger; by the mean of D itself it would be 500 times more."""
    layer = FastDeconv(4, 4, 3, averaging="weighted")
    x = randn(16, 4, 9, 9)
    layer(1e-3 * x)
    trained = layer(x).norm()
    assert layer.eval()(x).norm() < 5 * trained


@every_layer
def test_weighted_evaluation_after_one_step_is_that_step(make, shape):
    layer, x = make(averaging="weighted"), randn(9, *shape)
    torch.testing.assert_close(layer(x), layer.eval()(x))


def test_no_momentum_leaves_the_running_values():
    layer = FastDeconv(4, 3, 3, averaging="weighted", momentum=0)
    before = copy.deepcopy(layer.state_dict())
    layer(randn(8, 4, 7, 7))
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


def pixels(count: int, seed: int) -> Tensor:
    """Maps of one pixel with strongly correlated channels."""
    return randn(count, 16, seed=seed).matmul(randn(16, 16, seed=99)).view(count, 16, 1, 1)


@pytest.mark.parametrize("averaging", ["published", "weighted"])
def test_a_last_batch_of_two_images(averaging):
    """Two vectors leave 15 of 16 directions without variance, which the matrix then blows up by 316."""
    layer = FastDeconv(16, 8, 1, averaging=averaging, sampling_stride=1, n_iter=15)
    for seed in range(80):
        layer(pixels(128, seed))
    test = pixels(500, 100)
    before = copy.deepcopy(layer).eval()(test)
    layer(pixels(2, 101))
    change = (layer.eval()(test) - before).norm() / before.norm()
    assert change < 0.6 if averaging == "weighted" else change > 10


def test_published_layers_have_no_count():
    assert "num_vectors_tracked" not in FastDeconv(4, 3, 3).state_dict()
    layer = Delinear(4, 3, averaging="weighted")
    assert "averaging='weighted'" in repr(layer)
    assert layer.half().num_vectors_tracked.dtype == torch.long
    layer.set_averaging("published")
    assert set(layer.state_dict()) == {"weight", "bias", "running_mean", "running_deconv"}
    layer.momentum = None
    with pytest.raises(
        ValueError, match=r'Delinear: momentum=None, the mean of all batches, needs averaging="weighted"'
    ):
        layer.float()(randn(5, 4))


@pytest.mark.parametrize(
    "make",
    [
        lambda: FastDeconv(4, 3, 3, freeze=True, freeze_iter=1, update_every=2, averaging="weighted"),
        lambda: Delinear(6, 3),
        lambda: ChannelDeconv(3),
    ],
)
def test_reset_is_as_new(make):
    torch.manual_seed(0)
    layer = make()
    new = copy.deepcopy(layer)
    xs = [randn(8, 6, seed=i) if isinstance(layer, Delinear) else randn(8, 4, 7, 7, seed=i) for i in range(3)]
    for x in xs:
        layer(x)
    layer.reset_running_stats()
    assert all(torch.equal(a, b) for a, b in zip(layer.buffers(), new.buffers(), strict=True))
    assert getattr(layer, "counter", 0) == 0


def test_channels_alone_without_momentum_take_the_mean_of_all_batches():
    layer = ChannelDeconv(2, momentum=None, sampling_stride=1)
    batches = [randn(8, 3, seed=seed) for seed in range(5)]
    for x in batches:
        layer(x)
    torch.testing.assert_close(layer.running_mean2.item(), torch.stack([x[:, 2] for x in batches]).mean().item())


def network(**options) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        FastDeconv(3, 4, 3, padding=1, **options), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(),
        Delinear(4 * 36, 3, block=36),
    )  # fmt: skip


@pytest.mark.parametrize(
    "options", [{}, {"averaging": "weighted"}, {"update_every": 3}, {"freeze": True, "freeze_iter": 1}], ids=str
)
def test_recalibration_is_the_mean_over_the_batches(options):
    model = network(**options)
    for seed in range(4):
        model(randn(8, 3, 6, 6, seed=seed))
    model[1].eval()
    before = copy.deepcopy(model)
    batches = [randn(n, 3, 6, 6, seed=10 + n) for n in (8, 8, 3)]
    ndcore.recalibrate(model, [(x, "label") for x in batches], device="cpu")
    found = seen(before[0], batches)
    total = sum(r for r, *_ in found)
    mean, matrix, variance = (sum(values[0] * values[k] for values in found) / total for k in (1, 2, 3))
    assert_running(model[0], mean, matrix / variance.sqrt().unsqueeze(1))
    first = before[0]
    inner = [
        first.transform(x, *first.folded(*(value.detach() for value in first.batch_transform(x)[1:3]))) for x in batches
    ]
    torch.testing.assert_close(model[1].running_mean, torch.stack([y.mean((0, 2, 3)) for y in inner]).mean(0))
    for new, old in zip(model.modules(), before.modules(), strict=True):
        for name in ("training", "momentum", "counter", "freeze", "update_every", "averaging"):
            assert getattr(new, name, None) == getattr(old, name, None)
        for (name, value), (key, kept) in zip(
            new.named_buffers(recurse=False), old.named_buffers(recurse=False), strict=True
        ):
            assert name == key
            assert ("stored" not in name and "vectors" not in name) or torch.equal(value, kept)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_recalibration_sees_what_evaluation_sees():
    """Without dropout: then the same batch in evaluation gives what it gave in the pass."""
    model, x = network(), randn(8, 3, 6, 6)
    ndcore.recalibrate(model, [x])
    model.eval()
    again = copy.deepcopy(model)
    for layer in (again[0], again[1], again[4]):
        layer.train()
    torch.testing.assert_close(model(x), again(x), rtol=1e-2, atol=1e-2)  # a running variance is the unbiased one


class Failing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if len(x) == 3:
            raise ArithmeticError("three")
        return x


def test_what_fails_in_recalibration_leaves_the_model_as_it_was():
    model = nn.Sequential(network(update_every=2), Failing())
    model(randn(8, 3, 6, 6))
    before = copy.deepcopy(model)
    for batches, error, message in (
        ([randn(8, 3, 6, 6), randn(3, 3, 6, 6)], ArithmeticError, "three"),
        ([], UserError, "there is no batch"),
    ):
        with pytest.raises(error, match=message):
            ndcore.recalibrate(model, batches)
        assert all(torch.equal(value, before.state_dict()[key]) for key, value in model.state_dict().items())
        assert model[0][0].counter == before[0][0].counter
        assert [m.training for m in model.modules()] == [m.training for m in before.modules()]
    with pytest.raises(UserError, match="Linear has no layer with running statistics"):
        ndcore.recalibrate(nn.Linear(2, 2), [randn(4, 2)])


def test_a_layer_that_no_batch_reaches_keeps_its_values():
    model = network()
    model(randn(8, 3, 6, 6))
    model.aside = FastDeconv(3, 4, 3)
    model.aside(randn(8, 3, 6, 6))
    before = copy.deepcopy(model.aside)
    del model.aside
    holder = nn.Module()
    holder.used, holder.aside, holder.forward = model, before, model.forward
    expected = copy.deepcopy(before.state_dict())
    ndcore.recalibrate(holder, [randn(8, 3, 6, 6, seed=1)])
    assert all(torch.equal(value, expected[key]) for key, value in holder.aside.state_dict().items())
