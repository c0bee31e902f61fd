"""`Delinear`: a linear layer whose input is whitened in blocks of features, folded into its weights.

    y = x·(W·D)ᵀ + b − W·D·μ,   D ≈ (Cov + εI)^(−½)

Blocks are runs of consecutive features; all share one mean and one matrix. Training uses the statistics of the batch,
evaluation the running ones. Source: Ye et al., ICLR 2020 (arXiv 1905.11926), §3.4, and the code published with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore.layers.averaging import Averaging
from ndcore.layers.checks import require_counts, require_dtype, require_rates
from ndcore.layers.fold import fold, minus
from ndcore.layers.statistics import block_size
from ndcore.layers.whitening import sample_statistics
from ndcore.layers.whitening_layer import WhiteningLayer


class Delinear(WhiteningLayer, nn.Linear):
    """Takes the place of `nn.Linear`.

    Args:
        in_features, out_features, bias: as `nn.Linear`.
        eps, n_iter, momentum, synchronize, update_every, averaging: as `ndcore.layers.FastDeconv`.
        block: features per block; the greatest common divisor with `in_features` where it does not divide them.
        device, dtype: of parameters and buffers.

    Buffers: `running_mean` (block), zeros at first; `running_deconv` (block, block), identity at first. Who advances
    them, and when: `ndcore.layers.whitening_layer`.

    Shapes: (…, in_features) → (…, out_features); in evaluation without any row too.

    Errors raised as by `ndcore.layers.FastDeconv`.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        eps: float = 1e-5,
        n_iter: int = 5,
        momentum: float | None = 0.1,
        block: int = 512,
        synchronize: bool = False,
        update_every: int = 1,
        *,
        averaging: Averaging = "published",
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        name = f"Delinear({in_features}, {out_features})"
        require_counts(name, in_features=in_features, out_features=out_features, n_iter=n_iter, block=block)
        require_rates(name, eps, momentum)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.block = self.num_features = block_size(block, in_features)
        self._start(eps, n_iter, momentum, synchronize, update_every, averaging)

    def folded(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        dtype = self.weight.dtype
        rows = self.weight.view(-1, self.block)  # (o·b, d)
        rows, shift = fold(rows, mean.to(dtype), deconv.to(dtype))
        shift = shift.view(self.out_features, -1).sum(-1)  # (o)
        return rows.view_as(self.weight), minus(self.bias, shift)

    def running_transform(self) -> tuple[Tensor, Tensor]:
        return self.running_mean.unsqueeze(0), self.running_deconv.unsqueeze(0)

    def transform(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.linear(x, weight, bias)

    def batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return x, *sample_statistics(self.sample(x), self.eps, self.n_iter, self.synchronize)

    def sample(self, x: Tensor) -> Tensor:
        """The sample vectors (1, r, d) of a batch (…, in_features); every block of a row is one of them."""
        return x.reshape(1, -1, self.block)  # (1, r, d)

    def plain_layer(self) -> nn.Module:
        return nn.Linear(self.in_features, self.out_features, bias=False, device="meta")

    def vectors_in(self, shape: Sequence[int]) -> int:
        return math.prod(shape) // self.block

    def _check_input(self, x: Tensor) -> None:
        require_dtype(x, self.weight, self)
        if x.dim() == 0 or x.shape[-1] != self.in_features:
            raise ValueError(f"{self}: needs an input (…, {self.in_features}), got {tuple(x.shape)}")
        if self.training and x.numel() == 0:
            raise ValueError(f"{self}: got an empty batch {tuple(x.shape)}; statistics need at least one row")

    def extra_repr(self) -> str:
        own = f"block={self.block}, n_iter={self.n_iter}" + (", synchronize=True" if self.synchronize else "")
        return f"{super().extra_repr()}, {own}"
