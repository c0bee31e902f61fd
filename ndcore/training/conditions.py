"""The sessions of a run: with how many threads one goes on, and what has changed since the one before.

The same seed gives the same bits only on the same kind of device with the same software, and on a CPU with the same
number of threads, which decides the order of additions.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise

from pydantic import ConfigDict

from ndcore.part import Part
from ndcore.training.threads import AUTO, KEEP

ROUNDING = {"device", "cpu", "threads", "packages"}
"""Differences that change the rounding of a result and nothing else that is known."""


class Conditions(Part):
    """What decides the bits of a session, beside the run's configuration."""

    device: str
    """"cpu", "cuda" or "mps"."""
    device_name: str
    cpu: str
    cpu_capability: str
    """Vector instructions that PyTorch's own kernels use."""
    cpu_extensions: tuple[str, ...]
    """Vector instructions that the processor offers, by which oneDNN and MKL choose theirs; none if not known."""
    threads: int
    packages: dict[str, str]
    """Versions of what computes, as it was loaded."""
    settings: dict[str, str]
    """Switches of PyTorch, oneDNN, MKL and CUDA that are not at their defaults."""
    source_sha256: str
    """Over all Python files of the package."""


class Session(Part):
    """Where one process took the run over, and under which conditions."""

    model_config = ConfigDict(title="Interval")
    __qualname__ = "Interval"  # like the title, its name in the published schema of records
    epoch: int
    step: int
    started_utc: str
    conditions: Conditions | None = None
    """None: not recorded, as in the first records."""


def threads_to_take(asked: str | int, usual: Conditions, before: Conditions | None) -> int:
    """With how many threads a session computes.

    "auto" keeps the number of the checkpoint where that gives equal bits and this process may use as many.

    Args:
        asked: as `ndcore.training.threads.parse_threads` returns it.
        usual: the conditions with as many threads as this process may use.
        before: those of the session that wrote the checkpoint; None without a checkpoint, or if it did not record them.
    """
    if isinstance(asked, int):
        return asked
    if before is None:
        return usual.threads
    equal_otherwise = not differences(before, usual).keys() - {"threads", "code"}
    fits = before.device == "cpu" and before.threads <= usual.threads
    return before.threads if asked == KEEP or (equal_otherwise and fits) else usual.threads


def differences(before: Conditions, now: Conditions) -> dict[str, str]:
    """What is not the same in two sessions: its kind, and in words; the CPU counts where both compute on it."""
    found = {}
    if (before.device, before.device_name) != (now.device, now.device_name):
        found["device"] = f"device {before.device_name} → {now.device_name}"
    if before.device == now.device == "cpu":
        if before.threads != now.threads:
            found["threads"] = f"threads {before.threads} → {now.threads}"
        if cpu := _cpu(before, now):
            found["cpu"] = cpu
    if packages := _changed(before.packages, now.packages, before.packages.keys() & now.packages.keys()):
        found["packages"] = packages
    if settings := _changed(before.settings, now.settings, before.settings.keys() | now.settings.keys()):
        found["settings"] = settings
    if before.source_sha256 != now.source_sha256:
        found["code"] = f"source of ndcore {before.source_sha256[:8]} → {now.source_sha256[:8]}"
    return found


def _changed(before: dict[str, str], now: dict[str, str], names: Set[str]) -> str:
    pairs = [(name, before.get(name, "not set"), now.get(name, "not set")) for name in sorted(names)]
    return ", ".join(f"{name} {old} → {new}" for name, old, new in pairs if old != new)


def _cpu(before: Conditions, now: Conditions) -> str:
    parts = []
    if before.cpu != now.cpu:
        parts.append(f"CPU {before.cpu} → {now.cpu}")
    if before.cpu_capability != now.cpu_capability:
        parts.append(f"CPU capability {before.cpu_capability} → {now.cpu_capability}")
    old, new = set(before.cpu_extensions), set(now.cpu_extensions)
    if not parts and old != new:
        other = [f"without {name}" for name in sorted(old - new)] + [f"with {name}" for name in sorted(new - old)]
        parts.append(f"a CPU of the same name {', '.join(other)}")
    return ", ".join(parts)


def remark(asked: str | int, usual: Conditions, before: Conditions | None, now: Conditions) -> str:
    """One line about a session that goes on from a checkpoint; "" if there is nothing to say.

    Args:
        asked, usual, before: as for `threads_to_take`.
        now: the conditions of the session, with the threads that it takes.
    """
    if before is None:
        unknown = f"the checkpoint does not say with how many threads it was made: this run goes on with {now.threads}"
        return unknown if asked == KEEP else ""
    found, parts = differences(before, now), []
    if found:
        rounding = "is as good as that of a run without interruption, but not bit-equal to it"
        other = "need not be that of a run without interruption"
        parts += [
            f"this run goes on under other conditions than those of its checkpoint: {'; '.join(found.values())}",
            f"its result {rounding if found.keys() <= ROUNDING else other}",
            "its record names what has changed",
        ]
    if asked == AUTO and found.keys() - {"code"} == {"threads"}:
        parts.append(f"--threads {KEEP} would have gone on with the {before.threads} of the checkpoint")
    if asked == AUTO and now.threads < usual.threads:
        parts.append(
            f"this run goes on with as many threads as its checkpoint was made with, {now.threads}, for the same bits: "
            f"--threads {usual.threads} takes as many as it may use"
        )
    return "; ".join(parts)


def changes(sessions: Sequence[Session]) -> list[str]:
    """What changed from one session to the next, in words, one text for every session that differs."""
    texts = []
    for number, (before, now) in enumerate(pairwise(sessions), start=2):
        if before.conditions and now.conditions and (found := differences(before.conditions, now.conditions)):
            texts.append(f"session {number}: {'; '.join(found.values())}")
    return texts
