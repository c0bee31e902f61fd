"""How many bytes of tensors are alive at once while something runs, on any device, independent of its allocator."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class TensorMemory(TorchDispatchMode):
    """Counts the bytes of all storages that operations return, while they are alive. Use it in a `with` statement.

    It sees operations of the forward and, on a CPU, of the backward pass, also those inside custom autograd functions;
    not the scratch memory that a kernel uses inside. Storages that outlive the statement go on being counted down.

    Args:
        known: tensors that are there already and shall not count when an operation returns them.
    """

    def __init__(self, known: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self._known = {tensor.untyped_storage().data_ptr() for tensor in known}
        self._alive: dict[int, int] = {}
        self.now = 0
        """Bytes alive at present."""
        self.peak = 0
        """Most bytes alive at once so far."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage())
        return out

    def _see(self, storage: torch.UntypedStorage) -> None:
        address = storage.data_ptr()
        if address in self._known or address in self._alive:
            return
        self._alive[address] = storage.nbytes()
        self.now += self._alive[address]
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, address).atexit = False

    def _forget(self, address: int) -> None:
        self.now -= self._alive.pop(address)
