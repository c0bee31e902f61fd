"""What a layer goes through with its users: freezing, shared use, odd memory layouts, copies, files, types."""

import copy
import io
import pickle

import pytest
import torch
from torch import Tensor, nn

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv

LAYERS = {
    "3x3": (lambda **kw: FastDeconv(4, 3, 3, padding=1, block=2, **kw), (4, 4, 7, 6)),
    "1x1": (lambda **kw: FastDeconv(4, 3, 1, stride=2, block=2, **kw), (4, 4, 7, 6)),
    "grouped": (lambda **kw: FastDeconv(4, 4, (3, 2), groups=2, **kw), (4, 4, 7, 6)),
    "n_iter 15": (lambda **kw: FastDeconv(4, 3, 3, n_iter=15, eps=1e-2, freeze=True, **kw), (4, 4, 7, 6)),
    "linear": (lambda **kw: Delinear(6, 3, block=3, **kw), (8, 6)),
    "linear, no bias": (lambda **kw: Delinear(6, 3, bias=False, **kw), (2, 5, 6)),
    "channels": (lambda **kw: ChannelDeconv(2, **kw), (4, 5, 7, 6)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
every_map_layer = pytest.mark.parametrize(
    ("make", "shape"),
    [case for case in LAYERS.values() if len(case[1]) == 4],
    ids=[k for k, v in LAYERS.items() if len(v[1]) == 4],
)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gradients(layer: nn.Module, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(layer.parameters())))


@pytest.mark.parametrize("kernel", [1, 3])
def test_the_freeze_schedule(kernel):
    """freeze_iter = 100: live in steps 1…101, frozen to step 1000, live again in 1001…1101, frozen from 1102."""
    layer = FastDeconv(2, 2, kernel, freeze=True, freeze_iter=100, momentum=0.5)
    live = []
    for step in range(1, 1104):
        before = layer.running_mean.clone()
        layer(randn(2, 2, 3, 3, seed=step))
        if not torch.equal(before, layer.running_mean):
            live.append(step)
    assert live == [*range(1, 102), *range(1001, 1102)]
    assert layer.counter == 103


def test_evaluation_does_not_count_and_changes_nothing():
    layer = FastDeconv(2, 2, 3, freeze=True, freeze_iter=2)
    layer(randn(2, 2, 5, 5))
    before, counter = copy.deepcopy(layer.state_dict()), layer.counter
    layer.eval()(randn(2, 2, 5, 5, seed=1))
    assert counter == layer.counter == 1
    assert all(torch.equal(before[key], value) for key, value in layer.state_dict().items())


def test_without_freeze_the_counter_counts_and_decides_nothing():
    layer = FastDeconv(2, 2, 1, freeze_iter=1)
    counters = []
    for step in range(12):
        before = layer.running_mean.clone()
        layer(randn(2, 2, 3, 3, seed=step))
        counters.append(layer.counter)
        assert not torch.equal(before, layer.running_mean)
    assert counters == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]


def test_a_frozen_layer_is_its_evaluation_with_gradients():
    layer = FastDeconv(2, 3, 3, freeze=True, freeze_iter=1)
    for step in range(2):
        layer(randn(3, 2, 6, 6, seed=step))
    x = randn(3, 2, 6, 6, seed=9).requires_grad_()
    assert layer.frozen
    trained = layer(x)
    assert torch.equal(trained, copy.deepcopy(layer).eval()(x))
    grads = torch.autograd.grad(trained.sum(), [x, *layer.parameters()])
    assert all(grad.abs().sum() > 0 for grad in grads)


def test_a_live_step_between_a_frozen_step_and_its_backward_pass():
    layer = FastDeconv(2, 2, 3, freeze=True, freeze_iter=1)
    for step in range(9):
        layer(randn(3, 2, 6, 6, seed=step))
    alone = copy.deepcopy(layer)
    x = randn(3, 2, 6, 6, seed=20)
    expected = gradients(alone, alone(x).square().sum())
    frozen_loss = layer(x).square().sum()
    assert not layer.frozen  # step 11 is live again and rewrites the buffers
    layer(randn(3, 2, 6, 6, seed=21))
    assert all(torch.equal(a, b) for a, b in zip(gradients(layer, frozen_loss), expected, strict=True))


@every_layer
def test_twice_in_one_graph(make, shape):
    layer = make()
    one, other = randn(*shape).requires_grad_(), randn(*shape, seed=1).requires_grad_()
    twin = copy.deepcopy(layer)
    joint = [one, other, *layer.parameters()]
    found = torch.autograd.grad(layer(one).square().sum() + layer(other).sin().sum(), joint)
    first = torch.autograd.grad(twin(one).square().sum(), [one, *twin.parameters()])
    second = torch.autograd.grad(twin(other).sin().sum(), [other, *twin.parameters()])
    expected = [first[0], second[0], *(a + b for a, b in zip(first[1:], second[1:], strict=True))]
    torch.testing.assert_close(list(found), expected)
    for key, value in twin.state_dict().items():
        assert torch.equal(layer.state_dict()[key], value)


