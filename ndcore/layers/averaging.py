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
from typing import Literal, get_args

import torch
from torch import Tensor

from ndcore.layers.checks import require_counts, statistics_dtype
from ndcore.layers.fx_leaf import FxLeaf
from ndcore.layers.synchronize import joint_count, several_processes

Averaging = Literal["published", "weighted"]
UNIT = 1000
"""`num_vectors_tracked` counts thousandths: a whole number, which no change of a model's dtype rounds."""


class RunningStatistics(FxLeaf):
    """Mean and whitening matrices of a layer, as it keeps them from one step to another."""

    num_features: int
    """Length of a sample vector, d."""
    running_mean: Tensor
    running_deconv: Tensor
    n_iter: int
    momentum: float | None
    update_every: int
    averaging: Averaging = "published"
    counter: int
    """Training steps so far, modulo `period`. Under `torch.compile` it stands still where every step is live."""
    synchronize: bool

    def _start(
        self,
        eps: float,
        n_iter: int,
        momentum: float | None,
        synchronize: bool,
        update_every: int,
        averaging: Averaging,
        matrices: int = 1,
    ) -> None:
        """The state of a new layer with `num_features` features and this number of matrices."""
        self.eps, self.n_iter, self.momentum, self.synchronize, self.counter = eps, n_iter, momentum, synchronize, 0
        d = self.num_features
        self.register_buffer("running_mean", self.weight.new_empty(matrices * d))
        self.register_buffer("running_deconv", self.weight.new_empty((matrices, d, d) if matrices > 1 else (d, d)))
        self.set_update_every(update_every)
        self.set_averaging(averaging)
        self.reset_running_stats()

    def set_update_every(self, steps: int) -> None:
        """Make every so many training steps live, the next one among them: an approximation if more than 1.

        With more than 1 the layer gets buffers for what its last live step computed: `stored_mean`, `stored_deconv`.

        Raises:
            ValueError: not a whole number of at least 1.
        """
        require_counts(type(self).__name__, update_every=steps)
        self.update_every = steps
        self.counter -= self.counter % steps
        stored = (self.running_mean.clone(), self.running_deconv.clone()) if steps > 1 else (None, None)
        for name, value in zip(("stored_mean", "stored_deconv"), stored, strict=True):
            self.register_buffer(name, value)

    def set_averaging(self, averaging: Averaging) -> None:
        """How running values follow the batches; see `ndcore.layers.averaging`.

        "weighted" gives the layer two buffers: `num_vectors_tracked`, a whole number (of thousandths), zero at first,
        so that the next batch is the first one; and `running_var` (g·d), the variances, ones at first.

        Raises:
            ValueError: there is no such way, or `momentum` is None and it is not "weighted".
        """
        require_averaging(type(self).__name__, averaging, self.momentum)
        self.averaging = averaging
        count = torch.zeros((), dtype=torch.long, device=self.running_mean.device)
        variance = torch.ones_like(self.running_mean)
        for name, value in (("num_vectors_tracked", count), ("running_var", variance)):
            self.register_buffer(name, value if averaging == "weighted" else None)

    @torch.no_grad()
    def reset_running_stats(self) -> None:
        """Running and stored values, and the counter, as those of a new layer."""
        identity = torch.eye(self.running_deconv.shape[-1], device=self.running_deconv.device)
        for prefix in ("running", "stored") if self.update_every > 1 else ("running",):
            getattr(self, f"{prefix}_mean").zero_()
            getattr(self, f"{prefix}_deconv").copy_(identity)
        if self.averaging == "weighted":
            self.num_vectors_tracked.zero_()
            self.running_var.fill_(1)
        self.counter = 0

    def reset_parameters(self) -> None:
        """Weights, and running statistics once there are any, as those of a new layer."""
        super().reset_parameters()
        if "running_mean" in self._buffers:
            self.reset_running_stats()

    @torch.no_grad()
    def _track(self, mean: Tensor, deconv: Tensor, variance: Tensor, shape: Sequence[int]) -> None:
        share = self._share(shape)
        average(self.running_mean, mean, share)
        if self.averaging == "weighted" and self.momentum != 0:
            average_scaled(self.running_deconv, self.running_var, deconv, variance, share)
        else:
            average(self.running_deconv, deconv, share)
        if self.update_every > 1:
            self.stored_mean.copy_(mean.view_as(self.stored_mean))
            self.stored_deconv.copy_(deconv.view_as(self.stored_deconv))

    def _share(self, shape: Sequence[int]) -> float | Tensor:
        """Share in the running values of a live step with an input of this shape; a weighted layer counts its vectors.

        With `update_every` a live step stands for the ones after it as well.
        """
        momentum = self.momentum
        if self.update_every > 1 and momentum is not None:
            momentum = 1 - (1 - momentum) ** self.update_every
        if self.averaging == "published":
            require_averaging(type(self).__name__, self.averaging, momentum)
            return momentum
        if momentum == 0:
            return momentum
        tracked = self.num_vectors_tracked
        count = torch.full_like(tracked, UNIT * self.vectors_in(shape))
        if self.synchronize and several_processes():
            count = joint_count(count)
        tracked.copy_(count + (tracked if momentum is None else (tracked * (1 - momentum)).round()))
        return count.to(statistics_dtype(self.running_mean)) / tracked

    def vectors_in(self, shape: Sequence[int]) -> int:
        """Sample vectors, r, that a batch of this shape gives for each matrix."""
        raise NotImplementedError


def require_averaging(name: str, averaging: str, momentum: float | None) -> None:
    """Refuse an unknown way, and a mean without momentum where batches are not counted.

    Raises:
        ValueError: names the layer and the value.
    """
    if averaging not in get_args(Averaging):
        raise ValueError(f"{name}: averaging={averaging!r} must be one of {', '.join(map(repr, get_args(Averaging)))}")
    if momentum is None and averaging != "weighted":
        raise ValueError(f'{name}: momentum=None, the mean of all batches, needs averaging="weighted", which counts')


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
