"""The fast layers against the plain ones: values, gradients and buffers over random geometry, in training and after."""

import copy
import dataclasses

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.layers.reference import ReferenceChannelDeconv, ReferenceDelinear, ReferenceFastDeconv

LIMIT = 1e-9
PAIRS = {FastDeconv: ReferenceFastDeconv, Delinear: ReferenceDelinear, ChannelDeconv: ReferenceChannelDeconv}


@dataclasses.dataclass(frozen=True)
class Case:
    """A layer, the shapes of its batches, and a seed."""

    layer: type[nn.Module]
    arguments: dict
    shape: tuple[int, ...]
    seed: int


@st.composite
def convolutions(draw) -> Case:
    pair = st.tuples
    kernel = draw(pair(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(pair(st.integers(0, 2), st.integers(0, 2)))
    dilation = draw(pair(st.integers(1, 2), st.integers(1, 2)))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    arguments = {
        "in_channels": groups * draw(st.integers(1, 4)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel_size": draw(st.sampled_from([kernel, (1, 1), (3, 3)])),
        "stride": draw(pair(st.integers(1, 2), st.integers(1, 2))),
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": draw(st.booleans()),
        "eps": draw(st.sampled_from([1e-5, 1e-2])),
        "n_iter": draw(st.integers(1, 7)),
        "momentum": draw(st.sampled_from([0.1, 0.5])),
        "block": draw(st.integers(1, 5)),
        "sampling_stride": draw(st.integers(1, 3)),
        "freeze": draw(st.booleans()),
        "freeze_iter": draw(st.integers(1, 3)),
    }
    least = [d * (k - 1) + 1 for d, k in zip(dilation, arguments["kernel_size"], strict=True)]
    height, width = (size + draw(st.integers(0, 5)) for size in least)
    shape = (draw(st.integers(1, 4)), arguments["in_channels"], height, width)
    return Case(FastDeconv, arguments, shape, draw(st.integers(0, 2**31)))


@st.composite
def linears(draw) -> Case:
    features = draw(st.integers(1, 12))
    arguments = {
        "in_features": features,
        "out_features": draw(st.integers(1, 4)),
        "bias": draw(st.booleans()),
        "n_iter": draw(st.integers(1, 7)),
        "block": draw(st.integers(1, 14)),
    }
    batch = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    return Case(Delinear, arguments, (*batch, features), draw(st.integers(0, 2**31)))


@st.composite
def channel_layers(draw) -> Case:
    block = draw(st.integers(1, 4))
    arguments = {"block": block, "n_iter": draw(st.integers(1, 7)), "sampling_stride": draw(st.integers(1, 3))}
    spatial = draw(st.sampled_from([(), (1, 1), (2, 3), (3, 3), (5, 4)]))
    shape = (draw(st.integers(3, 6)), block + draw(st.integers(0, 6)), *spatial)
    return Case(ChannelDeconv, arguments, shape, draw(st.integers(0, 2**31)))


def step(layer: nn.Module, x: Tensor, seed: int) -> dict[str, Tensor]:
    """Output, gradients and buffers of one step."""
    x = x.clone().requires_grad_()
    layer.zero_grad()
    out = layer(x)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(seed), dtype=out.dtype)
    (out * weight).sum().backward()
    found = {"output": out, "gradient of x": x.grad}
    found |= {f"gradient of {name}": parameter.grad for name, parameter in layer.named_parameters()}
    return found | {name: buffer.clone() for name, buffer in layer.named_buffers()}


def compare(case: Case, steps: int = 5) -> None:
    """Several steps in training, then one in evaluation."""
    generator = torch.Generator().manual_seed(case.seed)
    fast = case.layer(**case.arguments).double()
    assume(case.layer is ChannelDeconv or fast.sample_count(case.shape) > 1)
    with torch.no_grad():
        for parameter in fast.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    plain = copy.deepcopy(fast)
    plain.__class__ = PAIRS[case.layer]
    for number in range(steps + 1):
        fast.train(number < steps)
        plain.train(number < steps)
        x = 2 * torch.randn(case.shape, generator=generator, dtype=torch.float64) + 1
        found, expected = step(fast, x, number), step(plain, x, number)
        assert found.keys() == expected.keys()
        for name, value in found.items():
            error = (value - expected[name]).double().norm()
            assert error <= LIMIT * (1 + expected[name].double().norm()), (name, number, float(error))
        assert getattr(fast, "counter", 0) == getattr(plain, "counter", 0)


@settings(deadline=None, max_examples=150)
@given(case=convolutions())
def test_fast_deconv(case):
    compare(case)


@settings(deadline=None, max_examples=50)
@given(case=linears())
def test_delinear(case):
    compare(case)


@settings(deadline=None, max_examples=50)
@given(case=channel_layers())
def test_channel_deconv(case):
    compare(case)


def test_the_reference_refuses_what_it_does_not_do():
    layer = ReferenceFastDeconv(2, 2, 1, synchronize=True)
    with pytest.raises(NotImplementedError, match=r"ReferenceFastDeconv.*synchronize=True"):
        layer(torch.randn(2, 2, 3, 3))
