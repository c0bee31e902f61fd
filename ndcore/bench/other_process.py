"""The original's way of training, in a process of its own beside ours, asked for one step at a time.

How the C library treats freed memory is a setting of a whole process, and it cannot be undone: a heap that has grown
stays. A process that never heard of ours is the only fair place for the other way.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

from ndcore.bench.variants import build
from ndcore.errors import UserError


@dataclass(frozen=True)
class SeparateVariant:
    """A variant that trains in another process."""

    name: str
    device: torch.device
    connection: Connection
    steps_per_sample = 1

    def step(self) -> None:
        """Forward, backward, update; waits for it."""
        self._ask("step")

    def sample(self) -> None:
        """The same: no steps belong together."""
        self._ask("step")

    def peak_bytes(self) -> int:
        """As `ndcore.bench.variants.Variant.peak_bytes`."""
        return self._ask("peak_bytes")

    def _ask(self, method: str) -> Any:
        try:
            self.connection.send((self.name, method))
            return self.connection.recv()
        except (EOFError, ConnectionError):
            raise UserError(f"the process that trains {self.name} stopped; what it said stands above") from None


@contextmanager
def in_another_process(
    arch: str, names: Sequence[str], batch_size: int, device: torch.device
) -> Iterator[list[SeparateVariant]]:
    """Variants of a network as `ndcore.bench.variants.build` makes them, in one other process with as many threads."""
    if not names:
        yield []
        return
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    arguments = (theirs, arch, tuple(names), batch_size, device.type, torch.get_num_threads())
    process = context.Process(target=_serve, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        yield [SeparateVariant(name, device, ours) for name in names]
    finally:
        ours.close()
        process.join(timeout=10)
        process.kill()


def _serve(connection: Connection, arch: str, names: Sequence[str], batch_size: int, device: str, threads: int) -> None:
    torch.set_num_threads(threads)
    variants = {variant.name: variant for variant in build(arch, names, batch_size, torch.device(device))}
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            name, method = connection.recv()
            connection.send(getattr(variants[name], method)())
