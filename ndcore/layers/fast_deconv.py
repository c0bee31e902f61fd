"""`FastDeconv`: a convolution whose input is whitened, with the whitening folded into its weights.

    y = conv(x, W·D, b − W·D·μ),   D ≈ (Cov + εI)^(−½)

μ and Cov are those of the patches that the convolution sees. Training uses the statistics of the batch, with gradients
through them; evaluation uses the running mean of μ and of D itself. Source: Ye et al., ICLR 2020 (arXiv 1905.11926),
§3.4; the exact semantics are those of the code published with it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.conv import _ConvNd

from ndcore.layers.checks import (
    full_precision,
    require_counts,
    require_dtype,
    require_finite,
    require_pair,
    require_rates,
    statistics_dtype,
)
from ndcore.layers.statistics import block_size, fold_into_weight, sample_patches, sample_pixels
from ndcore.layers.whitening import whitening_transform


class FastDeconv(_ConvNd):
    """Takes the place of `Conv2d` and of the batch normalisation after it.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias: as `nn.Conv2d`; zero padding.
        eps: added to the diagonal of the covariance.
        n_iter: Newton–Schulz iterations.
        momentum: weight of the new value in the running statistics.
        block: channels per block where `groups` is 1; all blocks share one mean and one matrix. If it does not divide
            the channels, their greatest common divisor is taken. With groups > 1 each group has its own matrix.
        sampling_stride: the statistics use every so many positions of the convolution, per axis.
        freeze: after `freeze_iter` training steps use the running statistics also in training; they are live again
            for the first `freeze_iter` + 1 of every 10·`freeze_iter` steps, as in the published code.
        synchronize: in distributed training take the statistics of the joint batch; see `ndcore.layers.synchronize`.

    Buffers: `running_mean` (g·d), zeros at first; `running_deconv` (d, d), or (g, d, d) if groups > 1, at first the
    identity. `counter`, the number of training steps modulo 10·`freeze_iter`, is a plain attribute. Under
    `torch.compile` only layers with `freeze` count, outside the compiled graph, which breaks there.

    Shapes: (n, c, h, w) → (n, o, h', w').

    Raises:
        ValueError: sizes that do not fit, at construction or on a wrong input.
        TypeError: an input of another type than the weights, outside autocast.
        NonFiniteError: NaN or infinity in the covariance (on CPU).
    """

    running_mean: Tensor
    running_deconv: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-5,
        n_iter: int = 5,
        momentum: float = 0.1,
        block: int = 64,
        sampling_stride: int = 3,
        freeze: bool = False,
        freeze_iter: int = 100,
        synchronize: bool = False,
    ) -> None:
        name = f"FastDeconv({in_channels}, {out_channels}, kernel_size={kernel_size}, groups={groups})"
        require_counts(name, in_channels=in_channels, out_channels=out_channels, groups=groups, block=block)
        require_counts(name, n_iter=n_iter, sampling_stride=sampling_stride, freeze_iter=freeze_iter)
        require_rates(name, eps, momentum)
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{name}: both channel counts must be multiples of groups")
        super().__init__(
            in_channels,
            out_channels,
            require_pair(name, "kernel_size", kernel_size),
            require_pair(name, "stride", stride),
            require_pair(name, "padding", padding, least=0),
            require_pair(name, "dilation", dilation),
            transposed=False,
            output_padding=(0, 0),
            groups=groups,
            bias=bias,
            padding_mode="zeros",
        )
        self.eps, self.n_iter, self.momentum = eps, n_iter, momentum
        self.block = in_channels // groups if groups > 1 else block_size(block, in_channels)
        self.sampling_stride = sampling_stride
        self.freeze, self.freeze_iter, self.counter = freeze, freeze_iter, 0
        self.synchronize = synchronize
        self.num_features = self.kernel_size[0] * self.kernel_size[1] * self.block
        identity = torch.eye(self.num_features)
        self.register_buffer("running_mean", torch.zeros(groups * self.num_features))
        self.register_buffer("running_deconv", identity.repeat(groups, 1, 1) if groups > 1 else identity)

    @property
    def frozen(self) -> bool:
        """Whether the next training step uses the running statistics."""
        return self.freeze and self.counter > self.freeze_iter

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        with full_precision(x):
            weight, bias = self.folded(*self._transform(x.to(statistics_dtype(self.weight))))
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def _transform(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (g, d) and whitening matrix (g, d, d) of this step."""
        if self.training and self._next_is_live():
            mean, deconv = self.batch_transform(x)
            with torch.no_grad():
                self.running_mean.lerp_(mean.view_as(self.running_mean).to(self.running_mean), self.momentum)
                self.running_deconv.lerp_(deconv.view_as(self.running_deconv).to(self.running_deconv), self.momentum)
            return mean, deconv
        mean, deconv = self.running_transform()
        if self.training:  # a later live step changes the buffers in place, perhaps before this step's backward pass
            mean, deconv = mean.clone(), deconv.clone()
        return mean, deconv

    def _next_is_live(self) -> bool:
        if not torch.compiler.is_compiling():
            return self.count_step()
        if not self.freeze:
            return True  # uncounted: the number would be a constant of the graph, compiled anew at every step
        from ndcore.layers.uncompiled import count_step  # noqa: PLC0415  (loads the compiler)

        return count_step(self)

    def count_step(self) -> bool:
        """Count a training step; whether it takes the statistics of its batch."""
        live = not self.frozen
        self.counter = (self.counter + 1) % (10 * self.freeze_iter)
        return live

    def folded(self, mean: Tensor, deconv: Tensor) -> tuple[Tensor, Tensor]:
        """Weight (o, c/g, k, k) and bias (o) that act on the raw input; mean (g, d), whitening matrix (g, d, d)."""
        dtype = self.weight.dtype
        return fold_into_weight(self.weight, self.bias, mean.to(dtype), deconv.to(dtype))

    def running_transform(self) -> tuple[Tensor, Tensor]:
        """Mean (g, d) and whitening matrix (g, d, d) of evaluation."""
        return self.running_mean.view(self.groups, -1), self.running_deconv.view(self.groups, self.num_features, -1)

    def batch_transform(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (g, d) and whitening matrix (g, d, d) of a batch (n, c, h, w)."""
        mean, deconv = whitening_transform(self.sample(x), self.eps, self.n_iter, self.synchronize)
        require_finite(deconv, x, self)
        return mean, deconv

    def sample(self, x: Tensor) -> Tensor:
        """The sample vectors (g, r, d) of a batch (n, c, h, w)."""
        step = (self.sampling_stride * self.stride[0], self.sampling_stride * self.stride[1])
        if self.kernel_size == (1, 1):
            return sample_pixels(x, step[0] * step[1], self.groups, self.num_features)
        return sample_patches(x, self.kernel_size, step, self.padding, self.dilation, self.groups, self.num_features)

    def _check_input(self, x: Tensor) -> None:
        require_dtype(x, self.weight, self)
        if x.dim() != 4 or x.shape[1] != self.in_channels:
            raise ValueError(f"{self}: needs an input (n, {self.in_channels}, h, w), got {tuple(x.shape)}")
        if x.shape[0] == 0:
            raise ValueError(f"{self}: got an empty batch {tuple(x.shape)}; statistics need at least one image")
        for axis, size in enumerate(x.shape[2:]):
            reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
            if size + 2 * self.padding[axis] < reach:
                raise ValueError(
                    f"{self}: an input of {('height', 'width')[axis]} {size} with padding {self.padding[axis]} "
                    f"is smaller than the kernel, which reaches over {reach}"
                )

    def extra_repr(self) -> str:
        own = f"block={self.block}, n_iter={self.n_iter}, sampling_stride={self.sampling_stride}"
        own += f", freeze_iter={self.freeze_iter}" if self.freeze else ""
        own += ", synchronize=True" if self.synchronize else ""
        return f"{super().extra_repr()}, {own}"
