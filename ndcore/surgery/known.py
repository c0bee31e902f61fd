"""Classes of other packages that compute what a class of torch does, and batch normalisations whatever their class.

They are known by name, so that these packages need not be installed.
"""

from __future__ import annotations

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

PLAIN = {
    ("timm.layers.linear", "Linear"): nn.Linear,
    ("timm.layers.conv2d_same", "Conv2dSame"): nn.Conv2d,
}
"""Of module and class: the class of torch whose output they give, Conv2dSame after a padding of its own."""
FROZEN = ("FrozenBatchNorm2d", "FrozenBatchNormAct2d")
WITH_ACTIVATION = ("BatchNormAct2d", "SyncBatchNormAct", "FrozenBatchNormAct2d")
PLAIN_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def is_norm(module: nn.Module | None) -> bool:
    """Whether a module is a batch normalisation; those with frozen statistics (torchvision, detectron2, timm) too."""
    return isinstance(module, _BatchNorm) or type(module).__name__ in FROZEN


def pads_same(layer: nn.Module) -> bool:
    """Whether a convolution pads as TensorFlow does: by the size of its input."""
    return type(layer).__name__ == "Conv2dSame" and is_plain(layer, nn.Conv2d)


def weight_is_own(layer: nn.Module) -> bool:
    """False for a weight or bias computed from others: parametrisation, weight norm, spectral norm, pruning."""
    own = layer._buffers if type(layer).__name__ in FROZEN else layer._parameters
    return {"weight", "bias"} <= own.keys() and not hasattr(layer, "parametrizations")


def is_patched(module: nn.Module) -> bool:
    """Whether a module computes something else than the forward of its class: another one was set on the instance, or
    its class has a call of its own."""
    own_call = type(module).__call__ is not nn.Module.__call__ and not isinstance(module, fx.GraphModule)
    return own_call or not vars(module).keys().isdisjoint(("forward", "_conv_forward"))


def folds_as_own(layer: nn.Module) -> bool:
    """Whether a layer of this package, or of a subclass, computes what the package says."""
    methods = (getattr(type(layer), name) for name in ("forward", "padded", "folded", "transform", "running_transform"))
    return not is_patched(layer) and all(method.__module__.startswith("ndcore.") for method in methods)


def is_plain(layer: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module of this class, or of a subclass, computes exactly what the class does, from its own weight.

    Modules inside of it, as the observers of quantisation are, have a part in what it does.
    """
    if is_patched(layer) or layer._modules:
        return False
    known = PLAIN.get((type(layer).__module__, type(layer).__name__))
    same = isinstance(layer, kind) and (type(layer).forward is kind.forward or known is kind)
    if same and isinstance(layer, _ConvNd):
        same = getattr(type(layer), "_conv_forward", None) is getattr(kind, "_conv_forward", None)
    return same and weight_is_own(layer)


def without_norm(norm: nn.Module) -> nn.Module | None:
    """What is left of a batch normalisation that is taken away: nothing, or the activation of timm's classes.

    None for a class that computes something else besides, which is not known.
    """
    name = type(norm).__name__
    if is_patched(norm):
        return None
    if any(is_plain(norm, kind) for kind in PLAIN_NORMS) or (name == FROZEN[0] and weight_is_own(norm)):
        return nn.Identity()
    if name in WITH_ACTIVATION and type(norm).__module__.startswith("timm."):
        return nn.Sequential(norm.drop, norm.act)
    return None
