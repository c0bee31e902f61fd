"""What each of two processes does with its share of a joint batch. A module of its own: the processes import it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ndcore.errors import NonFiniteError
from ndcore.layers import Delinear, FastDeconv

PROCESSES = 2
STEPS = 4

# name → layer, shape of one image, images of each process. Shares are unequal where nothing forbids it; n·h·w of the
# first share is a multiple of the sampling step of a 1×1 layer, σ² = (sampling_stride·stride)².
CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], tuple[int, int]]] = {
    "one block": (lambda: FastDeconv(3, 4, 3, padding=1, synchronize=True), (3, 8, 8), (3, 5)),
    "blocks": (lambda: FastDeconv(6, 4, 3, padding=1, block=2, synchronize=True), (6, 8, 8), (6, 1)),
    "stride 2": (lambda: FastDeconv(4, 4, 3, stride=2, block=2, synchronize=True), (4, 9, 9), (4, 4)),
    "grouped": (lambda: FastDeconv(6, 6, 3, padding=1, groups=3, synchronize=True), (6, 8, 8), (5, 3)),
    "depthwise, one iteration": (lambda: FastDeconv(4, 4, 3, groups=4, n_iter=1, synchronize=True), (4, 8, 8), (2, 6)),
    "1x1": (lambda: FastDeconv(6, 4, 1, block=3, synchronize=True), (6, 6, 6), (5, 3)),
    "1x1, stride 2": (lambda: FastDeconv(4, 4, 1, stride=2, synchronize=True), (4, 6, 6), (7, 9)),
    "1x1 maps": (lambda: FastDeconv(4, 4, 1, synchronize=True), (4, 1, 1), (36, 60)),
    "stem that freezes": (
        lambda: FastDeconv(3, 4, 3, padding=1, n_iter=15, eps=1e-3, freeze=True, freeze_iter=1, synchronize=True),
        (3, 8, 8),
        (3, 5),
    ),
    "linear": (lambda: Delinear(8, 3, block=4, synchronize=True), (8,), (9, 4)),
    "weighted": (lambda: FastDeconv(3, 4, 3, averaging="weighted", synchronize=True), (3, 8, 8), (3, 5)),
    "one vector each": (lambda: FastDeconv(4, 4, 1, eps=0.1, synchronize=True), (4, 1, 1), (9, 9)),
    "linear without bias": (lambda: Delinear(8, 3, bias=False, synchronize=True), (8,), (10, 14)),
}
NETWORK_SHARE = 8  # images of each process


def batch(name: str, step: int) -> Tensor:
    """The joint batch of a case, far from zero mean so that centring matters."""
    _, shape, shares = CASES[name]
    generator = torch.Generator().manual_seed(1000 * step + len(name))
    return torch.randn(sum(shares), *shape, generator=generator, dtype=torch.float64) + 3


def layer(name: str) -> nn.Module:
    torch.manual_seed(0)
    return CASES[name][0]().double()


def train(module: nn.Module, x: Tensor, offset: int) -> dict[str, Tensor]:
    """One step with a loss that is a sum over images, each with its own weights: it does not care who has which."""
    x = x.clone().requires_grad_()
    module.train().zero_grad()
    out = module(x)
    numbers = torch.arange(offset, offset + len(x)).view(-1, *[1] * (out.dim() - 1))
    loss = (out * torch.cos(numbers + torch.linspace(0, 6, out[0].numel(), dtype=out.dtype).view(out.shape[1:]))).sum()
    loss.backward()
    found = {"output": out.detach(), "x": x.grad}
    found |= {f"grad {key}": parameter.grad.clone() for key, parameter in module.named_parameters()}
    return found | {f"buffer {key}": buffer.clone() for key, buffer in module.named_buffers()}


def differentiate_twice(module: nn.Module, x: Tensor, offset: int) -> dict[str, Tensor]:
    """The gradient of the squared gradient of x, in double precision; a sum over images as well."""
    module, x = module.double(), x.double().requires_grad_()
    out = module(x)
    weights = torch.cos(torch.arange(offset, offset + len(x)).double()).view(-1, *[1] * (out.dim() - 1))
    (grad,) = torch.autograd.grad((out.sin() * weights).sum(), x, create_graph=True)
    grad.square().sum().backward()
    return {"x": x.grad, "weight": module.weight.grad}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    options = {"synchronize": True, "eps": 1e-3}
    return nn.Sequential(
        FastDeconv(3, 8, 3, padding=1, n_iter=15, freeze=True, freeze_iter=1, **options), nn.ReLU(),
        FastDeconv(8, 8, 3, padding=1, block=4, **options), nn.ReLU(),
        FastDeconv(8, 6, 1, **options), nn.ReLU(),
        FastDeconv(6, 6, 3, stride=2, groups=2, **options), nn.Flatten(),
        Delinear(6 * 4, 3, block=12, **options),
    ).double()  # fmt: skip


def train_network(module: nn.Module, rows: slice) -> list[float]:
    """Losses of a few steps with the given rows of the joint batches; the loss is a mean."""
    generator = torch.Generator().manual_seed(7)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        x = torch.randn(PROCESSES * NETWORK_SHARE, 3, 6, 6, generator=generator, dtype=torch.float64)
        labels = torch.randint(0, 3, (len(x),), generator=generator)
        loss = nn.functional.cross_entropy(module(x[rows]), labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def refusal() -> str:
    """Process 1 has a NaN; the covariance is everyone's, so both stop."""
    x = torch.ones(2, 3, 6, 6)
    x[0, 0, 0, 0] = float("nan") if dist.get_rank() == 1 else 1.0
    try:
        FastDeconv(3, 3, 3, synchronize=True)(x)
    except NonFiniteError as error:
        return str(error)
    return "no error"


def work(rank: int, folder: str) -> None:
    """Entry of a process; leaves rank{rank}.pt in the folder."""
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    results: dict = {}
    for name, (_, _, shares) in CASES.items():
        module, offset = layer(name), sum(shares[:rank])
        rows = slice(offset, offset + shares[rank])
        results[name] = [train(module, batch(name, step)[rows], offset) for step in range(STEPS)]
        results[f"{name}, second"] = differentiate_twice(layer(name), batch(name, 0)[rows], offset)
    alone = copy.deepcopy(layer("blocks"))
    alone.synchronize = False
    results["alone"] = train(alone, batch("blocks", 0)[slice(*((0, 6), (6, 7))[rank])], 0)
    module = network()
    parallel = DistributedDataParallel(module)
    rows = slice(rank * NETWORK_SHARE, (rank + 1) * NETWORK_SHARE)
    results["network"] = {"losses": train_network(parallel, rows), "state": module.state_dict()}
    results["network"]["counters"] = [m.counter for m in module.modules() if isinstance(m, FastDeconv)]
    results["refusal"] = refusal()
    torch.save(results, Path(folder) / f"rank{rank}.pt")
    dist.destroy_process_group()
