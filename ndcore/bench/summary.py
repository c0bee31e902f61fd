"""What was measured, as text tables: seconds, ratios and their geometric means, phases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from ndcore.bench.rows import PHASES, VARIANTS, LayerRow, StepRow
from ndcore.surgery.tables import text_table

RATIOS = (("nd", "bn"), ("nd-every4", "bn"), ("none", "bn"), ("nd-original", "nd"), ("bn-original", "bn"))
"""Median seconds of the one over those of the other."""
MISSING = "not measured"
Steps = dict[str, dict[str, StepRow]]


def summary(steps: Sequence[StepRow], layers: Sequence[LayerRow]) -> str:
    """All tables, with the conditions over them. At least one row of steps."""
    row = steps[0]
    where = row.device_name if row.device != "cpu" else row.cpu
    threads = f"{row.threads} thread{'s' if row.threads > 1 else ''}"
    parts = [f"Training steps of {row.batch_size} images on {where}, {threads}, PyTorch {row.torch}"]
    networks: Steps = {}
    for row in steps:
        networks.setdefault(row.arch, {})[row.variant] = row
    parts += [_seconds(networks), _ratios(networks)]
    if layers:
        parts.append(_phases(layers))
    return "\n\n".join(parts)


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers, at least one."""
    return math.exp(math.fsum(logs := [math.log(value) for value in values]) / len(logs))


def _seconds(networks: Steps) -> str:
    names = [name for name in VARIANTS if any(name in rows for rows in networks.values())]
    lines = [
        [arch, *(_spread(rows[name]) if name in rows else MISSING for name in names)] for arch, rows in networks.items()
    ]
    head = "Seconds per step: median ± half of the interquartile range"
    return f"{head}\n{text_table(['network', *names], lines)}"


def _spread(row: StepRow) -> str:
    half = (row.upper_quartile_seconds - row.lower_quartile_seconds) / 2
    digits = 3 if row.median_seconds < 10 else 2
    return f"{row.median_seconds:.{digits}f} ± {half:.{digits}f}"


def _ratios(networks: Steps) -> str:
    """Ratios of time and memory within a network, and the distance from the floor."""
    measures: dict[str, Callable[[dict[str, StepRow]], float]] = {}
    for over, under in RATIOS:
        measures[f"{over} / {under}"] = lambda rows, o=over, u=under: rows[o].median_seconds / rows[u].median_seconds
    measures["peak memory nd / bn"] = lambda rows: rows["nd"].peak_bytes / rows["bn"].peak_bytes
    for name in ("bn", "nd"):
        measures[f"{name} / floor"] = lambda rows, n=name: rows[n].ratio_to_floor
    columns: dict[str, list[float | None]] = {}
    for title, measure in measures.items():
        values = [_value(measure, rows) for rows in networks.values()]
        if any(value is not None for value in values):
            columns[title] = values
    lines = [[arch, *(_two(values[i]) for values in columns.values())] for i, arch in enumerate(networks)]
    if len(networks) > 1:
        means = [geometric_mean(v for v in values if v is not None) for values in columns.values()]
        lines.append(["geometric mean", *map(_two, means)])
    return f"Ratios\n{text_table(['network', *columns], lines)}"


def _value(measure: Callable[[dict[str, StepRow]], float], rows: dict[str, StepRow]) -> float | None:
    try:
        return measure(rows)
    except KeyError:
        return None


def _two(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def _phases(layers: Sequence[LayerRow]) -> str:
    """Seconds of the phases, over all deconvolution layers of a network."""
    sums: dict[str, dict[str, float]] = {}
    for row in layers:
        phases = sums.setdefault(row.arch, dict.fromkeys(PHASES, 0.0))
        phases[row.phase] += row.count * row.forward_backward_seconds
    lines = [
        [arch, *(f"{phases[name]:.3f}" for name in PHASES), f"{math.fsum(phases.values()):.3f}"]
        for arch, phases in sums.items()
    ]
    head = "Seconds of the phases of nd, forward and backward, over all its deconvolution layers"
    return f"{head}\n{text_table(['network', *PHASES, 'together'], lines)}"
