"""Numbers for the sentences of the page on what was measured, and the sentence about runs that print both."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.corrections import logged_runs
from ndreport.evidence.decimals import CHANCE, LEVEL, digit_test, patterns
from ndreport.evidence.improvements import averages_at_least, bn_not_behind, improvements
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.resemblance import OURS, STUDY_LOG
from ndreport.evidence.splits import DECIMAL, LOG, TEST_IMAGES, TRAIN_IMAGES, measured_on, split_summary
from ndreport.material import Material
from ndreport.pages.measured.corrected import corrected
from ndreport.rendering.glued import prefixed
from ndreport.rendering.measured_on import SPLITS
from ndreport.rendering.names import block_name
from ndreport.rendering.prose import Prose, count, listing, percent, points, probability, prose
from ndreport.rendering.stated import unless_missing

NEARLY_ALL = 99.9
"""Percent; the high accuracies that the study reports."""


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    measured = measured_on(material.published)
    return {
        **_blocks(measured),
        **_examples(measured, material.published),
        **_decimals(measured, material.published),
        **_corrected(corrected(material.published)),
        **_implications(measured, material.published),
    }


def _blocks(measured: pd.DataFrame) -> dict[str, object]:
    """How many attempts are proven what, in all and per block, and what the decimals of a block say."""
    summary, found = split_summary(measured), dict(_total(measured))
    for (dataset, epochs), pattern in patterns(measured).items():
        row = summary.loc[(dataset, epochs)]
        found |= prefixed(
            f"{dataset}_{epochs}",
            attempts=row["attempts"],
            open=row["open"],
            train=row["train"],
            values=pattern.values,
            coarse=pattern.coarse,
            expected=f"{pattern.expected:.1f}",
            p=probability(pattern.p_all_train),
            p_at_least=probability(pattern.p_at_least),
            most_test=pattern.most_test,
            most_train=pattern.values - pattern.fewest_test,
        )
    return found | {"level": percent(100 * (1 - LEVEL), 0)}


def _total(measured: pd.DataFrame) -> dict[str, int]:
    """The sums of `split_summary`; `beside_train` counts the open attempts whose block has proven training ones."""
    summary = split_summary(measured)
    beside = int(summary.loc[summary["train"] > 0, "open"].sum())
    return summary.sum().to_dict() | {"beside_train": beside, "suggested": int(summary["open"].sum()) - beside}


def _examples(measured: pd.DataFrame, published: Published) -> dict[str, object]:
    """How many attempts equal a logged line, and the first of either kind beside both its logged accuracies."""
    logs = logged_runs(published.recovered).set_index([*SETTING, "attempt"])
    logged = measured[measured["kind"] == LOG]
    found: dict[str, object] = {"logged": len(logged)}
    for split, rows in logged.groupby("split"):
        first = rows.iloc[0]
        both = logs.loc[(*first[SETTING], first["attempt"])]
        found |= prefixed(
            f"logged_{split}",
            attempts=len(rows),
            value=percent(first["value"]),
            test=percent(both["test_top1"]),
            train=percent(both["train_top1"], 3),
        )
    return found


def _decimals(measured: pd.DataFrame, published: Published) -> dict[str, object]:
    first, digits = measured[measured["first_version"].notna()], digit_test(published)
    only = first[first["kind"] == DECIMAL]
    example = only.iloc[0]
    return {
        "test_images": f"{TEST_IMAGES:,}",
        "train_images": f"{TRAIN_IMAGES:,}",
        "test_step": percent(100 / TEST_IMAGES),
        "train_step": percent(100 / TRAIN_IMAGES, 3),
        "first_version": len(first),
        "fine": int((~first["coarse"]).sum()),
        "only_decimal": len(only),
        "example_first": percent(example["first_version"], 3),
        "example_now": percent(example["value"]),
        "chance": percent(100 * CHANCE, 0),
        "digits": sum(digits.counts.values()),
        "digits_coarse": digits.counts[0],
        "digits_p": probability(digits.p),
    }


def _corrected(rows: pd.DataFrame) -> dict[str, object]:
    """What changes when a table is read with its test accuracies."""
    found = {}
    for dataset, here in rows.groupby("dataset"):
        wide = here.pivot(index="arch", columns="norm", values=["original", "test"])
        gains = {of: wide[of, "nd"] - wide[of, "bn"] for of in ("original", "test")}
        away = {of: (here[of] - here["original"]).abs().mean() for of in ("printed", "test")}
        found |= prefixed(
            f"{dataset}_corrected",
            ahead=int((gains["test"] > 0).sum()),
            gain=points(gains["test"].mean()),
            original=points(gains["original"].mean()),
            printed_away=f"{away['printed']:.2f}",
            test_away=f"{away['test']:.2f}",
            runs=int(here["runs"].sum()),
        )
    return found


def _implications(measured: pd.DataFrame, published: Published) -> dict[str, object]:
    """How many printed averages are above the original's value, where, and how many of them would be as test ones."""
    blocks = improvements(published, measured)
    train = blocks["train"] > 0
    retested = blocks.loc[("cifar100", 20)]
    high = averages_at_least(published, NEARLY_ALL)
    places = pd.MultiIndex.from_frame(high[["dataset", "epochs"]]).unique()
    best = published.original.groupby(["dataset", "epochs"])["value"].max()
    return {
        "averages": blocks["values"].sum(),
        "higher": blocks["higher"].sum(),
        "train_blocks": int(train.sum()),
        "train_values": blocks.loc[train, "values"].sum(),
        "train_higher": blocks.loc[train, "higher"].sum(),
        "rest_values": blocks.loc[~train, "values"].sum(),
        "rest_higher": blocks.loc[~train, "higher"].sum(),
        "cifar10_100_change": points(blocks.loc[("cifar10", 100), "change"]),
        "cifar100_100_change": points(blocks.loc[("cifar100", 100), "change"]),
        "retested_values": int(retested["values"]),
        "retested_higher": int(retested["higher"]),
        "retested_change": points(retested["change"]),
        "retested_test_higher": int(retested["test_higher"]),
        "retested_test_change": points(retested["test_change"]),
        "nearly_all": percent(NEARLY_ALL, 1),
        "high": len(high),
        "high_attempts": blocks.loc[places, "attempts"].sum(),
        "high_train": blocks.loc[places, "train"].sum(),
        "best_cifar10": percent(best["cifar10", 100]),
        "best_cifar100": percent(best["cifar100", 100]),
        "exceptions": len(bn_not_behind(published)),
    }


