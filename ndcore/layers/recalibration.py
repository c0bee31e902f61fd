"""Running statistics anew from a pass over data: after weights were averaged (SWA, EMA), loaded, or changed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from ndcore.errors import UserError
from ndcore.layers.channel_deconv import ChannelDeconv
from ndcore.layers.whitening_layer import WhiteningLayer


ALWAYS_LIVE = {"momentum": None, "update_every": 1, "freeze": False}
"""Settings with which a layer takes the mean of all its training steps."""


def recalibrate(model: nn.Module, batches: Iterable[Any], device: torch.device | str | int | None = None) -> None:
    """Set the running statistics of a model to their mean over these batches, in place.

        ndcore.recalibrate(averaged.module, train_loader)

    In place of `torch.optim.swa_utils.update_bn`, which passes over the layers of this package. Batch normalisations
    and instance normalisations with running statistics take part.

    Of `FastDeconv` and `Delinear` the mean weighs each batch by its number of sample vectors, whatever `averaging` and
    `momentum` are; of the others it weighs all batches the same, as there. Every step is live, whatever `freeze` and
    `update_every` are. A layer that no batch reaches keeps what it had. Stored values, counters, modes and momenta stay.

    Only these layers are in training mode: dropout and stochastic depth stay off, because the statistics are for
    evaluation, which has none (`update_bn` has them on). Nothing gets a gradient.

    Args:
        model: any module.
        batches: inputs, or tuples or lists whose first element is the input.
        device: where to move the inputs; None leaves them where they are.

    Raises:
        UserError: no layer with running statistics, or no batch. Whatever is raised, the model is as it was.
    """
    layers = [module for module in model.modules() if _has_running_statistics(module)]
    if not layers:
        raise UserError(f"recalibrate: {type(model).__name__} has no layer with running statistics")
    count = 0
    with ExitStack() as stack, torch.no_grad():
        stack.enter_context(_modes(model))
        for layer in layers:
            stack.enter_context(_recalibrating(layer))
        for batch in batches:
            x = batch[0] if isinstance(batch, (tuple, list)) else batch
            model(x if device is None else x.to(device))
            count += 1
        if not count:
            raise UserError("recalibrate: there is no batch; a generator that was used up gives none")


def _has_running_statistics(module: nn.Module) -> bool:
    if isinstance(module, _NormBase):
        return module.running_mean is not None
    return isinstance(module, (WhiteningLayer, ChannelDeconv))


@contextmanager
def _modes(model: nn.Module) -> Iterator[None]:
    """Everything in evaluation mode, and each module in its own again."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _recalibrating(layer: nn.Module) -> Iterator[None]:
    """A layer that takes the mean of all its training steps; as it was if an error comes or no batch does."""
    settings = {name: getattr(layer, name) for name in (*ALWAYS_LIVE, "counter") if hasattr(layer, name)}
    buffers = {name: buffer.clone() for name, buffer in layer.named_buffers(recurse=False)}
    count, averaging = "num_batches_tracked", "weighted"
    if isinstance(layer, WhiteningLayer):
        count, averaging = "num_vectors_tracked", layer.averaging
    if averaging != "weighted":
        layer.set_averaging("weighted")
    layer.reset_running_stats()
    for name in settings.keys() & ALWAYS_LIVE.keys():
        setattr(layer, name, ALWAYS_LIVE[name])
    layer.training = True
    done = False
    try:
        yield
        done = getattr(layer, count).item() > 0
    finally:
        for name, value in settings.items():
            setattr(layer, name, value)
        if averaging != "weighted":
            layer.set_averaging(averaging)
        kept = {"stored_mean", "stored_deconv"} if done else buffers.keys()
        if layer.momentum is not None and buffers.get("num_vectors_tracked", 0) > 0:
            kept = {*kept, "num_vectors_tracked"}  # how slowly the running values move from here on
        with torch.no_grad():
            for name in kept & buffers.keys():
                getattr(layer, name).copy_(buffers[name])
