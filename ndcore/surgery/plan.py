"""What `deconvolve` does with every layer, decided before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from ndcore.errors import UserError
from ndcore.layers.whitening_layer import WhiteningLayer
from ndcore.surgery.defaults import LARGEST_MATRIX, default_options
from ndcore.surgery.example import Seen, sample_vectors
from ndcore.surgery.kinds import COUNTERPARTS, UNASKED, own_kind, plain_kind
from ndcore.surgery.known import is_norm, is_plain, without_norm
from ndcore.surgery.known import weight_is_own as own
from ndcore.surgery.replacement import (
    absorbed_before,
    add_bias,
    deconvolved,
    exchange,
    hand_over,
    places,
    set_weights,
    take_over,
)
from ndcore.surgery.rules import Options, Rule, covers
from ndcore.surgery.source import may_read, read_directly
from ndcore.surgery.summary import Change, changes_of
from ndcore.surgery.wiring import wiring


class Plan:
    """Decisions for a model; nothing is changed before `carry_out`.

    Raises:
        UserError: a layer cannot be right; names it.
    """

    def __init__(
        self,
        model: nn.Module,
        include: Sequence[Rule] | None,
        exclude: Sequence[Rule],
        batch_norm: str,
        options: Options,
        seen: Seen | None = None,
    ) -> None:
        self.model, self.batch_norm, self.options, self.seen = model, batch_norm, options, seen
        self.include, self.exclude = include, exclude
        self.where = places(model)
        self.wiring = wiring(model)
        self.direct = read_directly(model) | {id(layer): reader for layer, reader in self.wiring.read.items()}
        self.unnamed = self._read_by_unnamed()
        self.norm_after = self.wiring.norm_after
        self.before = {norm: layer for layer, norm in self.norm_after.items()}
        self.follower = {norm: layer for layer, norm in self.wiring.norm_before.items()}
        self.owners = Counter(_memory(p) for m in self.where for p in m._parameters.values() if p is not None)
        self.synchronize = any(isinstance(module, nn.SyncBatchNorm) for module in self.where)
        self.new: dict[nn.Module, nn.Module] = {}
        self.inner: dict[nn.Module, WhiteningLayer] = {}
        self.absorbed: dict[nn.Module, bool] = {}  # of a layer: whether its normalisation goes into its weights
        self.absorbed_before: dict[nn.Module, nn.Module] = {}  # of a layer: the normalisation that stood before it
        self.decided: dict[nn.Module, tuple[str | None, str]] = {}
        for layer in self.where:
            if isinstance(layer, (_ConvNd, nn.Linear)):
                self.decided[layer] = self._layer(layer)
        for norm in self.where:
            if is_norm(norm):
                self.decided[norm] = self._norm(norm)

    @property
    def changes(self) -> tuple[Change, ...]:
        """One per layer and batch normalisation, in the order of the model."""
        return changes_of(self.where, self.decided)

    @property
    def notes(self) -> tuple[str, ...]:
        """What concerns the whole model."""
        notes = [
            f"{name or 'the model'} cannot be traced ({reason}): what follows what there is not known"
            for name, reason in self.wiring.untraced.items()
        ]
        if any(is_norm(module) for module in self.new):
            notes += [
                f"{name or 'the model'} was traced with the default values of {', '.join(arguments)}: "
                "with others a normalisation that was taken away may have had another place"
                for name, arguments in self.wiring.optional.items()
            ]
        if self.seen is None:
            notes.append("whether covariances are rank-deficient depends on the batch: example=batch tells")
        return (*notes, *self.slow)

    @property
    def slow(self) -> tuple[str, ...]:
        """Notes on layers with large matrices."""
        rows = {self.where[old][0]: new.running_deconv.shape[-1] for old, new in self.inner.items()}
        return tuple(
            f"{name}: matrices of {count} rows are slow: exclude the layer, or, if it has no groups, lower its `block`"
            for name, count in rows.items()
            if count > LARGEST_MATRIX
        )

    def carry_out(self) -> nn.Module:
        """Exchange the layers. Returns the model, or what stands for it if it is a single layer."""
        model = exchange(self.model, self.new)
        for layer, norm in self.absorbed_before.items():
            if self.batch_norm == "fold":
                set_weights(self.inner[layer], *absorbed_before(self.inner[layer], norm))
        for layer, fold in self.absorbed.items():
            take_over(self.inner[layer], self.norm_after[layer], fold)
        return model

    def _covered(self, rules: Sequence[Rule], layer: nn.Module) -> bool:
        return any(covers(rule, name, self.model) for rule in rules for name in self.where[layer])

    def _layer(self, layer: nn.Module) -> tuple[str | None, str]:
        """Class of what replaces a layer, or None, and a note."""
        if isinstance(layer, WhiteningLayer):
            self.options.of(own_kind(layer), self.where[layer], self.model)
            return None, "deconvolved already"
        if reason := self._why_left(layer):
            return None, reason
        kind = COUNTERPARTS[plain_kind(layer)]
        self._require_possible(layer)
        name = self.where[layer][0]
        options = default_options(layer, self.synchronize) | self.options.of(kind, self.where[layer], self.model)
        bias = options.pop("bias", None)
        if bias not in (None, True):
            raise UserError(f"{name}: bias={bias!r}: a bias can be added (True), and one that is there is kept")
        try:
            self.new[layer], new = deconvolved(layer, options)
        except ValueError as error:
            raise UserError(f"{name}: {error}") from None
        if bias and new.bias is None:
            add_bias(new, new.weight.requires_grad)
        self.inner[layer] = new
        size = f"{new.running_deconv.shape[-1]}×{new.running_deconv.shape[-1]}"
        groups = getattr(layer, "groups", 1)
        note = f"{groups} matrices {size}" if groups > 1 else f"matrix {size}"
        note += f", n_iter={new.n_iter}" + (", freeze" if getattr(new, "freeze", False) else "")
        note += ", synchronize" if new.synchronize else ""
        if layer not in self.wiring.called and self.wiring.proven(name):
            note += ", not called by the traced forward"
        note += self._rank(layer)
        return kind.__name__, note + (f", after {self.new[layer][0]}" if self.new[layer] is not new else "")

    def _rank(self, layer: nn.Module) -> str:
        """A note if the example gives fewer sample vectors than a covariance has rows."""
        if self.seen is None or not (shapes := self.seen.shapes.get(self.where[layer][0])):
            return ""
        vectors = min(sample_vectors(self.new[layer], self.inner[layer], shape) for shape in shapes)
        rows = self.inner[layer].running_deconv.shape[-1]
        return f", rank-deficient: {vectors} sample vectors of {rows} features" if vectors <= rows else ""

    def _why_left(self, layer: nn.Module) -> str | None:  # noqa: PLR0911 (one per reason)
        if self.include is not None and not self._covered(self.include, layer):
            return "not included"
        if self._covered(self.exclude, layer):
            return "excluded"
        kind = plain_kind(layer)
        if kind not in UNASKED and self.include is None:
            return f"a {kind.__name__} is replaced where `include` asks for it"
        if not own(layer):  # asked first: to look at a weight with spectral norm is to change it
            return "its weight is computed from others (parametrised, normalised or pruned): make it permanent first"
        if is_lazy(layer.weight):
            return None  # refused
        if not is_plain(layer, kind):
            return f"a {kind.__name__} with a forward of its own, or modules inside"
        if layer in self.wiring.with_more:
            return "it is called with more than its input (output_size), which its counterpart does not take"
        if id(layer) in self.direct:
            return f"{self.direct[id(layer)]} uses its weight without calling it"
        if self.seen is None:
            return self.unnamed.get(layer)
        return "its weight is used without calling it" if self.where[layer][0] in self.seen.read else None

    def _read_by_unnamed(self) -> dict[nn.Module, str]:
        """Layers whose weight may be used without calling them, in code that cannot be traced, and what it says."""
        found = {}
        for outer, names in self.where.items():
            expression = None if self.wiring.proven(names[0]) else may_read(outer)
            if expression is not None:
                reason = f"{type(outer).__name__} cannot be traced and reads {expression}, perhaps that of this layer"
                found |= dict.fromkeys(outer.modules(), reason)
        return found

    def _require_possible(self, layer: nn.Module) -> None:
        name = self.where[layer][0]
        if is_lazy(layer.weight):
            raise UserError(f"{name}: not initialised yet: run the model once on a batch, or exclude the layer")
        if layer.weight.dtype not in (torch.float32, torch.float64):
            raise UserError(
                f"{name}: its weight is {layer.weight.dtype}, and the inverse square root of a covariance needs "
                "float32 or float64: convert the model (and train it under torch.autocast), or exclude the layer"
            )

    def _norm(self, norm: nn.Module) -> tuple[str | None, str]:
        """Class of what replaces a batch normalisation, or None, and a note."""
        layer = self.before.get(norm)
        follower = None if layer else self.follower.get(norm)
        if reason := self._why_norm_left(norm, layer or follower, follower is not None):
            return None, reason
        self.new[norm] = hand_over(norm, without_norm(norm))
        now = type(self.new[norm]).__name__
        if follower in self.inner:
            self.absorbed_before[follower] = norm
            verb = "folded into" if self.batch_norm == "fold" else "dropped before"
            return now, f"{verb} {self.where[follower][0]}"
        if layer not in self.inner:
            return now, "dropped"
        self.absorbed[layer] = self.batch_norm == "fold"
        return now, f"{'folded into' if self.absorbed[layer] else 'dropped after'} {self.where[layer][0]}"

    def _why_norm_left(  # noqa: PLR0911, PLR0912 (one per reason)
        self, norm: nn.Module, layer: nn.Module | None, stands_before: bool
    ) -> str | None:
        if self._covered(self.exclude, norm):
            return "excluded"
        if self.batch_norm == "keep":
            return "asked to be kept"
        linear = isinstance(layer, nn.Linear)
        known = without_norm(norm) is not None
        if known and layer is not None and layer not in self.inner and self.batch_norm != "drop-all":
            return f"{'stands before' if stands_before else 'follows'} {self.where[layer][0]}, which was left"
        if not known or (isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm3d)) and not linear and layer not in self.inner):
            return "not a plain BatchNorm2d"
        if id(norm) in self.direct:
            return f"{self.direct[id(norm)]} uses its weight without calling it"
        if self.batch_norm == "drop-all":
            return None
        if layer is None:
            return "not known to be the only thing that directly follows one convolution"
        if linear and not self._sees_two_axes(layer):
            return f"the input of {self.where[layer][0]} is not known to be (n, features): an example tells"
        if stands_before and (reason := self._why_not_before(norm, layer)):
            return reason
        if self.batch_norm == "drop":
            return None
        if norm.running_var is None:
            return 'has no running statistics to fold; batch_norm="drop" takes it away'
        first, second = (norm, layer) if stands_before else (layer, norm)
        if first._forward_hooks or second._forward_pre_hooks:
            return "hooks look at what it is given"
        if any(self.owners[_memory(p)] > 1 for p in layer._parameters.values() if p is not None):
            return f"the weight of {self.where[layer][0]}, into which it would go, is tied to another layer's"
        return None

    def _sees_two_axes(self, layer: nn.Module) -> bool:
        if layer in self.wiring.two_axes:
            return True
        shapes = [] if self.seen is None else self.seen.shapes.get(self.where[layer][0], [])
        return bool(shapes) and all(len(shape) == 2 for shape in shapes)

    def _why_not_before(self, norm: nn.Module, layer: nn.Module) -> str | None:
        """Why a normalisation before a layer cannot go into its weights."""
        if not isinstance(without_norm(norm), nn.Identity):
            return f"an activation stands between it and {self.where[layer][0]}"
        if getattr(layer, "transposed", False):
            return f"stands before {self.where[layer][0]}, which is transposed"
        padding = getattr(layer, "padding", 0)
        if self.new[layer] is not self.inner[layer] or not (padding in (0, "valid") or set(padding) == {0}):
            return f"stands before {self.where[layer][0]}, which pads"
        return None


def _memory(parameter: nn.Parameter) -> tuple[str, int]:
    """The same for parameters that are one, or that share their values: `a.weight.data = b.weight.data`."""
    if is_lazy(parameter) or parameter.is_meta or not parameter.numel():
        return "object", id(parameter)
    return "memory", parameter.data_ptr()
