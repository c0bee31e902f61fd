"""The bytes of tensors that are alive at once, in cases that can be counted by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from ndcore.bench.tensor_memory import TensorMemory
from ndcore.bench.variants import Variant

MATRIX = 4 * 100 * 100
"""Bytes of a 100×100 matrix."""


class Wasteful(torch.autograd.Function):
    """Doubles; its backward makes three matrices beside the gradient that it returns."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> Tensor:
        extra = [grad + number for number in range(3)]
        return 2 * grad + extra[0] * 0


def test_what_is_freed_counts_no_more():
    x = torch.ones(100, 100)
    with TensorMemory([x]) as memory:
        y = x + 1
        assert memory.now == MATRIX
        z = y * 2
        assert memory.now == memory.peak == 2 * MATRIX
        view = z.t()[:50]
        x.add_(view.new_zeros(1))
        del y
        assert memory.now == MATRIX
    del z
    assert memory.now == MATRIX
    del view
    assert memory.now == 0
    assert 2 * MATRIX <= memory.peak < 3 * MATRIX


def test_what_the_graph_keeps_for_the_backward_pass_counts():
    x = torch.ones(100, 100, requires_grad=True)
    with TensorMemory([x]) as memory:
        y = x.exp().sin().sum()  # exp and sin both keep the result of exp
        assert memory.now == MATRIX + y.nbytes
        assert memory.peak == 2 * MATRIX + y.nbytes
        y.backward()
        del y
        assert memory.peak >= 3 * MATRIX
        assert memory.now == MATRIX == x.grad.nbytes


def test_the_backward_pass_of_custom_functions_is_seen():
    x = torch.ones(100, 100, requires_grad=True)
    incoming = torch.ones(100, 100)
    y = Wasteful.apply(x)
    with TensorMemory([x, y, incoming]) as memory:
        [gradient] = torch.autograd.grad(y, x, incoming)
    assert memory.peak >= 4 * MATRIX
    assert memory.now == MATRIX == gradient.nbytes


def test_the_peak_of_a_training_step():
    model = nn.Sequential(nn.Linear(100, 100, bias=False), nn.ReLU(inplace=True), nn.Linear(100, 2, bias=False))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    variant = Variant("bn", model, optimizer, torch.randn(100, 100), torch.zeros(100, dtype=torch.int64))
    variant.sample()
    weights = 4 * (100 * 100 + 2 * 100)
    # weights, momentum and gradients, images, labels, and during the backward pass the map and its gradient
    least = 3 * weights + MATRIX + 8 * 100 + MATRIX
    assert least <= variant.peak_bytes() <= least + 2 * MATRIX
