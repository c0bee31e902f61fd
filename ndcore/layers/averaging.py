"""How running values follow the batches: the share of a new batch in them.

"published": they start at zeros and the identity, and every batch has the same share, `momentum`. As the study ran.

"weighted": they start at the first batch, and a batch weighs by its number of sample vectors. With momentum m they are
the mean of all batches, each with weight r·(1 − m)^(later batches); r is its number of vectors. After equal batches a
new one has the share m, as published, and a last batch of few images little. `momentum=None` is the plain mean over all
vectors, m = 0; `momentum=0` leaves the running values as they are.

What is averaged are the mean, the variances s², and D·diag(s), which stays the same when a feature changes its scale.
Of uncorrelated features that is what batch normalisation does. The mean of D itself, as published, is that of 1/s:
where a step makes the weights of many layers larger, the old 1/s prevails, and evaluation grows from layer to layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor

from ndcore.layers.checks import statistics_dtype
from ndcore.layers.synchronize import joint_count, several_processes

if TYPE_CHECKING:
    from ndcore.layers.whitening_layer import WhiteningLayer

Averaging = Literal["published", "weighted"]


UNIT = 1000
"""`num_vectors_tracked` counts thousandths: a whole number, which no change of a model's dtype rounds."""


def require_averaging(name: str, averaging: str, momentum: float | None) -> None:
    """Refuse an unknown way, and a mean without momentum where batches are not counted.

    Raises:
        ValueError: names the layer and the value.
    """
    if averaging not in get_args(Averaging):
        raise ValueError(f"{name}: averaging={averaging!r} must be one of {', '.join(map(repr, get_args(Averaging)))}")
    if momentum is None and averaging != "weighted":
        raise ValueError(f'{name}: momentum=None, the mean of all batches, needs averaging="weighted", which counts')


def batch_share(layer: WhiteningLayer, shape: Sequence[int]) -> float | Tensor:
    """Share in the running values of a live step with an input of this shape; a weighted layer counts its vectors.

    With `update_every` a live step stands for the ones after it as well.
    """
    momentum = layer.momentum
    if layer.update_every > 1 and momentum is not None:
        momentum = 1 - (1 - momentum) ** layer.update_every
    if layer.averaging == "published":
        require_averaging(type(layer).__name__, layer.averaging, momentum)
        return momentum
    if momentum == 0:
        return momentum
    tracked = layer.num_vectors_tracked
    count = torch.full_like(tracked, UNIT * layer.vectors_in(shape))
    if layer.synchronize and several_processes():
        count = joint_count(count)
    tracked.copy_(count + (tracked if momentum is None else (tracked * (1 - momentum)).round()))
    return count.to(statistics_dtype(layer.running_mean)) / tracked


def average(running: Tensor, value: Tensor, share: float | Tensor) -> None:
    """Move a running value, in place, towards that of a batch."""
    running.lerp_(value.reshape(running.shape).to(running), share.to(running) if isinstance(share, Tensor) else share)


def average_scaled(
    running_deconv: Tensor, running_var: Tensor, deconv: Tensor, variance: Tensor, share: float | Tensor
) -> None:
    """Move running matrices D and variances s², in place, towards those of a batch; D by way of D·diag(s).

    Args:
        running_deconv: (d, d), or (g, d, d).
        running_var: (g·d).
        deconv: (g, d, d).
        variance: (g, d).
        share: of the batch.
    """
    matrix = running_deconv.view(deconv.shape)  # (g, d, d)
    matrix.mul_(running_var.view(variance.shape).sqrt().unsqueeze(-2))
    average(matrix, deconv * variance.sqrt().unsqueeze(-2), share)
    average(running_var, variance, share)
    matrix.div_(running_var.view(variance.shape).sqrt().unsqueeze(-2))


def lasting(running: Tensor, needed: bool) -> Tensor:
    """A running value that a backward pass may need: a live step changes the buffer in place, perhaps before that pass.

    Args:
        needed: whether the forward that takes it has a gradient which needs it.
    """
    if needed and torch.is_grad_enabled() and not torch.jit.is_tracing():  # a trace must not depend on the grad mode
        return running.clone()
    return running
