"""`synchronize=True` in two processes against one process with the joint batch.

The loss is a sum over images, so the gradients of the parameters of the two processes add up to the joint ones; under
`DistributedDataParallel`, with a mean over equally large shares, their mean does.
"""

import time

import pytest
import torch
from layers_two_processes import (
    CASES,
    PROCESSES,
    STEPS,
    batch,
    differentiate_twice,
    layer,
    network,
    train,
    train_network,
    work,
)

from ndcore.layers import Delinear, FastDeconv

LIMIT = 1e-5
PATIENCE = 300  # seconds; the two processes need about ten


@pytest.fixture(scope="module")
def processes(tmp_path_factory) -> list[dict]:
    """Results of both processes."""
    folder = tmp_path_factory.mktemp("processes")
    context = torch.multiprocessing.spawn(work, (str(folder),), nprocs=PROCESSES, join=False)
    deadline = time.monotonic() + PATIENCE
    try:
        while not context.join(timeout=5):
            assert time.monotonic() < deadline, f"the processes did not end in {PATIENCE} s"
    finally:
        for process in context.processes:
            process.kill()
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


def assert_close(found: torch.Tensor, expected: torch.Tensor, what: str) -> None:
    error = (found.double() - expected.double()).norm() / expected.double().norm().clamp_min(1e-12)
    assert error <= LIMIT, f"{what}: {float(error):.2e}"


@pytest.mark.parametrize("name", CASES)
def test_two_processes_are_one_with_the_joint_batch(processes, name):
    single = layer(name)
    single.synchronize = False
    for step in range(STEPS):
        expected = train(single, batch(name, step), 0)
        shares = [process[name][step] for process in processes]
        for key, value in expected.items():
            if key in ("output", "x"):
                assert_close(torch.cat([share[key] for share in shares]), value, f"{key} of step {step}")
            elif key.startswith("buffer"):
                for share in shares:
                    assert_close(share[key], value, f"{key} of step {step}")
                assert torch.equal(shares[0][key], shares[1][key])
            else:
                assert_close(sum(share[key] for share in shares), value, f"{key} of step {step}")


@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_are_those_of_one_process(processes, name):
    single = layer(name)
    single.synchronize = False
    expected = differentiate_twice(single, batch(name, 0), 0)
    shares = [process[f"{name}, second"] for process in processes]
    assert_close(torch.cat([share["x"] for share in shares]), expected["x"], "x")
    assert_close(sum(share["weight"] for share in shares), expected["weight"], "weight")


def test_without_synchronize_each_process_has_its_own_statistics(processes):
    one, other = (process["alone"]["buffer running_deconv"] for process in processes)
    assert not torch.allclose(one, other, rtol=1e-2)
    single = layer("blocks")
    train(single, batch("blocks", 0)[:6], 0)
    assert_close(one, single.running_deconv, "process 0")


def test_a_network_under_distributed_data_parallel(processes):
    single = network()
    losses = train_network(single, slice(None))
    shares = [process["network"] for process in processes]
    for share in shares:
        for key, value in single.state_dict().items():
            assert_close(share["state"][key], value, key)
        assert share["counters"] == [m.counter for m in single.modules() if isinstance(m, FastDeconv)]
    means = [sum(pair) / PROCESSES for pair in zip(*(share["losses"] for share in shares), strict=True)]
    assert means == pytest.approx(losses, rel=LIMIT)


def test_a_nan_in_one_process_stops_both(processes):
    innocent, guilty = (process["refusal"] for process in processes)
    assert "0 are NaN or infinite" in innocent
    assert "the batches of the other processes count too" in innocent
    assert "1 are NaN or infinite" in guilty


@pytest.mark.parametrize("make", [FastDeconv, Delinear])
def test_in_one_process_it_changes_nothing(make):
    arguments, shape = ((4, 3, 3), (2, 4, 6, 6)) if make is FastDeconv else ((6, 3), (5, 6))
    torch.manual_seed(0)
    plain, synchronised = make(*arguments), make(*arguments, synchronize=True)
    synchronised.load_state_dict(plain.state_dict())
    x = torch.randn(shape)
    assert torch.equal(plain(x), synchronised(x))
    assert torch.equal(plain.running_deconv, synchronised.running_deconv)
