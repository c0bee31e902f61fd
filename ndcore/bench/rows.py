"""The columns of the files that `ndcore bench` writes: one frozen dataclass per kind of file, one field per column.

A field that may be None is an empty cell. Booleans are written as true and false. "FLOP" are floating-point operations
in float32, two for a multiplication with its addition.
"""

from __future__ import annotations

from dataclasses import dataclass

VARIANTS = ("bn", "nd", "nd-every4", "none", "bn-original", "nd-original")
"""The ways of training that are compared; `ndcore.bench.variants` explains them."""
PHASES = ("covariance", "root", "fold", "convolution")
"""What a deconvolution layer does, in this order: sampling, mean and covariance; inverse square root; whitening matrix
into the weights; the convolution or linear product itself."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Under what a row was measured. The same in all rows of a file, except for code and time."""

    batch_size: int
    """Images per step."""
    threads: int
    """CPU threads of PyTorch."""
    device: str
    """cpu, cuda or mps."""
    device_name: str
    """The model of the GPU; "CPU" on a CPU."""
    cpu: str
    """Model name of the processor."""
    cores: int
    """Cores that the system shows."""
    torch: str
    """Version of PyTorch."""
    git_commit: str | None
    """Commit of the code; None outside of a checkout."""
    git_dirty: bool | None
    """Whether a tracked file differed from that commit."""
    measured_utc: str
    """When the measurement of the network began, ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class StepRow(Conditions):
    """A line of `steps-….csv`: training steps of a network in one variant."""

    arch: str
    """One of `ndcore.models.names()`."""
    variant: str
    """One of `VARIANTS`."""
    median_seconds: float
    """Seconds of one training step: wall clock, median over the samples."""
    lower_quartile_seconds: float
    upper_quartile_seconds: float
    samples: int
    """Timed samples, without warm-up."""
    steps_per_sample: int
    """Steps in a sample: 4 for nd-every4, a whole cycle, whose seconds are divided by 4; 1 for all others."""
    ratio_to_bn: float | None
    """Median over that of variant bn of this network in the same run; None if bn was not measured."""
    peak_bytes: int
    """Most bytes of tensors alive at once in a step: parameters, buffers, optimiser, batch and all that it makes."""
    convolution_flop: int
    """All convolutions and linear layers: forward, gradient of the weight and, except at the image, of the input."""
    covariance_flop: int
    """Forward and, except at the image, backward."""
    root_flop: int
    """Newton–Schulz iteration, forward and, except at the image, backward."""
    fold_flop: int
    """Whitening matrix into the weights: forward, gradient of the weight and, except at the image, of the matrix."""
    gemm_flop_per_second: float
    """The best rate of a square matrix product on this machine, measured with the network."""
    floor_seconds: float
    """The sum of the four FLOP columns at that rate: no step with this arithmetic is faster."""
    ratio_to_floor: float
    """Median over floor."""


@dataclass(frozen=True, kw_only=True)
class LayerRow(Conditions):
    """A line of `layers-….csv`: one phase of one distinct deconvolution layer of a network, exact ND."""

    arch: str
    layer: str
    """Qualified name of the first layer of this kind in the network."""
    count: int
    """Layers of the network with this geometry and input; the seconds and FLOP are those of one."""
    kind: str
    """FastDeconv or Delinear."""
    in_channels: int
    """Channels, or features of a Delinear."""
    out_channels: int
    kernel: str
    """Height × width, like 3x3; 1x1 for a Delinear."""
    stride: int
    groups: int
    block: int
    n_iter: int
    input_height: int
    """Pixels; 1 for a Delinear, like the width."""
    input_width: int
    matrices: int
    """Covariance matrices: one per group."""
    matrix_size: int
    """d: they are d×d."""
    sample_vectors: int
    """r: vectors from which each of them is estimated."""
    at_image: bool
    """Whether the input is the image, so that no gradient flows through statistics and root."""
    phase: str
    """One of `PHASES`."""
    forward_seconds: float
    """Wall clock, median over the repetitions."""
    forward_backward_seconds: float
    """The same with the backward pass; equal to forward where there is none."""
    repetitions: int
    flop: int
    """Forward and backward."""
