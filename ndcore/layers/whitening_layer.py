"""What `FastDeconv` and `Delinear` share: which mean and whitening matrix a step uses, and when they are computed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ndcore.layers.checks import full_precision, require_counts, require_finite, statistics_dtype
from ndcore.layers.inverse_root import inverse_root


class WhiteningLayer(nn.Module):
    """A layer whose input is whitened, with the whitening folded into its weights.

    A training step is *live* if it computes the statistics of its batch; gradients then go through them. By default
    every one is. With `update_every` = k only every k-th is; the steps between take its mean and matrix as constants.

    A layer defines `_check_input`, `batch_statistics`, `folded`, `transform` and `running_transform`.
    """

    running_mean: Tensor
    running_deconv: Tensor
    n_iter: int
    momentum: float
    update_every: int
    counter: int
    """Training steps so far, modulo `period`. Under `torch.compile` it stands still where every step is live."""

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

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        with full_precision(x):
            precise = x.to(statistics_dtype(self.weight))
            seen, mean, deconv = self._whitening(precise)
            weight, bias = self.folded(mean, deconv)
        return self.transform(seen if precise is x else x, weight, bias)

    def _whitening(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The input, and mean (g, d) and whitening matrix (g, d, d) of this step."""
        if not self.training:
            return x, *self.running_transform()
        source = self._next_source()
        if source == "batch":
            x, mean, deconv = self.batch_transform(x)
            self._track(mean.detach(), deconv.detach())
            return x, mean, deconv
        mean, deconv = self.running_transform()
        if source == "stored":
            mean, deconv = self.stored_mean.view_as(mean), self.stored_deconv.view_as(deconv)
        # a later live step changes the buffers in place, perhaps before this step's backward pass
        return x, mean.clone(), deconv.clone()

    def batch_transform(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A batch itself, to be transformed, its mean (g, d) and whitening matrix (g, d, d)."""
        x, mean, covariance = self.batch_statistics(x)
        deconv = self.inverse_root(covariance)
        require_finite(deconv, x, self)
        return x, mean, deconv

    def inverse_root(self, covariance: Tensor) -> Tensor:
        """Whitening matrix (g, d, d) of a covariance (g, d, d)."""
        return inverse_root(covariance, self.n_iter)

    def _next_source(self) -> str:
        if not torch.compiler.is_compiling():
            return self.count_step()
        if self.always_live:
            return "batch"  # uncounted: the number would be a constant of the graph, compiled anew at every step
        from ndcore.layers.uncompiled import count_step  # noqa: PLC0415  (loads the compiler)

        return count_step(self)

    def count_step(self) -> str:
        """Count a training step; where it has mean and matrix from: its "batch", the "stored" or the "running" ones."""
        source = "running" if self.frozen else "stored" if self.counter % self.update_every else "batch"
        self.counter = (self.counter + 1) % self.period
        return source

    @torch.no_grad()
    def _track(self, mean: Tensor, deconv: Tensor) -> None:
        momentum = self.momentum
        if self.update_every > 1:  # a live step stands for the ones after it as well
            momentum = 1 - (1 - momentum) ** self.update_every
        for running, value in ((self.running_mean, mean), (self.running_deconv, deconv)):
            running.lerp_(value.view_as(running).to(running), momentum)
        if self.update_every > 1:
            self.stored_mean.copy_(mean.view_as(self.stored_mean))
            self.stored_deconv.copy_(deconv.view_as(self.stored_deconv))

    def extra_repr(self) -> str:
        own = f", update_every={self.update_every}" if self.update_every > 1 else ""
        return super().extra_repr() + own
