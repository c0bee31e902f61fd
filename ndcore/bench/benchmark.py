"""The benchmark of several networks, written to its files after every one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from tqdm import tqdm

from ndcore.bench.arithmetic import gemm_flop_per_second, step_flop, survey
from ndcore.bench.breakdown import REPETITIONS, measure_layers
from ndcore.bench.other_process import SeparateVariant, in_another_process
from ndcore.bench.results import file_name, read_rows, replace_networks
from ndcore.bench.rows import PHASES, VARIANTS, Conditions, LayerRow, StepRow
from ndcore.bench.sampling import measure
from ndcore.bench.variants import Variant, available, build
from ndcore.errors import UserError
from ndcore.experiment.folders import PROJECT
from ndcore.experiment.provenance import git_state
from ndcore.layers import FastDeconv
from ndcore.machine import cpu_name
from ndcore.training import speed
from ndcore.training.device import device_name
from ndcore.training.progress_bar import FORMAT

Show = Callable[[str, float], None]
SHARE_OF_STEPS = 0.8
"""Part of the time of a network that its steps take, where its layers are measured, too: for the progress bar."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to measure."""

    archs: Sequence[str]
    variants: Sequence[str] = VARIANTS
    """Some of `VARIANTS`; a network is measured in those that it has."""
    batch_size: int = 128
    samples: int = 10
    """Enough samples of a variant …"""
    seconds: float = 5.0
    """… or seconds of them, whichever comes first."""
    layers: bool = False
    """Whether to time the phases of every layer, too."""


@dataclass(frozen=True)
class Outcome:
    """What was measured, and the files that hold it."""

    steps: list[StepRow]
    layers: list[LayerRow]
    steps_path: Path
    layers_path: Path | None
    """None if layers were not measured."""


def run(plan: Plan, device: torch.device, folder: Path, *, progress: bool = True) -> Outcome:
    """Measure networks one after the other; those that are done stay in the files if it is interrupted.

    Args:
        device: from `ndcore.training.device.prepare_device`.
        folder: for the files; made if it is not there.

    Raises:
        UserError: a network has none of the variants, a file of these conditions is damaged or cannot be written.
    """
    for arch in plan.archs:
        if not available(arch, plan.variants):
            raise UserError(f"{arch} has none of {', '.join(plan.variants)}, only {', '.join(available(arch))}")
    conditions = _present_conditions(device, plan.batch_size)
    steps_path = folder / file_name("steps", conditions)
    layers_path = folder / file_name("layers", conditions) if plan.layers else None
    for path, row in ((steps_path, StepRow), (layers_path, LayerRow)):
        if path is not None and path.exists():
            read_rows(path, row)  # a damaged file is refused now, not after the first network
    outcome = Outcome([], [], steps_path, layers_path)
    speed.keep_freed_memory()  # as a training of ours does
    form = FORMAT.replace("{desc}", "{desc:40}")
    with tqdm(total=len(plan.archs), bar_format=form, disable=not progress, file=sys.stderr, ncols=110) as bar:
        for number, arch in enumerate(plan.archs):
            conditions = _present_conditions(device, plan.batch_size)
            middle = number + (SHARE_OF_STEPS if plan.layers else 1)
            steps = list(_step_rows(arch, plan, device, conditions, _show(bar, arch, number, middle)))
            outcome.steps.extend(steps)
            replace_networks(steps_path, steps)
            if layers_path is not None:
                layers = list(_layer_rows(arch, plan, device, conditions, _show(bar, arch, middle, number + 1)))
                outcome.layers.extend(layers)
                replace_networks(layers_path, layers)
            bar.n = number + 1
            bar.set_description_str("measured")
    return outcome


def _present_conditions(device: torch.device, batch_size: int) -> Conditions:
    """The conditions of a measurement that begins now."""
    commit, dirty = git_state(PROJECT)
    return Conditions(
        batch_size=batch_size,
        threads=torch.get_num_threads(),
        device=device.type,
        device_name=device_name(device),
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        torch=str(torch.__version__),
        git_commit=commit,
        git_dirty=dirty,
        measured_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _show(bar: tqdm, arch: str, begin: float, end: float) -> Show:
    """How a part of a network's work, between two places of the bar, says what happens and how far it is."""

    def show(text: str, fraction: float) -> None:
        bar.n = max(bar.n, begin + 0.99 * (end - begin) * fraction)
        bar.set_description_str(f"{arch}: {text}")

    return show


def _step_rows(arch: str, plan: Plan, device: torch.device, conditions: Conditions, show: Show) -> Iterator[StepRow]:
    show("machine's rate", 0)
    rate = gemm_flop_per_second(device)
    names = available(arch, plan.variants)
    separate = [name for name in names if device.type == "cpu" and name.endswith("-original")]
    with in_another_process(arch, separate, plan.batch_size, device) as others:
        ours = build(arch, [name for name in names if name not in separate], plan.batch_size, device)
        variants = [*ours, *others]
        samples = measure(variants, plan.samples, plan.seconds, show)
    bn = samples["bn"].quartiles()[1] if "bn" in samples else None
    for variant in variants:
        low, median, high = samples[variant.name].quartiles()
        flop = _flop(arch, variant, plan.batch_size)
        floor = sum(flop.values()) / rate
        yield StepRow(
            arch=arch,
            variant=variant.name,
            median_seconds=median,
            lower_quartile_seconds=low,
            upper_quartile_seconds=high,
            samples=len(samples[variant.name].seconds),
            steps_per_sample=variant.steps_per_sample,
            ratio_to_bn=None if bn is None else median / bn,
            peak_bytes=samples[variant.name].peak_bytes,
            **{f"{phase}_flop": flop[phase] for phase in PHASES},
            gemm_flop_per_second=rate,
            floor_seconds=floor,
            ratio_to_floor=median / floor,
            **asdict(conditions),
        )


def _flop(arch: str, variant: Variant | SeparateVariant, batch_size: int) -> dict[str, int]:
    [twin] = build(arch, [variant.name], batch_size, torch.device("cpu"))
    return step_flop(survey(twin.model, twin.images), variant.steps_per_sample)


def _layer_rows(arch: str, plan: Plan, device: torch.device, conditions: Conditions, show: Show) -> Iterator[LayerRow]:
    [variant] = build(arch, ["nd"], plan.batch_size, device)
    for times in measure_layers(variant.model, variant.images, show):
        work, layer = times.work, times.work.layer
        convolution = isinstance(layer, FastDeconv)
        for phase in PHASES:
            yield LayerRow(
                arch=arch,
                layer=work.name,
                count=times.count,
                kind=type(layer).__name__,
                in_channels=layer.in_channels if convolution else layer.in_features,
                out_channels=layer.out_channels if convolution else layer.out_features,
                kernel="x".join(map(str, layer.kernel_size)) if convolution else "1x1",
                stride=layer.stride[0] if convolution else 1,
                groups=layer.groups if convolution else 1,
                block=layer.block,
                n_iter=layer.n_iter,
                input_height=work.input_shape[2] if convolution else 1,
                input_width=work.input_shape[3] if convolution else 1,
                matrices=work.statistics.matrices,
                matrix_size=work.statistics.size,
                sample_vectors=work.statistics.vectors,
                at_image=work.at_image,
                phase=phase,
                forward_seconds=times.forward[phase],
                forward_backward_seconds=times.forward_backward[phase],
                repetitions=REPETITIONS,
                flop=work.forward[phase] + work.backward[phase],
                **asdict(conditions),
            )
