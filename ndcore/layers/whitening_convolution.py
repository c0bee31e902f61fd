"""What convolutions with a whitened input share: freezing, unbatched inputs, checks, and how running values are read.

Letters of the shapes as in `ndcore.layers.statistics`; … stands for the axes of an image: length, or height and width,
or depth, height and width.
"""

from __future__ import annotations

from torch import Tensor

from ndcore.layers.checks import require_dtype
from ndcore.layers.whitening_layer import WhiteningLayer

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class WhiteningConvolution(WhiteningLayer):
    """Mixed into a convolution of torch; see `WhiteningLayer` for what a layer defines."""

    axes: int
    """Axes of an image."""
    groups: int
    num_features: int
    """Length of a sample vector, d."""
    block: int
    sampling_stride: int | str
    freeze: bool
    freeze_iter: int

    @property
    def period(self) -> int:
        return 10 * self.freeze_iter * self.update_every

    @property
    def frozen(self) -> bool:
        return self.freeze and self.counter % (10 * self.freeze_iter) > self.freeze_iter

    @property
    def always_live(self) -> bool:
        return self.update_every == 1 and not self.freeze

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() == 1 + self.axes:
            return self.forward(input.unsqueeze(0)).squeeze(0)
        return super().forward(input)

    def running_transform(self) -> tuple[Tensor, Tensor]:
        """Mean (g, d) and whitening matrix (g, d, d) of evaluation."""
        return self.running_mean.view(self.groups, -1), self.running_deconv.view(self.groups, self.num_features, -1)

    def _check_input(self, x: Tensor) -> None:
        require_dtype(x, self.weight, self)
        if x.dim() != 2 + self.axes or x.shape[1] != self.in_channels:
            wanted = ", ".join(axis[0] for axis in AXES[self.axes])
            raise ValueError(f"{self}: needs an input (n, {self.in_channels}, {wanted}), got {tuple(x.shape)}")
        if self.training and x.shape[0] == 0:
            raise ValueError(f"{self}: got an empty batch {tuple(x.shape)}; statistics need at least one image")

    def extra_repr(self) -> str:
        own = f"block={self.block}, n_iter={self.n_iter}, sampling_stride={self.sampling_stride}"
        own += f", freeze_iter={self.freeze_iter}" if self.freeze else ""
        own += ", synchronize=True" if self.synchronize else ""
        return f"{super().extra_repr()}, {own}"
