"""Blocks found by experiment, in the fast and in the reference layer, against the index formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndcore.layers import FastDeconv
from ndcore.layers.reference import ReferenceFastDeconv
from ndcore.layers.statistics import block_size
from ndreport.explained.blocks import find_blocks, find_blocks_by_number, find_slots
from ndreport.explained.layout import channels_together, neighbours_together, usual_description

KINDS = st.sampled_from([FastDeconv, ReferenceFastDeconv])


def entries(channels: int, kernel: int) -> np.ndarray:
    return np.arange(channels * kernel**2).reshape(channels, -1)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(1, 16), st.integers(1, 3), KINDS)
def test_blocks_and_slots_are_remainder_and_quotient_of_the_column(channels, block, kernel, kind):
    number = channels // block_size(block, channels)
    np.testing.assert_array_equal(find_blocks(channels, block, kernel, kind), entries(channels, kernel) % number)
    np.testing.assert_array_equal(find_slots(channels, block, kernel, kind), entries(channels, kernel) // number)


@pytest.mark.parametrize("kind", [FastDeconv, ReferenceFastDeconv])
@pytest.mark.parametrize("number", [2, 4, 8])
def test_for_powers_of_two_a_block_is_channel_plus_position(number, kind):
    channel, position = np.indices((16, 9))
    np.testing.assert_array_equal(find_blocks(16, 16 // number, kind=kind), (channel + position) % number)


def test_three_blocks_are_columns_of_the_kernel():
    np.testing.assert_array_equal(find_blocks(6, 2), np.tile([0, 1, 2], (6, 3)))


def test_blocks_by_their_number():
    found = find_blocks_by_number(8, (1, 2, 4))
    assert [len(np.unique(blocks)) for blocks in found.values()] == list(found) == [1, 2, 4]


def test_the_usual_description():
    np.testing.assert_array_equal(usual_description(4, 2, kernel=1), [[0], [0], [1], [1]])
    assert usual_description(8, 4).shape == (8, 9)


def test_pairs_that_are_whitened_together():
    assert neighbours_together(find_blocks(8, 4)) == (0, 96)
    assert neighbours_together(usual_description(8, 4)) == (96, 96)
    assert channels_together(find_blocks(8, 4)) == (108, 252)
    assert channels_together(usual_description(8, 4)) == (108, 252)
    assert neighbours_together(np.array([[0, 0, 1, 1]])) == (2, 4)
