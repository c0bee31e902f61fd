"""Made-up rows for the tests of files and tables."""

from __future__ import annotations

from dataclasses import replace

from ndcore.bench.rows import PHASES, LayerRow, StepRow

CONDITIONS = {
    "batch_size": 8,
    "threads": 2,
    "device": "cpu",
    "device_name": "CPU",
    "cpu": "Processor, 3 GHz",
    "cores": 2,
    "torch": "2.14.1+cpu",
    "git_commit": "0123abcd",
    "git_dirty": False,
    "measured_utc": "2026-11-24T10:00:00+00:00",
}
STEP = StepRow(
    arch="resnet18d",
    variant="bn",
    median_seconds=0.25,
    lower_quartile_seconds=0.24,
    upper_quartile_seconds=0.28,
    samples=10,
    steps_per_sample=1,
    ratio_to_bn=1.0,
    peak_bytes=1000,
    convolution_flop=10**10,
    covariance_flop=0,
    root_flop=0,
    fold_flop=0,
    gemm_flop_per_second=1e11,
    floor_seconds=0.1,
    ratio_to_floor=2.5,
    **CONDITIONS,
)
LAYER = LayerRow(
    arch="resnet18d",
    layer="stem",
    count=2,
    kind="FastDeconv",
    in_channels=3,
    out_channels=8,
    kernel="3x3",
    stride=1,
    groups=1,
    block=3,
    n_iter=5,
    input_height=32,
    input_width=32,
    matrices=1,
    matrix_size=27,
    sample_vectors=968,
    at_image=True,
    phase="root",
    forward_seconds=0.5,
    forward_backward_seconds=1.5,
    repetitions=5,
    flop=100,
    **CONDITIONS,
)


def network(arch: str, scale: float = 1.0) -> list[StepRow]:
    """A network in two variants, nd twice as slow as bn and with half as much memory again."""
    bn = replace(STEP, arch=arch, median_seconds=0.25 * scale)
    return [bn, replace(bn, variant="nd", median_seconds=0.5 * scale, ratio_to_bn=2.0, peak_bytes=1500)]


def layers(arch: str) -> list[LayerRow]:
    return [replace(LAYER, arch=arch, phase=phase) for phase in PHASES]
