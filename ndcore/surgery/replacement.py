"""One layer for another: what the new one takes over, how a batch normalisation goes into weights, and the exchange.

Letters of the shapes: o outputs of a layer, c input channels of a group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from ndcore.errors import UserError
from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.geometry import geometry
from ndcore.layers.whitening_layer import WhiteningLayer
from ndcore.surgery.copying import HOOKS, parts_of, plain_attributes
from ndcore.surgery.kinds import COUNTERPARTS, plain_kind
from ndcore.surgery.padding import split


def deconvolved(layer: nn.Module, options: Mapping[str, Any]) -> tuple[nn.Module, WhiteningLayer]:
    """The counterpart (`ndcore.surgery.kinds`) with the very parameters, hooks, mode, dtype and device of a layer.

    Its running mean is 0 and its running matrix the identity, so in evaluation it computes what the plain layer does.

    Returns:
        What stands in the place of the layer, and the new layer itself. They differ if the padding is not one that
        FastDeconv has (another mode than zeros, or not the same on both sides): then padding stands before it.

    Raises:
        ValueError: options that do not fit.
    """
    # on the device of the layer, so that every buffer is there with its own first value, whatever options add buffers
    with torch.device(layer.weight.device), _NoInitialisation():
        pad = None
        if isinstance(layer, nn.Linear):
            new: WhiteningLayer = Delinear(layer.in_features, layer.out_features, bias=False, **options)
        else:
            kind, arguments = COUNTERPARTS[plain_kind(layer)], geometry(layer)
            if kind is FastDeconv:
                padding, pad = split(layer)
                arguments |= {"padding": padding, "padding_mode": "zeros"}
            new = kind(**arguments, bias=False, **options)
    new.to(layer.weight.dtype)
    new.weight, new.bias = layer.weight, layer.bias
    place = new if pad is None else nn.Sequential(pad, new)
    hand_over(layer, place)
    return place, new


class _NoInitialisation(TorchFunctionMode):
    """Makes modules without spending time or random numbers on weights that are replaced anyway."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def plain_same(layer: nn.Conv2d) -> tuple[nn.Module, nn.Conv2d]:
    """Of a convolution that pads by the size of its input: the padding and a Conv2d of torch, and that Conv2d."""
    new = nn.Conv2d(**geometry(layer) | {"padding": 0}, bias=False, device="meta")
    new.weight, new.bias = layer.weight, layer.bias
    place = nn.Sequential(split(layer)[1], new)
    hand_over(layer, place)
    return place, new


def hand_over(old: nn.Module, new: nn.Module) -> nn.Module:
    """Give the new module mode and hooks of the old one: the same dictionaries, so that handles keep removing hooks."""
    new.train(old.training)
    for name in HOOKS:
        setattr(new, name, getattr(old, name))
    return new


