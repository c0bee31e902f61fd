"""The comparison of inference costs."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ndcore import models
from ndcore.bench import latency


class Operations(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def conv_net() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 12, 3), nn.BatchNorm2d(12))


def operations(model: nn.Module, x: torch.Tensor) -> list[str]:
    with torch.no_grad(), Operations() as seen:
        model(x)
    return seen.names


@pytest.mark.parametrize("name", ["mobilenetv2", "pnasneta"])
def test_folded_networks_perform_the_operations_of_the_unnormalised_one(name):
    x = torch.randn(2, 3, 32, 32)
    nd = models.create(name, "nd")
    for layer in nd.modules():
        if hasattr(layer, "n_iter"):
            layer.n_iter = 1
    nets = latency.variants(models.create(name, "bn"), x, nd)
    plain = operations(nets[latency.UNNORMALISED], x)
    assert operations(nets[latency.ND_FOLDED], x) == plain
    assert operations(nets[latency.BN_FOLDED], x) == plain
    assert len(operations(nets[latency.BN], x)) > len(plain)


def test_folded_deconvolution_costs_what_the_unnormalised_network_costs():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    x = torch.randn(32, 3, 32, 32)
    nets = latency.variants(model, x)
    assert model.training
    plain = operations(nets[latency.UNNORMALISED], x)
    assert operations(nets[latency.ND_FOLDED], x) == plain, "the same operations: what they cost no timing has to tell"
    result = latency.compare(nets, x, repetitions=25)
    assert 0 < result.ratio("nd, folded", "unnormalised") < float("inf")


def test_memory_is_counted_exactly():
    x = torch.randn(2, 4, 8, 8)
    model = nn.Sequential(nn.Conv2d(4, 8, 1, bias=False), nn.ReLU(), nn.Conv2d(8, 2, 1)).eval()
    result = latency.compare({"net": model, "in place": nn.Sequential(model[0], nn.ReLU(inplace=True)).eval()}, x, 2)
    large, small = 4 * 2 * 8 * 64, 4 * 2 * 2 * 64
    assert result.costs["net"].stored == 4 * (32 + 16 + 2)
    assert result.costs["net"].peak in (2 * large, 2 * large + small)
    assert result.costs["in place"].peak == large
    assert "not measured" in str(result)


def test_the_result_shows_itself():
    x = torch.randn(2, 3, 9, 9)
    result = latency.compare(latency.variants(conv_net(), x), x, repetitions=2)
    text = str(result)
    assert text.startswith("Inputs 2×3×9×9 on one cpu thread, 2 repetitions in turn")
    assert list(result.costs) == ["unnormalised", "bn", "bn, folded", "nd", "nd, folded"]
    assert result._repr_html_().count('scope="row"') == 5
    assert result.costs["nd"].stored > result.costs["nd, folded"].stored


def test_bad_input_of_the_comparison():
    x = torch.randn(2, 3, 9, 9)
    with pytest.raises(ValueError, match="at least 2 repetitions, got 1"):
        latency.compare({"net": conv_net().eval()}, x, 1)
    with pytest.raises(ValueError, match="'net' is in training mode"):
        latency.compare({"net": conv_net()}, x)
