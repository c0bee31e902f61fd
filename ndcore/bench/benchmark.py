"""The benchmark of several networks, written to its files after every one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch
from tqdm import tqdm

from ndcore.bench.arithmetic import gemm_flop_per_second, step_flop, survey
from ndcore.bench.breakdown import REPETITIONS, LayerTimes, measure_layers
from ndcore.bench.conditions import present_conditions
from ndcore.bench.elsewhere import Elsewhere, elsewhere
from ndcore.bench.results import file_name, read_rows, replace_networks
from ndcore.bench.rows import PHASES, VARIANTS, Conditions, LayerRow, StepRow
from ndcore.bench.sampling import Samples, measure
from ndcore.bench.variants import Variant, available, build
from ndcore.errors import UserError
from ndcore.layers import FastDeconv
from ndcore.training import speed
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
        device: from `ndcore.training.prepare_device`.
        folder: for the files; made if it is not there.

    Raises:
        UserError: a network has none of the variants, a file of these conditions is damaged or cannot be written.
    """
    for arch in plan.archs:
        if not available(arch, plan.variants):
            raise UserError(f"{arch} has none of {', '.join(plan.variants)}, only {', '.join(available(arch))}")
    conditions = present_conditions(device, plan.batch_size)
    steps_path = folder / file_name("steps", conditions)
    layers_path = folder / file_name("layers", conditions) if plan.layers else None
    for path, row in ((steps_path, StepRow), (layers_path, LayerRow)):
        if path is not None and path.exists():
            read_rows(path, row)  # a damaged file is refused now, not after the first network
    share = SHARE_OF_STEPS if plan.layers else 1.0
    outcome = Outcome([], [], steps_path, layers_path)
    speed.keep_freed_memory()  # as a training of ours does
    with _Progress(plan.archs, enabled=progress) as bar:
        for arch in plan.archs:
            conditions = present_conditions(device, plan.batch_size)
            with bar.network(arch) as show:
                steps = list(_step_rows(arch, plan, device, conditions, _part(show, 0, share)))
                outcome.steps.extend(steps)
                replace_networks(steps_path, steps)
                if layers_path is not None:
                    layers = list(_layer_rows(arch, plan, device, conditions, _part(show, share, 1)))
                    outcome.layers.extend(layers)
                    replace_networks(layers_path, layers)
    return outcome


def _step_rows(arch: str, plan: Plan, device: torch.device, conditions: Conditions, show: Show) -> Iterator[StepRow]:
    show("machine's rate", 0)
    rate = gemm_flop_per_second(device)
    names = available(arch, plan.variants)
    foreign = [name for name in names if device.type == "cpu" and name.endswith("-original")]
    with elsewhere(arch, foreign, plan.batch_size, device) as others:
        ours = build(arch, [name for name in names if name not in foreign], plan.batch_size, device)
        variants = [*ours, *others]
        samples = measure(variants, plan.samples, plan.seconds, show)
    bn = samples["bn"].quartiles()[1] if "bn" in samples else None
    for variant in variants:
        flop = _flop(arch, variant, plan.batch_size)
        yield _step_row(arch, variant, samples[variant.name], flop, bn, rate, conditions)


def _flop(arch: str, variant: Variant | Elsewhere, batch_size: int) -> dict[str, int]:
    [twin] = build(arch, [variant.name], batch_size, torch.device("cpu"))
    return step_flop(survey(twin.model, twin.images), variant.steps_per_sample)


def _step_row(
    arch: str,
    variant: Variant | Elsewhere,
    samples: Samples,
    flop: dict[str, int],
    bn: float | None,
    rate: float,
    conditions: Conditions,
) -> StepRow:
    low, median, high = samples.quartiles()
    floor = sum(flop.values()) / rate
    return StepRow(
        arch=arch,
        variant=variant.name,
        median_seconds=median,
        lower_quartile_seconds=low,
        upper_quartile_seconds=high,
        samples=len(samples.seconds),
        steps_per_sample=variant.steps_per_sample,
        ratio_to_bn=None if bn is None else median / bn,
        peak_bytes=samples.peak_bytes,
        **{f"{phase}_flop": flop[phase] for phase in PHASES},
        gemm_flop_per_second=rate,
        floor_seconds=floor,
        ratio_to_floor=median / floor,
        **asdict(conditions),
    )


def _layer_rows(arch: str, plan: Plan, device: torch.device, conditions: Conditions, show: Show) -> Iterator[LayerRow]:
    [variant] = build(arch, ["nd"], plan.batch_size, device)
    for times in measure_layers(variant.model, variant.images, show):
        for phase in PHASES:
            yield _layer_row(arch, times, phase, conditions)


def _layer_row(arch: str, times: LayerTimes, phase: str, conditions: Conditions) -> LayerRow:
    work, layer = times.work, times.work.layer
    convolution = isinstance(layer, FastDeconv)
    return LayerRow(
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


def _part(show: Show, begin: float, end: float) -> Show:
    return lambda text, fraction: show(text, begin + (end - begin) * fraction)


class _Progress:
    """One bar over all networks, on standard error: it takes minutes per network."""

    def __init__(self, archs: Sequence[str], *, enabled: bool) -> None:
        bar = FORMAT.replace("{desc}", "{desc:40}")
        self._bar = tqdm(total=len(archs), bar_format=bar, disable=not enabled, file=sys.stderr, ncols=110)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    @contextmanager
    def network(self, arch: str) -> Iterator[Show]:
        """The part of a network; hands out how to say what happens there and how far it is, from 0 to 1."""
        begin = int(self._bar.n)

        def show(text: str, fraction: float) -> None:
            self._bar.n = max(self._bar.n, begin + 0.99 * fraction)
            self._bar.set_description_str(f"{arch}: {text}", refresh=False)
            self._bar.refresh()

        yield show
        self._bar.n = begin + 1
        self._bar.set_description_str("measured", refresh=True)
