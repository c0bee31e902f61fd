"""`torch.compile`: the same numbers as eager, one graph where nothing freezes, and no recompilation as steps go by."""

import copy
import os
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.utils.checkpoint import checkpoint

from ndcore.layers import Delinear, FastDeconv

COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def network(freeze: bool) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        FastDeconv(4, 4, 3, padding=1, block=2, freeze=freeze, freeze_iter=2), nn.ReLU(),
        nn.Flatten(), Delinear(4 * 36, 3, block=18),
    )  # fmt: skip


def losses(model: nn.Module, steps: int) -> list[float]:
    generator = torch.Generator().manual_seed(1)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    found = []
    for _ in range(steps):
        x, labels = torch.randn(8, 4, 6, 6, generator=generator), torch.randint(0, 3, (8,), generator=generator)
        loss = nn.functional.cross_entropy(model(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found


@pytest.mark.skipif(not COMPILER, reason="torch.compile generates C++ on a CPU, and no C++ compiler is here")
def test_a_compiled_network_trains_like_the_eager_one():
    """One layer, because a cold compiler takes a second per kernel; whole networks take the same path below."""
    torch.manual_seed(0)
    model = nn.Sequential(FastDeconv(4, 3, 3, padding=1, block=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    eager = copy.deepcopy(model)
    assert losses(torch.compile(model, fullgraph=True), 3) == pytest.approx(losses(eager, 3), rel=1e-4)
    for (name, buffer), expected in zip(model.named_buffers(), eager.buffers(), strict=True):
        torch.testing.assert_close(buffer, expected, rtol=1e-4, atol=1e-5, msg=name)


def test_one_graph_and_no_recompilation_where_nothing_freezes():
    """The counter is a plain number that changes every step; a graph that knew it would be compiled every step."""
    model = network(freeze=False)
    eager = copy.deepcopy(model)
    counting = CompileCounterWithBackend("aot_eager")
    assert losses(torch.compile(model, backend=counting), 12) == pytest.approx(losses(eager, 12), rel=1e-4)
    assert counting.frame_count == 1
    assert model[0].counter == 0  # compiled, it is not counted: it decides nothing


@pytest.mark.filterwarnings(
    # PyTorch's own tracer asks for .grad of the tensor that crosses the break
    "ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"
)
def test_a_layer_that_freezes_breaks_the_graph_once_and_compiles_its_two_states_once():
    model = network(freeze=True)
    eager = copy.deepcopy(model)
    counting = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counting)
    assert losses(compiled, 4) == pytest.approx(losses(eager, 4), rel=1e-4)  # three live steps, one frozen
    assert model[0].counter == eager[0].counter == 4
    frames = counting.frame_count
    assert losses(compiled, 20) == pytest.approx(losses(eager, 20), rel=1e-4)  # live again, frozen again
    assert model[0].counter == eager[0].counter == 4
    assert counting.frame_count == frames
    for buffer, expected in zip(model.buffers(), eager.buffers(), strict=True):
        torch.testing.assert_close(buffer, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options", [{"averaging": "weighted"}, {"padding": "same", "padding_mode": "reflect"}], ids=str
)
def test_what_a_layer_can_be_told_is_in_the_one_graph(options):
    torch.manual_seed(0)
    layer = FastDeconv(4, 3, 3, **options)
    eager = copy.deepcopy(layer)
    counting = CompileCounterWithBackend("eager")
    compiled = torch.compile(layer, backend=counting, fullgraph=True)
    for _ in range(3):
        x = torch.randn(5, 4, 6, 6)
        torch.testing.assert_close(compiled(x), eager(x))
    assert counting.frame_count == 1
    for buffer, expected in zip(layer.buffers(), eager.buffers(), strict=True):
        torch.testing.assert_close(buffer, expected)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_checkpointing_around_compiled_code_of_a_layer_that_counts():
    torch.manual_seed(0)
    layer = FastDeconv(4, 3, 3, update_every=2)
    eager = copy.deepcopy(layer)
    compiled = torch.compile(layer, backend="eager")
    for _ in range(3):
        x = torch.randn(5, 4, 6, 6, requires_grad=True)
        y = x.detach().clone().requires_grad_()
        checkpoint(compiled, x, use_reentrant=True).sin().sum().backward()
        eager(y).sin().sum().backward()
        torch.testing.assert_close(x.grad, y.grad)
    assert layer.counter == eager.counter == 3
    for buffer, expected in zip(layer.buffers(), eager.buffers(), strict=True):
        torch.testing.assert_close(buffer, expected)


def test_the_layers_load_without_the_compiler():
    """It takes seconds, and most programs never use it."""

    code = "import sys, ndcore.layers; sys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
