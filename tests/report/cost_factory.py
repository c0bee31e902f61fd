"""Benchmark files made by hand: realistic in form, invented in content. Never put them into `runs/`."""

from __future__ import annotations

from pathlib import Path

from ndcore.bench.results import replace_networks
from ndcore.bench.rows import PHASES, LayerRow, StepRow

SECONDS = {"bn": 1.0, "nd": 1.5, "nd-every4": 1.2, "none": 0.8, "bn-original": 1.6, "nd-original": 3.2}
FLOPS = {"convolution": 40, "covariance": 20, "root": 30, "fold": 10}
CONDITIONS = {
    "batch_size": 128,
    "threads": 2,
    "device": "cpu",
    "device_name": "CPU",
    "cpu": "Example CPU @ 2.50GHz",
    "cores": 2,
    "torch": "2.14.1",
    "git_commit": "0123456789abcdef0123456789abcdef01234567",
    "git_dirty": False,
    "measured_utc": "2025-01-02T03:00:00Z",
}
STEPS_NAME = "steps-cpu-2threads-batch128-torch2.14.1-20250102.csv"
LAYERS_NAME = STEPS_NAME.replace("steps", "layers")


def step_row(arch: str, variant: str, seconds: float, **changes) -> StepRow:
    """A variant whose quartiles are 10 % around its median; the floor of ND is 0.5 s, three fifths of it not BN's."""
    nd = variant.startswith("nd")
    flop = {f"{phase}_flop": n if nd or phase == "convolution" else 0 for phase, n in FLOPS.items()}
    floor = sum(flop.values()) / 200
    return StepRow(
        **CONDITIONS
        | flop
        | {
            "arch": arch,
            "variant": variant,
            "median_seconds": seconds,
            "lower_quartile_seconds": 0.9 * seconds,
            "upper_quartile_seconds": 1.1 * seconds,
            "samples": 12,
            "steps_per_sample": 4 if variant == "nd-every4" else 1,
            "ratio_to_bn": None,
            "peak_bytes": 1200 if nd else 1000,
            "gemm_flop_per_second": 200.0,
            "floor_seconds": floor,
            "ratio_to_floor": seconds / floor,
        }
        | changes
    )


def step_rows(arch: str, **seconds: float) -> list[StepRow]:
    """All variants of a network; `seconds` by variant, with _ for -, replace those of `SECONDS`; 0 leaves one out."""
    chosen = SECONDS | {variant.replace("_", "-"): number for variant, number in seconds.items()}
    return [step_row(arch, variant, number) for variant, number in chosen.items() if number]


def layer_rows(arch: str, **seconds: float) -> list[LayerRow]:
    """One kind of layer, twice in the network; seconds of one layer by phase."""
    chosen = {"convolution": 0.2, "covariance": 0.1, "root": 0.3, "fold": 0.05} | seconds
    return [
        LayerRow(
            **CONDITIONS, arch=arch, layer="conv1", count=2, kind="FastDeconv", in_channels=64, out_channels=64,
            kernel="3x3", stride=1, groups=1, block=64, n_iter=5, input_height=8, input_width=8, matrices=1,
            matrix_size=576, sample_vectors=1152, at_image=False, phase=phase, forward_seconds=chosen[phase] / 3,
            forward_backward_seconds=chosen[phase], repetitions=3, flop=1000,
        )
        for phase in PHASES
    ]  # fmt: skip


def write_bench(runs: Path, steps: list[StepRow], layers: list[LayerRow] = ()) -> Path:
    """The files of a benchmark in `runs/bench/`; returns that of the steps."""
    if layers:
        replace_networks(runs / "bench" / LAYERS_NAME, list(layers))
    return replace_networks(runs / "bench" / STEPS_NAME, steps)
