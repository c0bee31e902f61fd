"""Weights that are computed from others before every forward pass, made permanent: pruned, normalised, parametrised."""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from ndcore.errors import UserError


def make_permanent(model: nn.Module) -> None:
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
