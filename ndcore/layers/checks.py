"""What the layers refuse: sizes that are no sizes, inputs of another type, statistics that are none or not finite."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from numbers import Integral

import torch
from torch import Tensor, nn

from ndcore.errors import NonFiniteError
from ndcore.layers.derivatives import plain_only
from ndcore.layers.synchronize import several_processes

AUTOCAST_INPUTS = (torch.float16, torch.bfloat16, torch.float32)


def require_counts(name: str, **values: int) -> None:
    """Refuse a value that is not a whole number of at least 1.

    Raises:
        ValueError: names the layer, the argument and the value.
    """
    for key, value in values.items():
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name}: {key}={value!r} must be a whole number of at least 1")


def require_sizes(name: str, axes: int, key: str, value: int | tuple[int, ...], least: int = 1) -> tuple[int, ...]:
    """The value for every axis.

    Raises:
        ValueError: not one whole number of at least `least`, or one per axis; names the layer, the argument, the value.
    """
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(sizes) != axes or not all(isinstance(size, Integral) and size >= least for size in sizes):
        number = "a whole number" if axes == 1 else f"1 or {axes} whole numbers"
        raise ValueError(f"{name}: {key}={value!r} must be {number} of at least {least}")
    return sizes


def require_rates(name: str, eps: float, momentum: float | None) -> None:
    """Refuse a negative eps, with which the covariance has no inverse square root, and a momentum outside [0, 1].

    None stands for the mean of all batches.

    Raises:
        ValueError: names the layer, the argument and the value.
    """
    if not eps >= 0:
        raise ValueError(f"{name}: eps={eps} must not be negative")
    if momentum is not None and not 0 <= momentum <= 1:
        raise ValueError(f"{name}: momentum={momentum} must lie between 0 and 1")


def require_dtype(x: Tensor, own: Tensor, layer: nn.Module) -> None:
    """Refuse an input that the layer cannot multiply with its own tensors, before any running value has changed.

    Raises:
        TypeError: names the layer and both types.
    """
    if x.dtype == own.dtype:
        return
    casts = x.device.type != "meta" and torch.is_autocast_enabled(x.device.type)
    if casts and x.dtype in AUTOCAST_INPUTS and own.dtype in AUTOCAST_INPUTS:
        return
    raise TypeError(f"{layer}: got an input of {x.dtype}, but the layer is of {own.dtype}; convert one of them")


def require_several_vectors(x: Tensor, layer: nn.Module) -> None:
    """Refuse a batch with one sample vector, whose covariance is zero, as batch normalisation refuses one value.

    Raises:
        ValueError: names the layer and its input.
    """
    if layer.vectors_in(x.shape) == 1 and not (layer.synchronize and several_processes()):
        raise ValueError(
            f"{layer}: one sample vector has no covariance, and the input {tuple(x.shape)} gives one: {_more(layer)}"
        )


def require_finite(value: Tensor, x: Tensor, layer: nn.Module, what: str = "covariance") -> None:
    """Stop before statistics with NaN or infinity poison the running ones.

    Only where looking costs nothing: on an accelerator it would stall every layer of every step, and there the trainer,
    which watches the loss, names the layer afterwards. And not within `torch.func`, whose values may be batches.

    Args:
        value: (…, d, d), the inverse square root of the covariance, or a variance plus eps. It is not finite if the
            covariance is not, and zero if the covariance is finite but its norm is not.
        x: the input of the layer.

    Raises:
        NonFiniteError: names the layer and the numbers, and whether it has fewer sample vectors than features.
    """
    if value.device.type != "cpu" or torch.compiler.is_compiling() or plain_only():
        return
    largest_entry = value.detach().amax(dim=(-2, -1))  # NaN if one is
    if largest_entry.gt(0).all() and value.isfinite().all():
        return
    finite = x.isfinite()
    largest = x.detach()[finite].abs().max().item() if finite.any() else float("nan")
    others = " (the batches of the other processes count too)" if getattr(layer, "synchronize", False) else ""
    raise NonFiniteError(
        f"{layer}: its {what} is not finite or too large; of the {x.numel()} values of its input {tuple(x.shape)}, "
        f"{int((~finite).sum())} are NaN or infinite and the largest other is {largest:.3g}{others}: "
        f"{_too_few(x, layer)}lower the learning rate, or look for the first layer that produces such values"
    )


def _too_few(x: Tensor, layer: nn.Module) -> str:
    """What to do where fewer sample vectors than features leave directions without variance, which are blown up."""
    count = getattr(layer, "vectors_in", lambda shape: math.inf)(x.shape)
    features = getattr(layer, "num_features", 0)
    if count > features or (layer.synchronize and several_processes()):
        return ""
    return f"{count} sample vectors leave {features} features without full rank, so {_more(layer)}; if it is not that, "


def _more(layer: nn.Module) -> str:
    """How a layer gets more sample vectors."""
    if getattr(layer, "sampling_stride", 1) not in (1, "auto"):
        return f"take a larger batch, or sampling_stride=1 instead of {layer.sampling_stride}"
    return "take a larger batch"


def full_precision(x: Tensor) -> AbstractContextManager:
    """Switches autocast off: statistics and inverse square roots keep the precision of the layer."""
    return nullcontext() if x.device.type == "meta" else torch.autocast(x.device.type, enabled=False)


def statistics_dtype(own: Tensor) -> torch.dtype:
    """Type in which a layer computes its statistics: its own, and at least float32."""
    return torch.promote_types(own.dtype, torch.float32)