def absorbed(layer: nn.Module, norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    """Weight, as the layer's own, and bias (o) with which it computes what it and the normalisation after it compute.

    In evaluation mode, with the running statistics: W' = W·γ/√(v + ε), b' = (b − m)·γ/√(v + ε) + β, in float64.
    """
    with torch.no_grad():
        scale = _scale(norm)  # (o)
        bias = -norm.running_mean.double() * scale
        if layer.bias is not None:
            bias += layer.bias.double() * scale
        if norm.bias is not None:
            bias += norm.bias.double()
        if getattr(layer, "transposed", False):
            grouped = layer.weight.double().unflatten(0, (layer.groups, -1))  # (g, c/g, o/g, …)
            weight = grouped * scale.view(layer.groups, 1, -1, *(1,) * (layer.weight.dim() - 2))
            weight = weight.flatten(0, 1)  # (c, o/g, …)
        else:
            weight = layer.weight.double() * scale.view(-1, *(1,) * (layer.weight.dim() - 1))  # (o, c/g, …)
        return weight.to(layer.weight.dtype), bias.to(layer.weight.dtype)


def absorbed_before(layer: nn.Module, norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    """Weight (o, c/g, …) and bias (o) with which a layer computes what it does after the normalisation before it.

    W' = W·s and b' = b + W·(β − m·s) with s = γ/√(v + ε) of each input; exact where the layer does not pad.
    """
    with torch.no_grad():
        scale = _scale(norm)  # (c)
        shift = -norm.running_mean.double() * scale
        if norm.bias is not None:
            shift = shift + norm.bias.double()
        weight = layer.weight.double()
        groups = getattr(layer, "groups", 1)
        rows = weight.view(groups, len(weight) // groups, weight.shape[1], -1)  # (g, o/g, c/g, k)
        bias = (rows.sum(-1) * shift.view(groups, 1, -1)).sum(-1).flatten()  # (o)
        if layer.bias is not None:
            bias = bias + layer.bias.double()
        weight = (rows * scale.view(groups, 1, -1, 1)).view(weight.shape)
        return weight.to(layer.weight.dtype), bias.to(layer.weight.dtype)


def take_over(layer: WhiteningLayer, norm: _BatchNorm, fold: bool) -> None:
    """Let a layer stand for the normalisation after it too: with its bias, and folded into its weights if asked."""
    weight, bias = absorbed(layer, norm) if fold else (layer.weight, layer.bias)
    if layer.bias is None:
        add_bias(layer, layer.weight.requires_grad if norm.bias is None else norm.bias.requires_grad)
    if fold:
        set_weights(layer, weight, bias)


def set_weights(layer: WhiteningLayer, weight: Tensor, bias: Tensor) -> None:
    """Give a layer other values; its parameters stay the same objects."""
    if layer.bias is None:
        add_bias(layer, layer.weight.requires_grad)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)


def add_bias(layer: WhiteningLayer, requires_grad: bool) -> None:
    """Give a layer a bias of zeros."""
    outputs = layer.out_features if isinstance(layer, Delinear) else layer.out_channels
    layer.bias = nn.Parameter(layer.weight.new_zeros(outputs), requires_grad)


def _scale(norm: _BatchNorm) -> Tensor:
    """γ/√(v + ε) of every channel, in float64."""
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    return scale if norm.weight is None else scale * norm.weight.double()


def untouched(layer: nn.Module) -> bool:
    """Whether running statistics are still those of a new layer; False on the meta device, where nobody can tell."""
    if layer.running_mean.is_meta or layer.running_mean.any():
        return False
    if isinstance(layer, _BatchNorm):
        return bool((layer.running_var == 1).all())
    return bool((layer.running_deconv == torch.eye(layer.running_deconv.shape[-1]).to(layer.running_deconv)).all())


def places(model: nn.Module) -> dict[nn.Module, list[str]]:
    """Every module with all its qualified names, in the order of the model."""
    found: dict[nn.Module, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        found.setdefault(module, []).append(name)
    return found


def exchange(model: nn.Module, new: Mapping[nn.Module, nn.Module]) -> nn.Module:
    """Put modules in the place of others, in every place that these have. Returns the model, or what replaces it.

    Raises:
        UserError: a module is also held where nobody can exchange it, as in a list, dictionary or closure.
    """
    where = places(model)
    for module in where:
        held_here = ((attribute, part) for attribute, value in plain_attributes(module) for part in parts_of(value))
        for attribute, held in held_here:
            if isinstance(held, nn.Module) and held in new:
                raise UserError(
                    f"{where[held][0]}: also held in the plain Python attribute {attribute!r} of "
                    f"{where[module][0] or 'the model'}, which would keep the old layer; "
                    "use nn.ModuleList or nn.ModuleDict there, or exclude the layer"
                )
    for old, replacement in new.items():
        for name in where[old]:
            if name:
                parent, _, child = name.rpartition(".")
                model.get_submodule(parent)._modules[child] = replacement
    return new.get(model, model)
