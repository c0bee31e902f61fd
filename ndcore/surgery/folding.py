"""`fold`: a model for inference without a trace of what its training needed."""

from __future__ import annotations

import warnings
from typing import Any, Literal, overload

import torch
from torch import nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from ndcore.errors import UserError
from ndcore.layers import ChannelDeconv
from ndcore.layers.whitening_layer import WhiteningLayer
from ndcore.surgery.comparison import require_same, run
from ndcore.surgery.conversion import require_open
from ndcore.surgery.copying import copied
from ndcore.surgery.graph import as_graph
from ndcore.surgery.known import folds_as_own, is_norm, is_plain, pads_same, without_norm
from ndcore.surgery.replacement import absorbed, exchange, hand_over, places, plain_same, untouched
from ndcore.surgery.source import read_directly
from ndcore.surgery.summary import Change, Summary, changes_of
from ndcore.surgery.wiring import wiring

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@overload
def fold(model: nn.Module, *, example: Any = None, report: Literal[False] = False) -> nn.Module: ...
@overload
def fold(model: nn.Module, *, example: Any = None, report: Literal[True]) -> tuple[nn.Module, Summary]: ...
def fold(model: nn.Module, *, example: Any = None, report: bool = False) -> nn.Module | tuple[nn.Module, Summary]:
    """A new model that computes what this one does in evaluation mode, from plain layers.

        small = ndcore.fold(model)

    FastDeconv becomes Conv2d and Delinear Linear, their running statistics folded into weight and bias; that is exact
    at the border too, where both pad the raw input with zeros. The other convolutions of this package become those of
    torch; a transposed one becomes two layers, the first of which subtracts the mean. A batch normalisation that
    directly follows a convolution, or a linear layer on (n, features), goes into its weights; one that does not stays.
    Weights that pruning, weight norm or spectral norm compute become permanent.

    The result is a `torch.fx.GraphModule`: the traced forward pass of evaluation mode. It consists of the modules of
    torch alone, neither of this package nor of the model's own classes, so it can be saved with `torch.save` and loaded
    (with `weights_only=False`) where neither is installed, and exported with `torch.export` and `torch.onnx.export`. If
    some function or module cannot be traced into, the summary says which, and which package loading needs.
    It is for inference: switched to training mode it does not become the given model again. A call of a GraphModule
    takes some ten microseconds more than one of the model's own class. Hooks of the whole model
    are not in it; those of single layers are. A forward that cannot be traced is left as it is: then the result is a
    copy of the model with its layers exchanged, needs the model's own classes, and the summary says so.

    The given model stays as it is.

    Args:
        model: any module with layers of this package or batch normalisation.
        example: an input, or a tuple of inputs. If given, the outputs of both models are compared.
        report: also return what was replaced, what was left, and why.

    Returns:
        The folded model, with `report=True` the model and its summary.

    Warns:
        UserWarning: layers that are folded have never been trained, their running statistics are untouched.

    Raises:
        UserError: nothing to fold; a `ChannelDeconv`, which acts on activations and has no weights to fold into; a
            compiled, scripted or distributed model; one with layers of the published code; one that cannot be copied;
            outputs of the example that differ by more than 1e-4 of the largest, because the forward branches in a way
            that tracing does not see, or are NaN already; a weight that something outside torch computes.
    """
    require_open(model, "fold")
    result = copied(model).eval()
    _require_foldable(result)
    _make_permanent(result)
    with torch.no_grad():
        result, changes = _fold_layers(result)
        if not any(change.now for change in changes):
            reasons = ", ".join(f"{change.name or 'the model'} ({change.note})" for change in changes[:3])
            raise UserError(
                f"{type(model).__name__} has no deconvolution and no batch normalisation directly after a convolution: "
                "there is nothing to fold" + (f"; left are {reasons}" if reasons else "")
            )
        result, notes = as_graph(result)
        if example is not None:
            require_same(run(model, example), run(result, example), "fold")
    summary = Summary("folded", changes, notes)
    return (result, summary) if report else result


def _require_foldable(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, ChannelDeconv):
            raise UserError(f"{name}: ChannelDeconv acts on activations and has no weights to fold into")


