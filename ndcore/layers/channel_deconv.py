"""`ChannelDeconv`: whitening of channels alone, applied to the activations instead of to weights.

Not used by any run of the reproducibility study (its command line switched it off); here because it belongs to the
published layers (Ye et al., ICLR 2020, arXiv 1905.11926, §3.5). Training uses the statistics of the batch, evaluation
the running ones, which start at those of the first batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ndcore.layers.averaging import lasting
from ndcore.layers.checks import (
    full_precision,
    require_counts,
    require_dtype,
    require_finite,
    require_rates,
    statistics_dtype,
)
from ndcore.layers.derivatives import plain_only
from ndcore.layers.fx_leaf import FxLeaf
from ndcore.layers.newton_schulz import newton_schulz_isqrt
from ndcore.layers.recomputation import recomputing


class ChannelDeconv(FxLeaf):
    """Whitens groups of channels, one matrix for all groups; channels left over get one scalar normalisation.

    As published, the matrix comes from the second moments of the samples without subtracting their mean; the mean is
    subtracted only from what is transformed.

    Args:
        block: channels that are whitened together: channel c of the leading ones is row c div g of group c mod g, where
            g is the number of whole blocks.
        eps: added to the diagonal of the second moments, and to the variance of the remaining channels.
        n_iter: Newton–Schulz iterations.
        momentum: weight of the new value in the running statistics; None for their mean over all batches.
        sampling_stride: the statistics use every sampling_stride²-th entry of a flattened row where the map is large
            enough.
        device, dtype: of the buffers.

    Buffers: `running_mean1` (block, 1), `running_deconv` (block, block), `running_mean2` (1, 1), `running_var` (1, 1),
    `num_batches_tracked` (training steps). One training forward that returns advances them once; a repetition of it
    inside the autograd engine does not (see `ndcore.layers.whitening_layer`).

    Shapes: (n, c, h, w) or (n, c), returned as they came, in the type of the input; under autocast too the layer
    computes in its own. In evaluation they may be empty.

    Raises:
        ValueError: a wrong input, fewer channels than a block, or one value for the variance of the remaining channels.
        TypeError: an input of another type than the buffers, outside autocast.
        RuntimeError: evaluation before any training step.
        NonFiniteError: NaN or infinity in the second moments, or in the variance of the remaining channels (on CPU).
    """

    def __init__(
        self,
        block: int,
        eps: float = 1e-2,
        n_iter: int = 5,
        momentum: float | None = 0.1,
        sampling_stride: int = 3,
        *,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_counts("ChannelDeconv", block=block, n_iter=n_iter, sampling_stride=sampling_stride)
        require_rates("ChannelDeconv", eps, momentum)
        self.block, self.eps, self.n_iter = block, eps, n_iter
        self.momentum, self.sampling_stride = momentum, sampling_stride
        tensor = {"device": device, "dtype": dtype}
        self.register_buffer("running_mean1", torch.empty(block, 1, **tensor))
        self.register_buffer("running_deconv", torch.empty(block, block, **tensor))
        self.register_buffer("running_mean2", torch.empty(1, 1, **tensor))
        self.register_buffer("running_var", torch.empty(1, 1, **tensor))
        self.register_buffer("num_batches_tracked", torch.empty((), dtype=torch.long, device=device))
        self.reset_running_stats()

    @torch.no_grad()
    def reset_running_stats(self) -> None:
        """The buffers as those of a new layer."""
        self.running_deconv.copy_(torch.eye(self.block))
        self.running_var.fill_(1)
        for zero in (self.running_mean1, self.running_mean2, self.num_batches_tracked):
            zero.zero_()

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        maps = x if x.dim() == 4 else x[:, :, None, None]  # (n, c, h, w)
        stride = self.sampling_stride if min(maps.shape[2:]) >= self.sampling_stride else 1
        whole = self.block * (maps.shape[1] // self.block)
        with full_precision(x):
            maps = maps.to(statistics_dtype(self.running_deconv))
            white, seen = self._whiten(maps[:, :whole], stride**2)
            parts = [white]
            if whole < maps.shape[1]:
                rest, seen_beyond = self._normalize(maps[:, whole:], stride**2)
                parts.append(rest)
                seen |= seen_beyond
        if self.training and not recomputing():
            self._track(seen)
        return torch.cat(parts, dim=1).view(x.shape).to(x.dtype)

    def _whiten(self, x: Tensor, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Whole blocks whitened, and in training the statistics of the batch by the names of the running ones."""
        n, c, h, w = x.shape
        rows = x.transpose(0, 1).reshape(self.block, -1)  # (block, c/block·n·h·w)
        seen = {}
        if self.training:
            samples = rows[:, ::step]  # (block, r)
            mean = samples.mean(1, keepdim=True)  # (block, 1)
            eye = torch.eye(self.block, dtype=x.dtype, device=x.device)
            moments = torch.addmm(eye, samples, samples.mT, beta=self.eps, alpha=1 / samples.shape[1])
            deconv = newton_schulz_isqrt(moments, self.n_iter)
            require_finite(deconv, x, self)
            seen = {"running_mean1": mean, "running_deconv": deconv}
        else:
            mean, deconv = self.running_mean1.to(x.dtype), lasting(self.running_deconv.to(x.dtype), x.requires_grad)
        white = deconv @ (rows - mean)  # (block, c/block·n·h·w)
        return white.view(c, n, h, w).transpose(0, 1), seen

    def _normalize(self, x: Tensor, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The same for the channels beyond the whole blocks."""
        mean, var = self.running_mean2.to(x.dtype), self.running_var.to(x.dtype)
        seen = {}
        if self.training:
            samples = x.reshape(len(x), -1)[:, ::step]  # (n, c·h·w/step)
            if samples.numel() == 1:
                raise ValueError(
                    f"{self}: one value has no variance; the {x.shape[1]} channels beyond the whole blocks need a "
                    f"larger batch than {x.shape[0]}"
                )
            mean, var = samples.mean().view(1, 1), samples.var().view(1, 1)
            require_finite(var + self.eps, x, self, "variance")
            seen = {"running_mean2": mean, "running_var": var}
        return (x - mean) / (var + self.eps).sqrt(), seen

    @torch.no_grad()
    def _track(self, seen: dict[str, Tensor]) -> None:
        """Running values: the first batch as it is, then an exponential mean, or without momentum that of all."""
        for name, value in seen.items():
            running = getattr(self, name)
            share = 1 / (self.num_batches_tracked + 1) if self.momentum is None else self.momentum
            weight = torch.where(self.num_batches_tracked == 0, running.new_ones(()), share)
            running.lerp_(value.to(running), weight.to(running))
        self.num_batches_tracked += 1

    def _check_input(self, x: Tensor) -> None:
        if x.dim() not in (2, 4) or (self.training and x.numel() == 0):
            raise ValueError(f"{self}: needs an input (n, c, h, w) or (n, c) that is not empty, got {tuple(x.shape)}")
        if x.shape[1] < self.block:
            raise ValueError(f"{self}: needs at least {self.block} channels, got {tuple(x.shape)}")
        require_dtype(x, self.running_deconv, self)
        if not (self.training or x.is_meta or plain_only()) and self.num_batches_tracked == 0:
            raise RuntimeError(f"{self}: evaluation before the first training step; it has no statistics yet")

    def extra_repr(self) -> str:
        return f"{self.block}, eps={self.eps}, n_iter={self.n_iter}, sampling_stride={self.sampling_stride}"