@every_layer
def test_no_grad_and_inputs_without_gradient_give_the_same_output(make, shape):
    layer, x = make(), randn(*shape)
    with_graph, without = copy.deepcopy(layer), copy.deepcopy(layer)
    expected = with_graph(x.clone().requires_grad_())
    with torch.no_grad():
        assert torch.equal(without(x), expected)
    plain = layer(x)
    assert torch.equal(plain, expected)
    if list(layer.parameters()):
        found = gradients(layer, plain.square().sum())
        assert all(map(torch.equal, found, gradients(with_graph, expected.square().sum())))
    for a, b, c in zip(layer.buffers(), with_graph.buffers(), without.buffers(), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(b, c)
        assert not a.requires_grad


def strided(x: Tensor) -> Tensor:
    """The same values in a tensor whose memory holds others between them."""
    return torch.stack([x, -x], dim=-1).flatten(-2)[..., ::2]


@pytest.mark.parametrize("layout", [strided, lambda x: x.mT.contiguous().mT, lambda x: x.flip(0).flip(0)])
@every_layer
def test_other_strides(make, shape, layout):
    layer, x = make().double(), randn(*shape).double()
    odd = layout(x)
    assert torch.equal(odd, x)
    torch.testing.assert_close(copy.deepcopy(layer)(odd), layer(x), rtol=1e-12, atol=1e-12)


@every_map_layer
def test_channels_last_inputs_and_weights(make, shape):
    layer, x = make().double(), randn(*shape).double().requires_grad_()
    last = copy.deepcopy(layer).to(memory_format=torch.channels_last)
    y = x.detach().to(memory_format=torch.channels_last).requires_grad_()
    expected, found = layer(x), last(y)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    for out, model, leaf in ((expected, layer, x), (found, last, y)):
        (out * randn(*shape).double().sum()).square().sum().backward()
        leaf.result = [leaf.grad, *(p.grad for p in model.parameters()), *model.buffers()]
    torch.testing.assert_close(y.result, x.result, rtol=1e-9, atol=1e-9)


@every_layer
def test_copies_and_files(make, shape):
    """deepcopy, pickle, torch.save and a state dictionary all give the same next step and the same evaluation."""
    layer = make()
    layer(randn(*shape))
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    loaded = make()
    assert loaded.load_state_dict(torch.load(file, weights_only=True)).missing_keys == []
    x = randn(*shape, seed=1)
    twins = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded]
    expected = layer(x), layer.eval()(x)
    for twin in twins:
        twin.train()
        assert torch.equal(twin(x), expected[0])
        assert torch.equal(twin.eval()(x), expected[1])
    for twin in twins[:2]:
        assert getattr(twin, "counter", 0) == getattr(layer, "counter", 0)


def test_the_counter_is_no_part_of_the_state():
    layer = FastDeconv(2, 2, 3)
    layer(randn(2, 2, 5, 5))
    assert type(layer.counter) is int
    assert set(layer.state_dict()) == {"weight", "bias", "running_mean", "running_deconv"}


@every_layer
def test_double(make, shape):
    layer, x = make(), randn(*shape)
    double = copy.deepcopy(layer).double()
    found = double(x.double())
    assert found.dtype == torch.float64
    torch.testing.assert_close(found.float(), layer(x), rtol=1e-3, atol=1e-3)
    assert all(buffer.dtype == torch.float64 for key, buffer in double.named_buffers() if "num_batches" not in key)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@every_layer
def test_half_precision_layers_compute_their_statistics_in_float32(make, shape, dtype):
    """The weights and inputs are rounded once; the covariance and its root are not."""
    layer, x = make().to(dtype), randn(*shape).to(dtype).requires_grad_()
    exact = copy.deepcopy(layer).float()
    found, expected = layer(x), exact(x.float())
    found.sum().backward()
    assert found.dtype == x.grad.dtype == dtype
    limit = 4 * torch.finfo(dtype).eps
    assert (found.float() - expected).norm() <= limit * expected.norm()
    for half, full in zip(layer.buffers(), exact.buffers(), strict=True):
        assert (half.float() - full.float()).norm() <= limit * full.float().norm()


@every_layer
def test_meta(make, shape):
    layer, x = make().to("meta"), randn(*shape).to("meta")
    trained, evaluated = layer(x), layer.eval()(x)
    assert trained.is_meta
    assert trained.shape == evaluated.shape == make()(randn(*shape)).shape


def test_a_layer_built_on_meta():
    with torch.device("meta"):
        layer = FastDeconv(4, 4, 3, groups=2)
    assert layer.running_deconv.is_meta
    assert layer(randn(2, 4, 5, 5).to("meta")).shape == (2, 4, 3, 3)


def test_representation_tells_what_is_not_the_default():
    assert "freeze_iter" not in repr(FastDeconv(2, 2, 3))
    assert "freeze_iter=7" in repr(FastDeconv(2, 2, 3, freeze=True, freeze_iter=7))
    for layer in (FastDeconv(2, 2, 3, synchronize=True), Delinear(2, 2, synchronize=True)):
        assert "synchronize=True" in repr(layer)