def _make_permanent(model: nn.Module) -> None:
    """Give the layers of a copy, in evaluation mode, the weights that they multiply with, as parameters of their own.

    Raises:
        UserError: a layer's weight is computed by a hook that is none of torch.
    """
    for name, module in list(model.named_modules()):
        for hook in list(module._forward_pre_hooks.values()):
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(module, hook._tensor_name)
            elif isinstance(hook, WeightNorm):
                remove_weight_norm(module, hook.name)
            elif isinstance(hook, SpectralNorm):
                remove_spectral_norm(module, hook.name)
        if parametrize.is_parametrized(module):
            kind = type(module)  # removing takes properties from the class, which the given model shares
            module.__class__ = type(kind.__name__, kind.__bases__, dict(vars(kind)))
            for tensor in list(module.parametrizations):
                parametrize.remove_parametrizations(module, tensor, leave_parametrized=True)
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)) and "weight" not in module._parameters:
            raise UserError(
                f"{name or type(module).__name__}: its weight is no parameter, something outside torch computes it: "
                "make it a parameter first"
            )


def _fold_layers(model: nn.Module) -> tuple[nn.Module, tuple[Change, ...]]:
    """Exchange the layers of a copy in evaluation mode; returns it (or what stands for it) and what was done."""
    where = places(model)
    known = wiring(model)
    readers = read_directly(model) | {id(layer): reader for layer, reader in known.read.items()}
    new: dict[nn.Module, nn.Module] = {}
    inner: dict[nn.Module, nn.Module] = {}
    decided: dict[nn.Module, tuple[str | None, str]] = {}
    for layer in where:
        if isinstance(layer, WhiteningLayer) and (reason := _why_layer_left(layer, readers)):
            decided[layer] = None, reason
        elif isinstance(layer, WhiteningLayer):
            new[layer] = hand_over(layer, layer.plain())
            inner[layer] = new[layer][-1] if isinstance(new[layer], nn.Sequential) else new[layer]
            where_to = "bias" if inner[layer] is new[layer] else "a layer before it that subtracts the mean"
            decided[layer] = type(inner[layer]).__name__, f"its whitening in weight and {where_to}"
        elif pads_same(layer):
            new[layer], inner[layer] = plain_same(layer)
        elif is_norm(layer):
            decided[layer] = None, "does not directly follow a convolution alone"
    for layer, norm in known.norm_after.items():
        target = inner.get(layer, layer)
        reader = readers.get(id(layer)) or readers.get(id(norm))
        reason = reader and f"{reader} uses a weight of the two without calling its layer"
        if reason := reason or _why_norm_left(target, layer, norm, layer in known.two_axes):
            decided[norm] = None, reason
            continue
        weight, bias = absorbed(target, norm)
        target.weight, target.bias = (nn.Parameter(p, layer.weight.requires_grad) for p in (weight, bias))
        new[norm] = hand_over(norm, without_norm(norm))
        decided[norm] = type(new[norm]).__name__, f"in {where[layer][0] or 'the layer'}"
    states = [layer for layer in new if not pads_same(layer)]
    _warn_untouched([where[layer][0] for layer in states if untouched(layer)], len(states))
    return exchange(model, new), changes_of(where, decided)


def _why_layer_left(layer: WhiteningLayer, readers: dict[int, str]) -> str | None:
    if not folds_as_own(layer):
        return "its class or the layer itself has a forward of its own"
    return f"{readers[id(layer)]} uses its weight without calling it" if id(layer) in readers else None


def _why_norm_left(target: nn.Module, layer: nn.Module, norm: nn.Module, two_axes: bool) -> str | None:
    if is_plain(target, nn.Linear) and not two_axes:
        return "the input of the linear layer is not known to be (n, features)"
    if not any(is_plain(target, kind) for kind in (*CONVOLUTIONS, nn.Linear)):
        return f"a {type(target).__name__} cannot take it over"
    if without_norm(norm) is None:
        return "not a plain batch normalisation"
    if norm.running_var is None:
        return "has no running statistics"
    if layer._forward_hooks or norm._forward_pre_hooks:
        return "hooks look at what it is given"
    return None


def _warn_untouched(names: list[str], count: int) -> None:
    if names:
        warnings.warn(
            f"fold: the running statistics of {len(names)} of {count} layers are untouched ({', '.join(names[:3])}"
            f"{' …' if len(names) > 3 else ''}): this model was never trained, or these layers are not used",
            UserWarning,
            stacklevel=4,
        )
