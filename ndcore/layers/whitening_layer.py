"""What `FastDeconv` and `Delinear` share: which mean and whitening matrix a step uses, and who advances their state.

The state of a layer: its running values, its stored values (with `update_every`) and its `counter`. **One training
forward that returns advances it once; nothing else does.** In particular:

- Evaluation advances nothing. Nor does a forward that is refused, or that ends in a `NonFiniteError`.
- A forward inside the autograd engine repeats an earlier one, as activation checkpointing does (reentrant or not). It
  advances nothing and takes statistics, stored or running values as the forward did that it repeats. Where every step
  is live nothing has to be known for that. Elsewhere the forward is found by its input, and a `RuntimeError` says so
  where none is, where two with this input differed, or where the values that it used have changed since. The layer
  cannot tell a new forward from a repetition: one in a backward hook counts as a repetition too. Mode, and in
  evaluation the running values, must be those of the first time, as for batch normalisation.
- Gradients of gradients (`create_graph`) are no repetition: their inner forwards run outside the engine and count.
- Replicas of `nn.DataParallel` begin at the counter of the layer and all write the next one back: one step is counted
  however many there are. As for batch normalisation, running and stored values of the replica on the first device are
  kept, since it shares its buffers with the layer; those of the others are lost.
- With `DistributedDataParallel` every process advances its own layers; see `ndcore.layers.synchronize`.
- Under `torch.compile` running and stored values advance in the graph. The counter of a layer that is always live
  stands still, since it decides nothing; others count outside the graph, which breaks there, before they compute. A
  compiled layer that is always live does not see a repetition around the compiled code and tracks twice there, as
  batch normalisation does everywhere; checkpoint inside of the compiled code.
- `torch.func.functional_call` advances the buffers that it is given, and the counter of the module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ndcore.layers.averaging import RunningStatistics, lasting
from ndcore.layers.checks import full_precision, require_finite, require_several_vectors, statistics_dtype
from ndcore.layers.derivatives import plain_only
from ndcore.layers.inverse_root import inverse_root
from ndcore.layers.recomputation import Forward, noted, recomputing, repeated, version


class WhiteningLayer(RunningStatistics):
    """A layer whose input is whitened, with the whitening folded into its weights.

    A training step is *live* if it computes the statistics of its batch; gradients then go through them. By default
    every one is. With `update_every` = k only every k-th is; the steps between take its mean and matrix as constants.

    A layer defines `_check_input` and whatever raises `NotImplementedError` here. Letters of the shapes as in
    `ndcore.layers.statistics`, x is a batch as `padded` returns it.
    """

    _forwards: tuple[Forward, ...] = ()
    """Notes for repetitions, kept only where not every step is live."""
    _original: WhiteningLayer | None = None
    """Of a replica: the layer that it was made from."""

    @property
    def period(self) -> int:
        """Training steps after which everything that depends on their number repeats."""
        return self.update_every

    @property
    def frozen(self) -> bool:
        """Whether the next training step uses the running statistics."""
        return False

    @property
    def always_live(self) -> bool:
        """Whether every training step is live."""
        return self.update_every == 1

    @property
    def source(self) -> str:
        """Where the next training step has mean and matrix from: its "batch", the "stored" or the "running" ones."""
        return "running" if self.frozen else "stored" if self.counter % self.update_every else "batch"

    def forward(self, input: Tensor) -> Tensor:  # called `input` as that of torch, which may be named in a call
        self._check_input(input)
        x = self.padded(input)
        with full_precision(x):
            precise = x.to(statistics_dtype(self.weight))
            seen, mean, deconv = self._whitening(precise)
            weight, bias = self.folded(mean, deconv)
        return self.transform(seen if precise is x else x, weight, bias)

    def padded(self, x: Tensor) -> Tensor:
        """The input with the padding that the layer's operation cannot add itself."""
        return x

    def sample_count(self, shape: Sequence[int]) -> int:
        """Sample vectors, r, that an input of this shape gives in training, for each matrix.

        Their covariance has full rank only if they are more than `num_features`, and none at all if it is one.
        """
        return self.vectors_in(self.padded(torch.empty(shape, device="meta")).shape)

    def batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The batch itself, to be transformed, its mean (g, d) and covariance plus eps·I (g, d, d)."""
        raise NotImplementedError

    def running_transform(self) -> tuple[Tensor, Tensor]:
        """Mean (g, d) and whitening matrix (g, d, d) of evaluation."""
        raise NotImplementedError

    def folded(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        """Weight, in its own shape, and bias (o) that act on the raw input; mean (g, d), whitening matrix (g, d, d)."""
        raise NotImplementedError

    def transform(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """What the layer gives for the raw input with folded weight and bias."""
        raise NotImplementedError

    def plain_layer(self) -> nn.Module:
        """A layer of torch with the same arguments, on the meta device and without a bias."""
        raise NotImplementedError

    def plain_with(self, weight: Tensor, bias: Tensor | None) -> nn.Module:
        """That with these weights, in the mode of this layer."""
        new = self.plain_layer()
        new.weight, new.bias = (p if p is None else nn.Parameter(p, self.weight.requires_grad) for p in (weight, bias))
        return new.train(self.training)

    @torch.no_grad()
    def plain(self) -> nn.Module:
        """What computes the same in evaluation mode, of layers of torch alone."""
        return self.plain_with(*self.folded(*self.running_transform()))

    def _whitening(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The input, and mean (g, d) and whitening matrix (g, d, d) of this step."""
        if not self.training:
            return x, *self._constants("running")
        compiling = torch.compiler.is_compiling()
        source = self._compiled_source(x) if compiling else self._source(x)
        if source in ("batch", "repeated batch"):
            seen, mean, deconv, variance = self.batch_transform(x)
            if source == "batch":
                self._track(mean.detach(), deconv.detach(), variance.detach(), x.shape)
        else:
            seen, mean, deconv = x, *self._constants(source)
        if not compiling:
            self._count(x, source)
        return seen, mean, deconv

    def batch_transform(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A batch itself, to be transformed, its mean (g, d), whitening matrix (g, d, d) and variance + eps (g, d)."""
        require_several_vectors(x, self)
        x, mean, covariance = self.batch_statistics(x)
        deconv = self.inverse_root(covariance)
        require_finite(deconv, x, self)
        return x, mean, deconv, covariance.diagonal(dim1=1, dim2=2)

    def inverse_root(self, covariance: Tensor) -> Tensor:
        """Whitening matrix (g, d, d) of a covariance (g, d, d)."""
        return inverse_root(covariance, self.n_iter)

    def _constants(self, source: str) -> tuple[Tensor, Tensor]:
        """The running or stored mean (g, d) and matrix (g, d, d)."""
        mean, deconv = self.running_transform()
        if source == "stored":
            mean, deconv = self.stored_mean.view_as(mean), self.stored_deconv.view_as(deconv)
        return lasting(mean, self.weight.requires_grad), lasting(deconv, self.weight.requires_grad)

    def _source(self, x: Tensor) -> str:
        """`source`, of the forward that this one repeats if it does; a batch whose statistics are tracked already is a
        "repeated batch".

        Raises:
            RuntimeError: it is not known, or the values are lost.
        """
        if not recomputing():
            return self.source
        if self.always_live:
            return "repeated batch"
        try:
            first, self._forwards = repeated(self._forwards, x)
            if first.version != version(self._read(first.source)):
                raise LookupError("the running or stored values that it used have changed since")
        except LookupError as error:
            raise RuntimeError(
                f"{self}: this forward runs in a backward pass, so it must repeat an earlier one, but {error}: run the "
                "backward pass before the next forward, or set update_every=1 and freeze=False, or do without "
                "checkpointing here"
            ) from None
        return "repeated batch" if first.source == "batch" else first.source

    def _compiled_source(self, x: Tensor) -> str:
        if self.always_live:
            return "batch"  # uncounted: the number would be a constant of the graph, compiled anew at every step
        from ndcore.layers.uncompiled import counted_source  # noqa: PLC0415  (loads the compiler)

        return counted_source(self, x)

    def _count(self, x: Tensor, source: str) -> None:
        """Count a training step with input x, and note it for repetitions; not if it is one."""
        if recomputing():
            return
        if not (self.always_live or plain_only()):  # a value of `torch.func` lives no longer than its transform
            self._forwards = noted(self._forwards, x, source, self._read(source))
        self.counter = (self.counter + 1) % self.period
        if self._original is not None:
            self._original.counter = self.counter

    def _read(self, source: str) -> Tensor | None:
        """One of the buffers that a step with this source reads; they all change together."""
        return {"running": self.running_mean, "stored": self.stored_mean}.get(source)

    def _replicate_for_data_parallel(self) -> WhiteningLayer:
        replica = super()._replicate_for_data_parallel()
        vars(replica)["_original"] = self  # past nn.Module, to which it would be a part of the replica
        return replica

    def __getstate__(self) -> dict[str, Any]:
        """Without notes on earlier inputs: nothing to copy or save."""
        return {key: value for key, value in vars(self).items() if key != "_forwards"}

    def extra_repr(self) -> str:
        own = f", update_every={self.update_every}" if self.update_every > 1 else ""
        own += f", averaging={self.averaging!r}" if self.averaging != "published" else ""
        return super().extra_repr() + own
