"""What our own runs say about repeats of a seed and about other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from ndcore.study import DATASETS, NETWORKS, NORM_LABELS
from ndreport.evidence.same_seed import Repeated
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, SOURCES_PAGE, link
from ndreport.rendering.prose import Prose, count, prose, span
from ndreport.rendering.values import NOT_RUN, Value, decimal, judgement, missing, word


def about_repeats(groups: Sequence[Repeated]) -> Prose:
    """How equal the runs of one seed are, and how far the seeds of a setting lie apart.

    Args:
        groups: from `ndreport.evidence.same_seed.repeated_settings`.
    """
    repeated, seeds = [g for g in groups if g.repeated], [g for g in groups if len(g.by_seed) > 1]
    if not groups:
        return prose("No setting of our own has more than one run yet: not run.")
    again, apart = "Repeats of one seed: not run yet.", "Several seeds of one setting: not run yet."
    if repeated:
        number, most = sum(len(g.repeated) for g in repeated), max(g.repeat_range() for g in repeated)
        again = (
            f"We ran {count(number, 'seed')} again, in {count(len(repeated), 'setting')}: "
            f"{_alike(sum(g.equal_weights() for g in repeated), number)}, and the test accuracies of a seed lie at "
            f"most {most:.2f} points apart."
        )
    if seeds:
        ranges = span([g.seed_range() for g in seeds], "{:.2f}".format)
        apart = f"We ran several seeds in {count(len(seeds), 'setting')}: their test accuracies span {ranges} points."
    both = sum(len(g.by_seed) > 1 for g in repeated)
    return prose(f"{again} {apart} {count(both, 'setting').capitalize()} {'has' if both == 1 else 'have'} both.")


def _alike(equal: int, number: int) -> str:
    """Whether the repeats of so many seeds ended with equal weights."""
    if number == 1:
        return f"the weights are {'equal bit by bit' if equal else 'not equal'}"
    if equal in (0, number):
        return f"the weights are equal bit by bit for {'every seed' if equal else 'none'}"
    return f"the weights are equal bit by bit for {equal} of {number} seeds"


def _points(value: float | None, why: str, group: Repeated) -> Value:
    if value is None:
        return missing(NOT_RUN, why, RUNS_PAGE)
    return decimal(value, f"test top-1, points: {_ids(group)}", link(group.runs[0]))


def _ids(group: Repeated) -> str:
    return ", ".join(r.run_id for r in group.runs)


def _equal(group: Repeated) -> Value:
    again, equal = len(group.repeated), group.equal_weights()
    if not again:
        return missing(NOT_RUN, NO_REPEAT, RUNS_PAGE)
    kind = "good" if equal == again else "bad"
    return judgement(kind, f"{equal} of {again}", f"SHA-256 of the weights: {_ids(group)}", link(group.runs[0]))


def _study(frame: pd.DataFrame, group: Repeated) -> Value:
    s = group.setting
    archs = [n.arch for n in NETWORKS if s.arch in n.ours]
    found = frame[frame["arch"].isin(archs) & (frame["dataset"] == s.dataset) & (frame["norm"] == s.norm)]
    found = found[found["epochs"] == s.epochs]
    if found.empty:
        return missing("none", "the study has no such setting", SOURCES_PAGE)
    row = found.iloc[0]
    return decimal(row["high"] - row["low"], f"{row['split']}, {row['label']}: {row['values']}", SOURCES_PAGE)


NO_REPEAT, ONE_SEED = "no seed of this setting ran twice", "only one seed of this setting ran"
COLUMNS = (
    Column("runs", lambda g: word(len(g.runs), _ids(g), link(g.runs[0]))),
    Column("seeds", lambda g: word(len(g.by_seed), _ids(g), link(g.runs[0]))),
    Column("seeds run again", lambda g: word(len(g.repeated), _ids(g), link(g.runs[0]))),
    Column("same weights, bit by bit", _equal),
    Column("range, same seed", lambda g: _points(g.repeat_range(), NO_REPEAT, g)),
    Column("range, seeds", lambda g: _points(g.seed_range(), ONE_SEED, g)),
    Column("SD, seeds", lambda g: _points(g.seed_sd(), ONE_SEED, g)),
)


def _name(group: Repeated) -> str:
    s = group.setting
    return f"{s.arch}, {NORM_LABELS[s.norm]}, {DATASETS.get(s.dataset, s.dataset)}, {count(s.epochs, 'epoch')}"


def repeats_table(groups: Sequence[Repeated], frame: pd.DataFrame) -> Html:
    """Our own settings with more than one run: the same seed again, other seeds, and the study's attempts beside them.

    Args:
        groups: from `ndreport.evidence.same_seed.repeated_settings`.
        frame: from `ndreport.evidence.deviations.deviations`.
    """
    caption = (
        "Our own settings with more than one run: highest minus lowest test top-1 of the last epoch, in percentage "
        "points, over runs of one seed and over seeds; beside them the range of the study's three attempts."
    )
    study = Column("the study's range, same seed", partial(_study, frame))
    return table(view(groups, (*COLUMNS, study), _name), caption, "repeats", "Setting")
