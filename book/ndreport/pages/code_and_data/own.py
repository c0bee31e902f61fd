"""What our own records say about two findings: repeats of a seed, and the best epoch beside the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS
from ndreport.rendering.prose import count, in_cases, listing, points


def repeats(records: Sequence[RunRecord]) -> str:
    """Whether runs of one seed and one code ended with the same weights."""
    groups = defaultdict(list)
    for record in records:
        groups[record.config.model_copy(update={"repeat": 0}).run_id, record.code.source_sha256].append(record)
    repeated = [group for group in groups.values() if len(group) > 1]
    if not repeated:
        return "None of our own runs was repeated with its seed and the same code yet."
    devices = listing(sorted({r.environment.device_name.upper() for group in repeated for r in group}))
    same = sum(len({r.model.weights_sha256 for r in group}) == 1 for group in repeated)
    if len(repeated) == 1:
        result = "are the same to the last bit" if same else "differ"
        return f"We ran one setting again with the same seed ({devices}): the trained weights {result}."
    return (
        f"We ran {count(len(repeated), 'setting')} again with the same seed ({devices}): the trained weights are the "
        f"same to the last bit {in_cases(same, len(repeated), 'setting')}."
    )


def best_epochs(records: Sequence[RunRecord]) -> str:
    """How far the best epoch is ahead of the last."""
    long = [r for r in records if r.config.epochs > 1 and r.config.dataset in DATASETS]
    if not long:
        return "Our own records hold both epochs; none has more than one epoch yet."
    gaps = [r.best_epoch.test_top1 - r.final_epoch.test_top1 for r in long]
    if len(gaps) == 1:
        return f"In our one record of more than one epoch the best is ahead of the last by {points(gaps[0])} points."
    return (
        f"In our {len(gaps)} records of more than one epoch the best is ahead of the last by "
        f"{points(sum(gaps) / len(gaps))} points on average, {points(max(gaps))} at most."
    )
