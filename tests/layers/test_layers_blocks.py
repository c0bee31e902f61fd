"""The interleaved blocks: against index formulas in numpy, and the examples of the specification."""

import numpy as np
import pytest
import torch
from layers_numpy_oracle import block_and_slot, fast_deconv

from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.statistics import block_size, sample_patches

GEOMETRIES = [
    {"c": 3, "o": 2, "k": 3, "padding": 1},
    {"c": 4, "o": 3, "k": 3, "padding": 1, "block": 2},
    {"c": 6, "o": 2, "k": 3, "padding": 1, "block": 2, "stride": 2},
    {"c": 6, "o": 2, "k": 1, "block": 2},
    {"c": 4, "o": 2, "k": 1, "block": 4, "stride": 2, "sampling": 2},
    {"c": 4, "o": 6, "k": 3, "padding": 1, "groups": 2},
    {"c": 3, "o": 3, "k": 3, "padding": 1, "groups": 3, "stride": 2, "n_iter": 1},
    {"c": 2, "o": 4, "k": 7, "padding": 3, "groups": 2, "n_iter": 7},
    {"c": 4, "o": 2, "k": 3, "block": 2, "sampling": 1},
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_one_step_equals_the_index_formulas(geometry):
    defaults = {"padding": 0, "stride": 1, "groups": 1, "block": geometry["c"], "sampling": 3, "n_iter": 5}
    c, o, k, padding, stride, groups, block, sampling, n_iter = ({**defaults, **geometry}[key] for key in (
        "c", "o", "k", "padding", "stride", "groups", "block", "sampling", "n_iter"
    ))  # fmt: skip
    torch.manual_seed(0)
    layer = FastDeconv(
        c, o, k, stride, padding, groups=groups, block=block, sampling_stride=sampling, n_iter=n_iter, momentum=1.0
    ).double()
    x = torch.randn(3, c, 8, 7, dtype=torch.float64) + 0.5
    y, means, matrices = fast_deconv(
        x.numpy(), layer.weight.detach().numpy(), layer.bias.detach().numpy(), stride=stride, padding=padding,
        groups=groups, block=block, sampling=sampling, eps=1e-5, n_iter=n_iter,
    )  # fmt: skip
    torch.testing.assert_close(layer(x).detach().numpy(), y, rtol=1e-10, atol=1e-10)
    for group in range(groups):
        mean, matrix = layer.running_mean.view(groups, -1)[group], layer.running_deconv.view(groups, *matrices[0].shape)
        np.testing.assert_allclose(mean, means[group], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(matrix[group], matrices[group], rtol=1e-10, atol=1e-12)


def members(channels: int, block: int, kernel: int) -> list[list[tuple[int, int]]]:
    """(channel, kernel position) of every slot of every block, as `sample_patches` lays them out."""
    size = kernel * kernel
    codes = torch.arange(channels * size, dtype=torch.float64).view(1, channels, kernel, kernel)
    blocks = sample_patches(codes, (kernel,) * 2, (1, 1), (0, 0), (1, 1), 1, size * block)[0]
    return [[divmod(int(code), size) for code in row] for row in blocks]


def test_the_worked_example_of_four_channels_in_blocks_of_two():
    even, odd = [0, 2, 4, 6, 8], [1, 3, 5, 7]
    assert members(4, 2, 3) == [
        [(c, p) for c in range(4) for p in (even if c % 2 == first else odd)] for first in (0, 1)
    ]


def test_three_blocks_are_the_kernel_columns():
    assert members(6, 2, 3) == [[(c, 3 * ky + kx) for c in range(6) for ky in range(3)] for kx in range(3)]


def test_blocks_of_a_1x1_kernel_are_strided_channels():
    assert members(6, 2, 1) == [[(0, 0), (3, 0)], [(1, 0), (4, 0)], [(2, 0), (5, 0)]]


@pytest.mark.parametrize(("channels", "block", "kernel"), [(128, 64, 3), (96, 32, 3), (12, 4, 3), (20, 5, 2)])
def test_every_column_has_its_place(channels, block, kernel):
    blocks = members(channels, block, kernel)
    for j in range(channels * kernel**2):
        b, slot = block_and_slot(j, channels // block)
        assert blocks[b][slot] == divmod(j, kernel**2)


@pytest.mark.parametrize(
    ("block", "channels", "expected"),
    [(64, 3, 3), (64, 44, 44), (64, 88, 8), (64, 96, 32), (64, 160, 32), (64, 192, 64), (64, 224, 32), (64, 320, 64),
     (64, 24, 24), (512, 1280, 256), (512, 176, 176), (512, 320, 320), (512, 512, 512), (512, 1024, 512),
     (512, 2560, 512), (64, 25088, 64), (64, 1000, 8), (1, 7, 1)],
)  # fmt: skip
def test_block_sizes(block, channels, expected):
    assert block_size(block, channels) == expected
    assert Delinear(channels, 1, block=block).block == expected
    if channels < 1000:
        assert FastDeconv(channels, 1, 1, block=block).block == expected


@pytest.mark.parametrize("block", [1, 3, 64])
def test_groups_decide_alone(block):
    layer = FastDeconv(12, 6, 3, groups=3, block=block)
    assert layer.block == 4
    assert layer.running_mean.shape == (12 * 9,)
    assert layer.running_deconv.shape == (3, 36, 36)


def test_fresh_buffers_are_zero_and_identity():
    for layer in (FastDeconv(4, 2, 3), FastDeconv(4, 2, 3, groups=2), Delinear(6, 2, block=3)):
        assert not layer.running_mean.any()
        eye = torch.eye(layer.running_deconv.shape[-1])
        assert torch.equal(layer.running_deconv, eye.expand_as(layer.running_deconv))
