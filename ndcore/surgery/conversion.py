"""`deconvolve`: network deconvolution for any model."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Literal, overload

import torch
from torch import nn

from ndcore.errors import UserError, unknown_name
from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.surgery.comparison import require_same, run
from ndcore.surgery.copying import copied
from ndcore.surgery.example import look
from ndcore.surgery.kinds import COUNTERPARTS
from ndcore.surgery.plan import Plan
from ndcore.surgery.rules import Options, Rule, as_rules, require_known
from ndcore.surgery.summary import Summary

NAMES = {kind.__name__ for kind in COUNTERPARTS.values()}
BATCH_NORM = ("fold", "drop", "keep", "drop-all")
GEOMETRY = {
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "in_features",
    "out_features", "padding_mode", "device", "dtype", "args", "kwargs",
}  # fmt: skip
"""Arguments that the replaced layer decides."""
PUBLISHED = {kind.__name__: kind for kind in (FastDeconv, Delinear, ChannelDeconv)}
"""The published code has layers of these names too."""


@overload
def deconvolve(model: nn.Module, *, report: Literal[False] = False, **kwargs: Any) -> nn.Module: ...
@overload
def deconvolve(model: nn.Module, *, report: Literal[True], **kwargs: Any) -> tuple[nn.Module, Summary]: ...
def deconvolve(
    model: nn.Module,
    *,
    include: Rule | Iterable[Rule] | None = None,
    exclude: Rule | Iterable[Rule] | None = None,
    batch_norm: Literal["fold", "drop", "keep", "drop-all"] = "fold",
    conv: Mapping[str, Any] | None = None,
    linear: Mapping[str, Any] | None = None,
    overrides: Mapping[str | type[nn.Module], Mapping[str, Any]] | None = None,
    example: Any = None,
    inplace: bool = False,
    report: bool = False,
) -> nn.Module | tuple[nn.Module, Summary]:
    """Replace every Conv2d, and the BatchNorm2d that directly follows, by FastDeconv, and every Linear by Delinear.

        model = ndcore.deconvolve(torchvision.models.resnet18())
        model, summary = ndcore.deconvolve(mine, exclude="head.*", overrides={"conv1": {"n_iter": 15}}, report=True)

    **Weights are kept**: the new layers hold the very parameters of the old ones (same dtype, device, `requires_grad`,
    ties), and modes and hooks stay. In evaluation mode the converted model computes what the given one does, until the
    first training step fills the running statistics. From there on its layers see whitened inputs: weights that were
    trained without are a start to train on from, not a finished model. Build the optimiser after the conversion.

    **Batch normalisation** goes only where it certainly follows directly: in the traced flow of data
    (`ndcore.surgery.wiring`) the convolution's output goes to it alone. It becomes an `nn.Identity` and the layer gets
    a bias if it had none. In pre-activation networks (norm, ReLU, conv) that is the case inside of a block, where the
    second norm takes what the first convolution gives; the norms at the beginning of a block stay. BatchNorm1d goes
    where it follows a linear layer whose input is known to be (n, features), and any norm goes whose output a layer
    without padding takes alone. A model, or the part of it, that cannot be traced keeps its batch normalisation.
    `batch_norm` says what becomes of it:

    - "fold": running statistics and affine parameters go into weight and bias, so that nothing changes in evaluation.
      For a model as it was made that scales the weights by 1/√(1 + ε) and, where γ starts at 0, makes them 0.
    - "drop": it goes and leaves weight and bias untouched: for models that are trained from the beginning.
    - "drop-all": every BatchNorm2d goes so, wherever it stands, as in the study's ND networks.
    - "keep": all stay.

    **Other convolutions** (1-D, 3-D, transposed) are replaced by their counterparts (`ndcore.surgery.kinds`) where
    `include` covers them: `include=[nn.Conv2d, nn.Linear, nn.ConvTranspose2d]`. `conv` and `batch_norm` hold for them
    too; their `sampling_stride` is a number. A transposed one must be called without `output_size`.

    **Left as they are, and said so in the summary**: other convolutions that nobody asked for; subclasses of a layer
    with a forward of their own; weights that are computed from others (weight norm, pruning); layers whose
    weight is used without calling them (`out_proj` of `nn.MultiheadAttention`, both linear layers of
    `nn.TransformerEncoderLayer`), or perhaps is, in code that cannot be traced; layers that are deconvolved already, so
    a second call changes nothing.

    **Options that are chosen where you give none**: those of `ndcore.surgery.defaults`. What the study ran is
    `conv={"sampling_stride": 3, "averaging": "published"}` and `linear={"averaging": "published"}`.

    The model's code runs on copies only: its counters, lists, buffers and classes stay as they are.

    A shared layer stays shared, and its statistics are those of all its uses. Padding that FastDeconv does not have
    (modes other than zeros, "same" with an even kernel) becomes a padding module before it, in an `nn.Sequential`.

    Args:
        model: any module. A single Conv2d or Linear is returned as its replacement.
        include: rules (`ndcore.surgery.rules.Rule`) for the convolutions and linear layers to replace; None: all.
        exclude: rules for what to leave; here batch normalisation counts as well.
        batch_norm: see above.
        conv: arguments of `ndcore.layers.FastDeconv` for all convolutions: `block`, `n_iter`, `sampling_stride`,
            `freeze`, … `bias=True` gives those without a bias one of zeros, as the published networks have.
        linear: arguments of `ndcore.layers.Delinear` for all linear layers.
        overrides: of name patterns or classes, arguments for the layers that they cover; the last one wins. The study
            treats most first layers so: `{"conv1": {"n_iter": 15, "freeze": True}}`.
        example: a batch as in training, or a tuple of inputs. If given, copies of the model run on it: the summary
            says where the batch gives a covariance no full rank, no layer's use of weights is in doubt, and with "fold"
            and "keep" the outputs of both models are compared.
        inplace: change the given model instead of a deep copy.
        report: also return what was replaced, what was left, and why.

    Returns:
        The model, with `report=True` the model and its summary.

    Warns:
        UserWarning: layers whose matrices have more than 1024 rows: those that were given such a block, and grouped
            convolutions, which have no block.

    Raises:
        UserError: no layer to replace; a rule or option that does not exist, fits nothing or has no effect; a layer
            that is not initialised yet (lazy), neither float32 nor float64, or also held in a list of plain Python; a
            compiled, scripted or distributed model; one with layers of the published code
            (`ndcore.models.load_original` takes its weights); a model that cannot be copied, or whose copy would go on
            using layers of the given one, in functions that hold them; an example on which the model fails, or on which
            the outputs differ.
    """
    require_open(model, "deconvolve")
    if batch_norm not in BATCH_NORM:
        raise UserError(unknown_name("batch_norm", batch_norm, BATCH_NORM))
    chosen = None if include is None else as_rules(include, "include")
    excluded = as_rules(exclude, "exclude")
    overrides = overrides or {}
    for rules, what in ((chosen or (), "include"), (excluded, "exclude"), (overrides, "overrides")):
        require_known(rules, model, what)
    options = Options(
        {kind: (linear if kind is Delinear else conv) or {} for kind in COUNTERPARTS.values()},
        overrides,
        {kind: _options(kind) for kind in COUNTERPARTS.values()},
    )
    seen = None if example is None else look(model, example)
    work = copied(model) if seen is not None or not inplace else model
    plan = Plan(work, chosen, excluded, batch_norm, options, seen)
    _require_work(plan, model)
    options.require_used()
    if plan.slow:
        warnings.warn(f"deconvolve: {'; '.join(plan.slow)}", UserWarning, stacklevel=2)
    summary = Summary("deconvolved", plan.changes, plan.notes)
    result = plan.carry_out()
    if seen is not None:
        if batch_norm in ("fold", "keep"):
            require_same(seen.outputs, run(result, example), "deconvolve")
        if inplace:
            result = Plan(model, chosen, excluded, batch_norm, options, seen).carry_out()
    return (result, summary) if report else result


def require_open(model: nn.Module, what: str) -> None:
    """A model whose layers can be exchanged.

    Raises:
        UserError: not a module, one with layers of the published code, or one around which something else is built
            already.
    """
    if not isinstance(model, nn.Module):
        raise UserError(f"{what} needs an nn.Module, got {type(model).__name__}")
    _require_own_layers(model, what)
    wrapped = isinstance(model, (torch.jit.ScriptModule, nn.parallel.DistributedDataParallel))
    if wrapped or hasattr(model, "_orig_mod") or type(model).__name__ == "FullyShardedDataParallel":
        raise UserError(f"{type(model).__name__}: {what} the model before it is compiled, scripted or distributed")


def _require_own_layers(model: nn.Module, what: str) -> None:
    """Refuse layers of the published code, and say how their weights come here."""
    for name, module in model.named_modules():
        kind = type(module)
        if kind.__name__ in PUBLISHED and not isinstance(module, tuple(PUBLISHED.values())):
            raise UserError(
                f"{name or 'the model'}: {kind.__name__} of {kind.__module__}, not of ndcore.layers; {what} what "
                "ndcore.models.load_original(name, norm, model.state_dict()) makes of a network of the published code; "
                f"in another model put ndcore.layers.{kind.__name__} in its place, which loads the same state dict"
            )


def _options(kind: type) -> tuple[str, ...]:
    own = inspect.signature(kind).parameters
    return tuple({**own, "bias": None}.keys() - GEOMETRY)


def _require_work(plan: Plan, model: nn.Module) -> None:
    layers = [c for c in plan.changes if c.now in NAMES or c.note == "deconvolved already"]
    if layers:
        return
    left = [c for c in plan.changes if "Norm" not in c.was]
    if not left:
        raise UserError(f"{type(model).__name__} has no Conv2d and no Linear layer: there is nothing to deconvolve")
    reasons = ", ".join(f"{c.name or 'the model'} ({c.note})" for c in left[:3]) + (" …" if len(left) > 3 else "")
    raise UserError(f"nothing of {type(model).__name__} would be deconvolved; left are {reasons}")
