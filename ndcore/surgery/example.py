"""What one batch shows of a model: the shapes its layers see, and whose weights are used without calling the layer."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from ndcore.layers import Delinear, FastDeconv
from ndcore.surgery.comparison import as_inputs, run
from ndcore.surgery.copying import copied, undisturbed
from ndcore.surgery.reads import ReadWeights


@dataclass
class Seen:
    """What a batch showed. Layers have their qualified names."""

    outputs: list[Any]
    """Of the model in evaluation mode."""
    shapes: dict[str, list[torch.Size]] = field(default_factory=lambda: defaultdict(list))
    """Of the input at every call of a layer."""
    read: set[str] = field(default_factory=set)
    """Layers whose weight or bias was used while the layer was not called."""


def look(model: nn.Module, example: Any) -> Seen:
    """Run copies of a model on an example, in evaluation and, where it can train on it, in training mode.

    Raises:
        UserError: the forward pass fails.
    """
    seen = Seen(run(model, example))
    for training in (True, False):
        root = copied(model).train(training)
        seen.shapes.clear()
        reads = ReadWeights(root)
        _watch_shapes(root, seen, reads)
        with suppress(Exception), torch.no_grad(), undisturbed(model), reads:
            root(*as_inputs(example))
        seen.read |= reads.found
    return seen


def _watch_shapes(root: nn.Module, seen: Seen, reads: ReadWeights) -> None:
    """Hooks on the layers of a copy, which note shapes, and that a layer is being called."""
    for name, layer in root.named_modules():
        if isinstance(layer, (_ConvNd, nn.Linear)):

            def enter(layer: nn.Module, inputs: tuple, name: str = name) -> None:
                reads.inside.append(layer)
                seen.shapes[name].extend(x.shape for x in inputs[:1] if isinstance(x, torch.Tensor))

            layer.register_forward_pre_hook(enter)
            layer.register_forward_hook(lambda *_: reads.inside.pop() and None, always_call=True)


def sample_vectors(place: nn.Module, layer: FastDeconv | Delinear, shape: torch.Size) -> int:
    """How many sample vectors a layer takes from an input of this shape, after the padding that stands before it."""
    x = torch.empty(shape, device="meta", dtype=torch.float32)
    if place is not layer:
        x = place[0](x)
    return layer.sample_count(x.shape)
