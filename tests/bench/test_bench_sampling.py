"""The order of the samples, and when there are enough of them."""

from __future__ import annotations

import pytest
import torch

from ndcore.bench import sampling
from ndcore.bench.variants import Variant


class Clock:
    """A machine on which steps take as long as we say."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Fake(Variant):
    def __init__(self, name: str, seconds: float, clock: Clock, log: list[str]) -> None:
        super().__init__(name, None, None, torch.empty(1), torch.empty(1))
        self.duration, self.clock, self.log = seconds, clock, log

    def step(self) -> None:
        self.clock.now += self.duration
        self.log.append(self.name)

    def peak_bytes(self) -> int:
        return 10 if self.name.startswith("nd") else 5


@pytest.fixture
def fakes(monkeypatch):
    clock, log = Clock(), []
    monkeypatch.setattr(sampling, "time", clock)

    def make(**seconds: float) -> list[Fake]:
        return [Fake(name.replace("_", "-"), duration, clock, log) for name, duration in seconds.items()]

    return make, log


def test_variants_take_turns_and_so_does_who_comes_first(fakes):
    make, log = fakes
    samples = sampling.measure(make(bn=0.1, nd=0.3, nd_original=0.5), 3, 5)
    assert log == [
        "bn", "nd", "nd-original",
        "bn", "nd", "nd-original",
        "nd", "nd-original", "bn",
        "nd-original", "bn", "nd",
    ]  # fmt: skip
    assert {name: len(taken.seconds) for name, taken in samples.items()} == {"bn": 3, "nd": 3, "nd-original": 3}
    assert samples["nd"].quartiles() == pytest.approx((0.3, 0.3, 0.3))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"bn": 0.1}, 10),
        ({"bn": 1.0}, 5),
        ({"bn": 60.0}, 3),
        ({"bn": 0.1, "nd": 60.0}, 10),
        ({"nd_every4": 0.25}, 5),
    ],
)
def test_ten_samples_or_five_seconds_and_never_fewer_than_three(fakes, seconds, expected):
    make, _ = fakes
    samples = sampling.measure(make(**seconds), 10, 5)
    assert {len(taken.seconds) for taken in samples.values()} == {expected}


def test_a_cycle_of_four_steps_is_one_sample(fakes):
    make, log = fakes
    shown = []
    samples = sampling.measure(make(nd_every4=0.25), 3, 100, lambda text, fraction: shown.append((text, fraction)))
    assert samples["nd-every4"].seconds == pytest.approx([0.25] * 3)
    assert log.count("nd-every4") == 1 + 3 * 4  # warm-up, rounds
    assert shown[0] == ("nd-every4 warm-up", 0)
    assert shown[-1] == ("nd-every4 round 3", pytest.approx(2 / 3))
