"""The fast layers stay as much faster than the reference as they were when `ratios.json` was written."""

from __future__ import annotations

import measure_ratios
import pytest
import torch

from ndcore.layers import Delinear


@pytest.mark.parametrize("name", measure_ratios.CASES)
def test_a_fast_layer_is_no_slower_than_it_was(name):
    message = measure_ratios.slower_than(measure_ratios.CASES[name], measure_ratios.limits()[name])
    assert message is None, f"{name}: {message}"


def test_another_processor_is_held_to_the_reference_only(monkeypatch):
    here = measure_ratios.limits()
    monkeypatch.setattr(measure_ratios, "cpu_name", lambda: "Another CPU")
    there = measure_ratios.limits()
    assert all(limit >= here[name] for name, limit in there.items())
    assert min(there.values()) == measure_ratios.ELSEWHERE


def test_every_committed_ratio_has_its_case():
    assert set(measure_ratios.committed()) == set(measure_ratios.CASES)


def test_a_fast_layer_that_becomes_slow_is_noticed(monkeypatch):
    case = measure_ratios.Case(lambda: Delinear(256, 10), (128, 256))
    ratio = measure_ratios.measure(case)
    quick = Delinear.inverse_root

    def slow(layer, covariance):
        for _ in range(4):
            quick(layer, covariance.detach())
        return quick(layer, covariance)

    monkeypatch.setattr(Delinear, "inverse_root", slow)
    threads = torch.get_num_threads()
    limit = measure_ratios.TOLERANCE * ratio
    message = measure_ratios.slower_than(case, limit)
    assert message is not None
    assert f"{limit:.3f} is allowed here" in message
    assert "python tests/bench/measure_ratios.py --write" in message
    assert torch.get_num_threads() == threads
