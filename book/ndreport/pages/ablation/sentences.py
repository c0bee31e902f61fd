"""Sentences about the runs of the ablation, which grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from ndcore import data
from ndcore.experiment.ablation import FACTORS, Budget, Factor, plan
from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS
from ndreport.pages.ablation.runs import Ablation, machine, top1
from ndreport.rendering.prose import Prose, count, listing, percent, points, prose, span
from ndreport.rendering.values import NOT_RUN


def about_budget(budget: Budget) -> Prose:
    """What every run of an ablation gets to see."""
    counts, batch = data.spec(budget.dataset).counts, budget.config().batch_size
    images = budget.train_images or counts["train"]
    steps = budget.epochs * math.ceil(images / batch)
    return prose(
        f"The budget of every run: `{budget.arch}` on {DATASETS.get(budget.dataset, budget.dataset)}, "
        f"{count(budget.epochs, 'epoch')} over the first **{images:,}** of {counts['train']:,} training images in "
        f"canonical order, which are **{steps:,}** steps of {batch}, with the learning rate falling to zero along a "
        f"cosine over these steps; tested on all {counts['test']:,} test images. The default is "
        f"{listing(f'`{factor.field}={factor.default}`' for factor in FACTORS)}."
    )


def about_progress(ablation: Ablation) -> Prose:
    """How many runs there are, where and when they were made."""
    planned = plan(ablation.budget)
    done = [ablation.complete[config] for config in planned if config in ablation.complete]
    if not done:
        return prose(f"None of the {count(len(planned), 'run')} of this ablation has a record yet: not run.")
    failed = sum(config in ablation.failed for config in planned if config not in ablation.complete)
    machines = list(dict.fromkeys(map(machine, done)))
    days = sorted({record.finished_utc[:10] for record in done})
    when = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
    has, made = ("has", "It was") if len(done) == 1 else ("have", "They were")
    return prose(
        f"**{len(done)}** of {count(len(planned), 'run')} {has} a record, {count(failed, 'run')} failed. {made} made "
        f"{when} on {count(len(machines), 'machine')}: {listing(map(_machine, machines))}."
    )


def _machine(values: tuple[str | int, ...]) -> str:
    _, device, cpu, cores, threads = values
    return f"{device} ({cpu}, {count(cores, 'core')}, {count(threads, 'thread')})"


def about_noise(ablation: Ablation) -> Prose:
    """How far apart the seeds of the default and of batch normalisation are."""
    lines = []
    for norm, name in (("nd", "The default"), ("bn", "Batch normalisation")):
        if records := ablation.across_seeds(norm):
            lines.append(f"- {name}, {count(len(records), 'seed')}: {_levels(ablation, records)}")
    if not lines:
        return prose("There is no run of the default or of batch normalisation yet, so no level to compare with.")
    return prose("\n".join(lines))


def _levels(ablation: Ablation, records: Sequence[RunRecord]) -> str:
    accuracies = [top1(record) for record in records]
    times = [ratio for ratio in map(ablation.time_ratio, records) if ratio is not None]
    spread = f", from {min(accuracies):.2f} to {percent(max(accuracies))}" if len(records) > 1 else ""
    time = f"; time {span(times, _ratio)} of the default's mean" if times else ""
    return f"test top-1 **{percent(fmean(accuracies))}**{spread}{time}"


def about_factors(ablation: Ablation, factors: Sequence[Factor] = FACTORS) -> Prose:
    """What every value of every factor does to accuracy and time, against the default with the same seed."""
    default = ablation.complete.get(ablation.budget.config())
    if default is None:
        return prose("There is no run of the default with the first seed yet, so nothing to compare the values with.")
    seeds = [top1(record) for record in ablation.across_seeds("nd")]
    lines = []
    for factor in factors:
        varied = {v: c for v, c in ablation.budget.variations(factor).items() if v != factor.default}
        shown = [f"**{v}**: {_against(ablation, config)}" for v, config in varied.items()]
        lines.append(f"- {factor.name} (default {factor.default}): {'; '.join(shown)}")
    if len(seeds) > 1:
        lines += [
            "",
            f"Every value has a single run. The {len(seeds)} seeds of the default already span "
            f"{max(seeds) - min(seeds):.2f} points, and the one that the values are compared with is "
            f"{_place(top1(default), seeds)} of them: a difference of a few points may be noise.",
        ]
    return prose(
        "Test accuracy and, in brackets, running training accuracy in points against the default with the same seed, "
        "and time. Where the first is far lower and the second is not, the network trains, but the transforms that it "
        "is tested with do not fit it:\n\n" + "\n".join(lines)
    )


def _place(value: float, values: Sequence[float]) -> str:
    return "the highest" if value == max(values) else "the lowest" if value == min(values) else "neither end"


def _against(ablation: Ablation, config: RunConfig) -> str:
    record = ablation.complete.get(config)
    if record is None:
        return "failed" if config in ablation.failed else NOT_RUN
    gain, running, ratio = ablation.gain(record), ablation.running_gain(record), ablation.time_ratio(record)
    accuracy = "other images" if gain is None or running is None else f"{points(gain)} ({points(running)})"
    return accuracy if ratio is None else f"{accuracy}, time {_ratio(ratio)}"


def _ratio(number: float) -> str:
    return f"× {number:.2f}"
