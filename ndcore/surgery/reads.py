"""Which weights are used by other code than their layer, seen while a model runs or is traced."""

from __future__ import annotations

from collections import defaultdict

from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from ndcore.surgery.source import METADATA

VALUES = {"data", "T", "mT", "H", "mH"}
"""Attributes of a weight that are its values."""


class ReadWeights(TorchFunctionMode):
    """Sees every function of torch that is given the weight or bias of a layer which is not being called.

    `found` are the qualified names of these layers; whoever calls layers puts them on `inside` meanwhile.
    """

    def __init__(self, root: nn.Module) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.inside: list[nn.Module] = []
        self._owners: dict[int, list[tuple[nn.Module, str]]] = defaultdict(list)
        for name, layer in root.named_modules():
            if isinstance(layer, (_ConvNd, nn.Linear)):
                for parameter in layer._parameters.values():
                    if parameter is not None:
                        self._owners[id(parameter)].append((layer, name))

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if _takes_values(func):
            for value in tree_leaves((args, kwargs)):
                owners = self._owners.get(id(value), ())
                if owners and not any(layer in self.inside for layer, _ in owners):
                    self.found.update(name for _, name in owners)
        return func(*args, **kwargs)


def _takes_values(func: object) -> bool:
    name = getattr(func, "__name__", "")
    if name == "__get__":
        return getattr(getattr(func, "__self__", None), "__name__", "") in VALUES
    return name not in METADATA