@unless_missing
def about_resemblance(resembling: pd.DataFrame) -> Prose:
    """What runs that print both accuracies say, where they can say anything.

    Args:
        resembling: from `ndreport.evidence.resemblance.resemblance`; our own runs add to it.
    """
    clear = resembling[resembling["decisive"]]
    lines = [
        f"{count(len(resembling), 'setting')} can be compared with runs that print both accuracies. In "
        f"{len(clear) or 'none'} of them the two are further apart than the attempts are among themselves, so that the "
        f"comparison says something{':' if len(clear) else '.'}",
        "",
    ]
    for block, rows in clear.groupby(["dataset", "epochs"]):
        parts = [f"{SPLITS[split]} is nearer in {_share(group, rows)}" for split, group in rows.groupby("nearer")]
        lines.append(f"- {block_name(*block)}: {'; '.join(parts)}")
    return prose("\n".join(lines).strip())


def _share(group: pd.DataFrame, rows: pd.DataFrame) -> str:
    names = {STUDY_LOG: "single logs of the reproduction", OURS: "our own runs"}
    who = listing(names[who] for who in names if (group["who"] == who).any())
    if len(rows) == 1:
        return f"the only setting ({who})"
    every = "both" if len(rows) == 2 else f"all {len(rows)}"
    return f"{every if len(group) == len(rows) else f'{len(group)} of {len(rows)}'} settings ({who})"
