"""A forward that runs inside the autograd engine repeats an earlier one: it advances nothing and computes the same.

Activation checkpointing is the case that everybody has; the expected values are those of the same model without it.
"""

import copy
import io

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.layers.recomputation import KEPT

LAYERS = {
    "always live": lambda: FastDeconv(4, 4, 3, padding=1),
    "weighted": lambda: FastDeconv(4, 4, 3, padding=1, averaging="weighted"),
    "update_every": lambda: FastDeconv(4, 4, 3, padding=1, update_every=3),
    "freeze": lambda: FastDeconv(4, 4, 3, padding=1, freeze=True, freeze_iter=1),
    "both": lambda: FastDeconv(4, 4, 3, padding=1, freeze=True, freeze_iter=1, update_every=2),
    "linear": lambda: Delinear(5, 5, update_every=2),
    "channels": lambda: ChannelDeconv(2),
}


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def state(layer: nn.Module) -> dict[str, object]:
    return {"counter": getattr(layer, "counter", None), **{k: v.clone() for k, v in layer.named_buffers()}}


def assert_same(found: dict[str, object], expected: dict[str, object]) -> None:
    for name, value in expected.items():
        assert torch.equal(found[name], value) if isinstance(value, Tensor) else found[name] == value, name


def train(layer: nn.Module, forward, xs: list[Tensor]) -> list[Tensor]:
    """Gradients of steps of plain gradient descent, of input and parameters."""
    found = []
    for x in xs:
        x = x.clone().requires_grad_()
        forward(x).sin().sum().backward()
        found.append(x.grad)
        for parameter in layer.parameters():
            found.append(parameter.grad)
            parameter.data -= 0.1 * parameter.grad
            parameter.grad = None
    return found


@pytest.mark.parametrize("batches", ["new", "always the same"])
@pytest.mark.parametrize("reentrant", [True, False], ids=["reentrant", "hooks"])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_checkpointing_changes_neither_gradients_nor_state(make, reentrant, batches):
    torch.manual_seed(0)
    layer = make()
    plain = copy.deepcopy(layer)
    shape = (6, 5) if isinstance(layer, Delinear) else (3, 4, 6, 6)
    xs = [randn(*shape, seed=step if batches == "new" else 0) for step in range(7)]
    found = train(layer, lambda x: checkpoint(lambda y: layer(y) + y, x, use_reentrant=reentrant), xs)
    expected = train(plain, lambda x: plain(x) + x, xs)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert_same(state(layer), state(plain))


def test_several_forwards_before_one_backward_pass():
    """Micro-batches: each repetition finds its own forward, also where the sources differ."""
    layer = FastDeconv(4, 4, 3, update_every=3)
    plain = copy.deepcopy(layer)
    xs = [randn(3, 4, 6, 6, seed=seed).requires_grad_() for seed in range(3)]
    sum(plain(x).sin().sum() for x in xs).backward()
    expected = [x.grad.clone() for x in xs]
    for x in xs:
        x.grad = None
    sum(checkpoint(layer, x, use_reentrant=False).sin().sum() for x in xs).backward()
    assert all(torch.equal(x.grad, grad) for x, grad in zip(xs, expected, strict=True))
    torch.testing.assert_close(layer.weight.grad, plain.weight.grad)
    assert_same(state(layer), state(plain))


def test_a_repetition_is_repeated_again():
    layer = FastDeconv(4, 4, 3, update_every=2)
    for _ in range(2):
        x = randn(3, 4, 6, 6).requires_grad_()
        out = checkpoint(layer, x, use_reentrant=False).sin().sum()
        first = torch.autograd.grad(out, x, retain_graph=True)[0]
        assert torch.equal(torch.autograd.grad(out, x)[0], first)
    assert layer.counter == 2


def test_what_cannot_be_known_is_refused():
    layer = FastDeconv(4, 4, 3, padding=1, update_every=2)
    x = randn(3, 4, 6, 6).requires_grad_()
    twice = checkpoint(lambda y: layer(y).sum() + layer(y).sin().sum(), x, use_reentrant=False)
    with pytest.raises(RuntimeError, match="several forwards had this input, from different statistics: run the back"):
        twice.backward()
    layer(randn(3, 4, 6, 6, seed=1))
    stored = checkpoint(layer, randn(3, 4, 6, 6, seed=2).requires_grad_(), use_reentrant=False).sum()
    layer(randn(3, 4, 6, 6, seed=3))
    with pytest.raises(RuntimeError, match="running or stored values that it used have changed since"):
        stored.backward()
    lost = checkpoint(layer, randn(3, 4, 6, 6, seed=9).requires_grad_(), use_reentrant=False).sum()
    for seed in range(KEPT):
        layer(randn(3, 4, 6, 6, seed=10 + seed))
    before = state(layer)
    with pytest.raises(RuntimeError, match=r"FastDeconv.*no forward with this input is among the last 64"):
        lost.backward()
    assert_same(state(layer), before)


def test_a_forward_in_a_backward_hook_counts_as_a_repetition():
    """The layer cannot tell the two apart; where every step is live it computes, and the state stays."""
    layer, x = FastDeconv(4, 4, 3), randn(3, 4, 6, 6).requires_grad_()
    layer(x)
    before, inner = state(layer), []
    y = (2 * x).sum()
    y.register_hook(lambda grad: inner.append(layer(x.detach())))
    y.backward()
    assert len(inner) == 1
    assert_same(state(layer), before)


def test_the_inner_steps_of_a_nested_optimisation_are_no_repetition():
    layer, x = FastDeconv(4, 4, 3, update_every=2), randn(3, 4, 6, 6)
    (step,) = torch.autograd.grad(layer(x).square().sum(), layer.weight)
    weights = {"weight": layer.weight - 0.1 * step}
    torch.func.functional_call(layer, weights, (x,)).sum().backward()
    assert layer.counter == 2
    assert layer.source == "batch"


def test_notes_on_inputs_are_neither_copied_nor_saved():
    layer = FastDeconv(4, 4, 3, update_every=2)
    layer(randn(3, 4, 6, 6))
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    for twin in (copy.deepcopy(layer), torch.load(file, weights_only=False)):
        assert layer._forwards
        assert not twin._forwards
        assert twin.counter == layer.counter == 1


@pytest.mark.parametrize(
    "make", [v for k, v in LAYERS.items() if k != "linear"], ids=[k for k in LAYERS if k != "linear"]
)
def test_replicas_count_one_step_and_keep_what_the_first_device_saw(make):
    """What `nn.DataParallel` does, on CPU: the first replica shares its buffers with the layer, others have copies."""
    layer = make()
    for step in range(5):
        single = copy.deepcopy(layer)
        halves = [randn(3, 4, 6, 6, seed=2 * step + half) for half in range(2)]
        replicas = [layer._replicate_for_data_parallel() for _ in halves]
        for replica in replicas:
            for name, parameter in layer.named_parameters():
                setattr(replica, name, parameter.clone())
        for name, buffer in layer.named_buffers():
            setattr(replicas[1], name, buffer.clone())
        sources = [getattr(replica, "source", None) for replica in replicas]
        assert sources == [getattr(layer, "source", None)] * 2
        outs = [replica(half) for replica, half in zip(replicas, halves, strict=True)]
        assert torch.equal(outs[0], single(halves[0]))
        assert_same(state(layer), state(single))
        if list(layer.parameters()):
            sum(out.sum() for out in outs).backward()
