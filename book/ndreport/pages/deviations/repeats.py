"""What our own runs say about repeats of a seed and about other seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import NETWORKS
from ndreport.evidence.expected import Expectations
from ndreport.evidence.same_seed import Repeated, across_code, repeated_settings
from ndreport.pages.our_runs.curves import describe
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import SOURCES_PAGE, link
from ndreport.rendering.not_run import not_run
from ndreport.rendering.prose import Prose, count, listing, percent, prose, span
from ndreport.rendering.values import Value, decimal, judgement, missing, word


def about_repeats(records: Iterable[RunRecord]) -> Prose:
    """How equal the runs of one seed are, and how far the seeds of a setting lie apart; within the same code only.

    Args:
        records: our own runs.
    """
    records = list(records)
    groups = repeated_settings(records)
    repeated, seeds = [g for g in groups if g.repeated], [g for g in groups if len(g.by_seed) > 1]
    again = "No seed of ours ran twice with the same code, so no repeat can be compared: not run."
    apart = "Several seeds of one setting with the same code: not run yet."
    if repeated:
        number, most = sum(len(g.repeated) for g in repeated), max(g.repeat_range() for g in repeated)
        again = (
            f"We ran {count(number, 'seed')} again with the same code, in {count(len(repeated), 'setting')}: "
            f"{_alike(sum(g.equal_weights() for g in repeated), number)}, and the test accuracies of a seed lie at "
            f"most {most:.2f} points apart."
        )
    if seeds:
        ranges = span([g.seed_range() for g in seeds], "{:.2f}".format)
        apart = (
            f"We ran several seeds with the same code in {count(len(seeds), 'setting')}: their test accuracies span "
            f"{ranges} points."
        )
    return prose(" ".join([again, *map(_about_codes, across_code(records)), apart]))


def _about_codes(runs: Sequence[RunRecord]) -> str:
    """One seed that ran with different code; such runs are no repeats."""
    values = listing(percent(run.final_epoch.test_top1) for run in runs)
    return (
        f"We ran seed {runs[0].config.seed} of {describe(runs[0])} with {count(len(runs), 'version')} of our code: "
        f"{values} test accuracy. This is no repeat, because the code may have changed the numbers."
    )


def _alike(equal: int, number: int) -> str:
    """Whether the repeats of so many seeds ended with equal weights."""
    if number == 1:
        return f"the weights are {'equal bit by bit' if equal else 'not equal'}"
    if equal in (0, number):
        return f"the weights are equal bit by bit for {'every seed' if equal else 'no seed'}"
    return f"the weights are equal bit by bit for {equal} of {number} seeds"


def _points(value: float | None, group: Repeated) -> Value | None:
    if value is None:
        return None
    return decimal(value, f"test top-1, points: {_ids(group)}", link(group.runs[0]))


def _ids(group: Repeated) -> str:
    return ", ".join(r.run_id for r in group.runs)


def _equal(group: Repeated) -> Value | None:
    again, equal = len(group.repeated), group.equal_weights()
    if not again:
        return None
    kind = "good" if equal == again else "bad"
    return judgement(kind, f"{equal} of {again}", f"SHA-256 of the weights: {_ids(group)}", link(group.runs[0]))


def _study(frame: pd.DataFrame, group: Repeated) -> Value:
    s = group.setting
    archs = [n.arch for n in NETWORKS if s.arch in n.ours]
    found = frame[frame["arch"].isin(archs) & (frame["dataset"] == s.dataset) & (frame["norm"] == s.norm)]
    found = found[found["epochs"] == s.epochs]
    if found.empty:
        return missing("none", "the reproduction has no such setting", SOURCES_PAGE)
    row = found.iloc[0]
    return decimal(row["high"] - row["low"], f"{row['split']}, {row['label']}: {row['values']}", SOURCES_PAGE)


NO_REPEAT = "no seed of this setting ran twice with this code"
ONE_SEED = "only one seed of this setting ran with this code"


def _columns(expected: Expectations) -> tuple[Column, ...]:
    def again(group: Repeated) -> Value:
        configs = [run.config for run in group.runs]
        first = min(config.seed for config in configs)
        repeat = max(config.repeat for config in configs if config.seed == first) + 1
        return not_run(expected, [group.setting], NO_REPEAT, seed=first, repeat=repeat)

    def another(group: Repeated) -> Value:
        seed = max(run.config.seed for run in group.runs) + 1
        return not_run(expected, [group.setting], ONE_SEED, seed=seed)

    return (
        Column("runs", lambda g: word(len(g.runs), _ids(g), link(g.runs[0]))),
        Column("seeds", lambda g: word(len(g.by_seed), _ids(g), link(g.runs[0]))),
        Column("seeds run again", lambda g: word(len(g.repeated), _ids(g), link(g.runs[0]))),
        Column("same weights, bit by bit", lambda g: _equal(g) or again(g)),
        Column("range, same seed", lambda g: _points(g.repeat_range(), g) or again(g)),
        Column("range, seeds", lambda g: _points(g.seed_range(), g) or another(g)),
        Column("SD, seeds", lambda g: _points(g.seed_sd(), g) or another(g)),
    )


def repeats_table(records: Iterable[RunRecord], frame: pd.DataFrame, expected: Expectations) -> Html:
    """Our own settings with more than one run: the same seed again, other seeds, and the study's attempts beside them.

    Args:
        records: our own runs.
        frame: from `ndreport.evidence.deviations.deviations`.
        expected: of runs that nobody made.
    """
    caption = (
        "Our own settings with more than one run of the same code: highest minus lowest test top-1 of the last epoch, "
        "in percentage points, over runs of one seed and over seeds; beside them the range of the reproduction's three "
        "attempts."
    )
    groups = repeated_settings(records)
    study = Column("the reproduction's range, same seed", partial(_study, frame))
    code = Column("code", lambda g: word(g.source_sha256[:8], f"SHA-256 of the code: {g.source_sha256}"))
    return table(
        view(groups, (code, *_columns(expected), study), lambda g: describe(g.runs[0])), caption, "repeats", "Setting"
    )
