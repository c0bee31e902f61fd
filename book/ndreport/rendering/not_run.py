"""What stands where nobody ran anything: "not run", and behind it the command, the time and the result to expect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ndcore.training.progress import duration
from ndreport.evidence.expected import Expectations, Expected, Range
from ndreport.evidence.imagenet_times import total_times
from ndreport.evidence.published import METRICS, Published
from ndreport.evidence.runs import Setting
from ndreport.rendering.links import RERUN_PAGE
from ndreport.rendering.prose import listing, percent, span
from ndreport.rendering.values import NOT_RUN, Value, missing


def not_run(
    expected: Expectations, settings: Iterable[Setting], why: str = "", *, seed: int = 0, repeat: int = 0
) -> Value:
    """A value that needs a run of each of the settings.

    Args:
        expected: what is known about runs.
        settings: what has to be run.
        why: what is missing, in words.
        seed: with which seed.
        repeat: which repeat of it.
    """
    settings = list(settings)
    runs = [expected.of(setting, seed, repeat) for setting in settings]
    parts = [
        why or f"no record of {listing(f'{s.arch} {s.norm}' for s in settings)} with the recipe of both papers",
        f"time: {_times(runs)}",
        *(_top1(setting, run) for setting, run in zip(settings, runs, strict=True)),
        "to run it:",
    ]
    return missing(NOT_RUN, "; ".join(parts), RERUN_PAGE, " && ".join(run.command for run in runs))


def not_on_imagenet(published: Published, arch: str, norm: str, metric: str) -> Value:
    """A value of ImageNet, with what the run of the reproduction took and gave."""
    rows = published.imagenet.query("arch == @arch and norm == @norm and metric == @metric and attempt.isna()")
    known = rows["value"].tolist()
    took = total_times(published.imagenet).query("arch == @arch and norm == @norm")
    time = " and ".join(row.text.removeprefix(row.stray).strip() for row in took.itertuples())
    values = f"{span(known, percent)} (original and reproduction)" if known else "not known"
    note = (
        "this report cannot train on ImageNet yet; time: the reproduction's run took "
        f"{time or 'an unknown time'} on its GPU; {METRICS[metric]} to expect: {values}"
    )
    return missing(NOT_RUN, note, RERUN_PAGE)


def _times(runs: Sequence[Expected]) -> str:
    """The sum over all runs on every machine where each of them is known."""
    where = [{seconds.where: seconds for seconds in run.seconds} for run in runs]
    texts = []
    for name in where[0]:
        if all(name in one for one in where):
            least, most = (sum(getattr(one[name], end) for one in where) for end in ("least", "most"))
            texts.append(f"{span((least, most), duration)} on {name}")
    return listing(texts) if texts else "nobody measured it"


def _top1(setting: Setting, run: Expected) -> str:
    if not run.top1:
        return f"test accuracy to expect of {setting.norm.upper()}: not known"
    least, most = min(r.least for r in run.top1), max(r.most for r in run.top1)
    return (
        f"test accuracy to expect of {setting.norm.upper()}: {span((least, most), _percent)} % "
        f"({listing(map(_source, run.top1))})"
    )


def _source(found: Range) -> str:
    return f"{found.where} {span((found.least, found.most), _percent)}"


def _percent(number: float) -> str:
    return f"{number:.2f}"
