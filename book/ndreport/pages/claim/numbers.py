"""The numbers in the sentences of the page on the claim, and what our own runs say about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from ndcore.study import DATASETS, NETWORK_LABELS, NETWORKS
from ndreport.evidence.equivalence import equivalence
from ndreport.evidence.families import Tested
from ndreport.evidence.imagenet import imagenet_gains, imagenet_values
from ndreport.evidence.paired import ALPHA, RESAMPLES, smallest_p, smallest_unpaired_p
from ndreport.evidence.published import Published
from ndreport.evidence.repeats import against_spread
from ndreport.material import Material
from ndreport.rendering.glued import prefixed
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import count, listing, percent, points, probability


def numbers(values: pd.DataFrame, tested: Sequence[Tested], material: Material) -> dict[str, object]:
    """What the sentences of the page name.

    Args:
        values: from `ndreport.evidence.series.paired_values`.
        tested: from `ndreport.evidence.families.paired_tests`.
    """
    return {
        **conclusion(tested),
        **_printed(tested),
        **_repeats(against_spread(material.published)),
        **_equivalence(material, values),
        **imagenet_numbers(material.published),
        "ours": about_ours(tested),
        "resamples": f"{RESAMPLES:,}",
    }


def _where(tested: Iterable[Tested], who: str) -> list[Tested]:
    return [t for t in tested if t.who == who and t.paired]


def _ahead(t: Tested) -> str:
    return f"{t.paired.ahead} of {t.paired.number}"


def conclusion(tested: Sequence[Tested]) -> dict[str, object]:
    """What the tests say of the test accuracies in the logs; the page of the study in one page names it too."""
    logs, original = _where(tested, "logs"), _where(tested, "original")
    everywhere = sum(t.paired.ahead == t.paired.number for t in original)
    found = {
        "logged_epochs": listing(count(epochs, "epoch") for epochs in sorted({t.epochs for t in logs})),
        "networks": len(NETWORKS),
        "least_p": probability(smallest_p(len(NETWORKS))),
        "original_all": f"{everywhere} of {count(len(original), 'setting')}",
    }
    for t in logs:
        [same] = [o for o in original if (o.dataset, o.epochs) == (t.dataset, t.epochs)]
        found |= prefixed(
            t.dataset,
            ahead=_ahead(t),
            shift=points(t.paired.shift),
            interval=f"{points(t.paired.interval[0])} to {points(t.paired.interval[1])}",
            p=probability(t.paired.wilcoxon),
            holm=probability(t.wilcoxon_holm),
            original=_ahead(same),
        )
    return found


def about_ours(tested: Sequence[Tested]) -> str:
    """In how many networks ND is ahead in our own runs, for each setting that has any."""
    parts = [
        f"{block_name(t.dataset, t.epochs)}: ND ahead in {t.paired.ahead} of {count(t.paired.number, 'network')}"
        f"{'' if t.paired.testable else ', too few for a test'}"
        for t in _where(tested, "ours")
    ]
    return "; ".join(parts) or "no pair with equal seeds yet"


def _printed(tested: Sequence[Tested]) -> dict[str, object]:
    printed = _where(tested, "printed")
    fails = [t for t in printed if t.paired.ahead < t.paired.number]
    below = sum(t.paired.testable and t.wilcoxon_holm < ALPHA for t in printed)
    [first] = [t for t in printed if (t.dataset, t.epochs) == ("cifar10", 1)]
    return {
        "printed_all": f"{len(printed) - len(fails)} of {count(len(printed), 'setting')}",
        "printed_below": f"{below} of {len(printed)}",
        "printed_not_all": listing(f"{block_name(t.dataset, t.epochs)} ({_ahead(t)})" for t in fails),
        "printed_first": _ahead(first),
        "alpha": f"{ALPHA:g}",
    }


def _repeats(repeats: pd.DataFrame) -> dict[str, object]:
    least = repeats.loc[repeats["ratio"].idxmin()]
    runs = int(repeats[["bn_runs", "nd_runs"]].max().max())
    return {
        "repeats": runs,
        "apart": f"{int((repeats['gap'] > 0).sum())} of {len(repeats)}",
        "least_ratio": f"{least['ratio']:.1f}",
        "most_ratio": f"{repeats['ratio'].max():.1f}",
        "least_network": f"{least['label']}, {block_name(least['dataset'], least['epochs'])}",
        "unpaired_p": probability(smallest_unpaired_p(runs, runs)),
        "repeats_p": probability(smallest_p(runs)),
    }


def _equivalence(material: Material, values: pd.DataFrame) -> dict[str, object]:
    """Margins, who is left out, and the network and norm that differ most between logs and original."""
    if material.margin is None:  # its file could not be read
        return {}
    rows = equivalence(material.published, material.margin)
    margins = {f"{dataset}_margin": f"{m:.2f}" for dataset, m in rows.groupby("dataset")["margin"].first().items()}
    both = values[values["who"] == "original"].merge(
        values[values["who"] == "logs"], on=["dataset", "epochs", "arch", "network"], suffixes=("_original", "_logs")
    )
    found = margins | {
        "fraction": percent(100 * material.margin.margin.fraction, 0),
        "level": percent(100 * material.margin.alpha, 0),
        "left_out": listing(NETWORK_LABELS[arch] for arch in next(filter(None, rows["without"])).split(", ")),
    }
    for dataset, here in both.groupby("dataset"):
        change = pd.DataFrame({norm.upper(): here[f"{norm}_logs"] - here[f"{norm}_original"] for norm in ("bn", "nd")})
        place, norm = change.abs().stack().idxmax()
        farthest = f"{norm} of {here.loc[place, 'network']} on {DATASETS[dataset]}"
        found |= prefixed(dataset, farthest=farthest, far=points(change.loc[place, norm]))
    return found


def imagenet_numbers(published: Published) -> dict[str, object]:
    """In how many networks ND is ahead in top-1 on ImageNet, and by how much; nothing without the file."""
    gains = imagenet_gains(imagenet_values(published))
    gains = gains[(gains["baseline"] == "bn") & (gains["metric"] == "top1")].dropna()
    if gains.empty:  # their file could not be read
        return {}
    shown = {
        f"{g.arch}_{who}": points(getattr(g, who)) for g in gains.itertuples() for who in ("original", "reproduced")
    }
    ahead = {f"imagenet_{who}": f"{int((gains[who] > 0).sum())} of {len(gains)}" for who in ("original", "reproduced")}
    return {**shown, **ahead, "imagenet": len(gains), "imagenet_p": probability(smallest_p(len(gains)))}
