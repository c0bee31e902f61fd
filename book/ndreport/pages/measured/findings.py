"""Sentences about what the attempts were measured on; every number in them is computed here."""

from __future__ import annotations

import pandas as pd

from ndcore.study import NORM_LABELS
from ndreport.evidence.corrections import SETTING, logged_runs
from ndreport.evidence.decimals import CHANCE, LEVEL, Digits, Pattern
from ndreport.evidence.published import Published
from ndreport.evidence.resemblance import OURS, STUDY_LOG
from ndreport.evidence.splits import DECIMAL, LOG, TEST_IMAGES, TRAIN_IMAGES
from ndreport.rendering.measured_on import SPLITS
from ndreport.rendering.names import LABELS, block_name
from ndreport.rendering.prose import Prose, count, listing, percent, points, probability, prose
from ndreport.rendering.stated import NOTHING

Patterns = dict[tuple[str, int], Pattern]


def about_blocks(summary: pd.DataFrame, patterns: Patterns) -> Prose:
    """What all attempts were measured on, in one paragraph."""
    if summary.empty:
        return NOTHING
    total = summary.sum()
    unproven = summary[summary["open"] > 0]
    suggested = [b for b in unproven.index if _suggests_test(summary.loc[b], patterns.get(b))]
    mixed = [b for b in unproven.index if summary.loc[b, "train"] and not summary.loc[b, "test"]]
    by_chance = all(b in patterns and patterns[b].p_all_train >= LEVEL for b in mixed)
    text = (
        f"Of the **{total['attempts']}** single accuracies behind Tables 4 and 5, **{total['test']}** are proven test "
        f"accuracies, **{total['train']}** are proven running training accuracies, and **{total['open']}** are not "
        "proven either way."
    )
    if mixed:
        number = int(summary.loc[mixed, "open"].sum())
        text += (
            f" Of the unproven ones, {number} stand in blocks whose other attempts are all running training accuracies "
            f"({listing(block_name(*b) for b in mixed)})"
        )
        text += "; so many values without a third decimal are what chance predicts there." if by_chance else "."
    if suggested:
        number = int(summary.loc[suggested, "open"].sum())
        text += (
            f" The other {number} ({listing(block_name(*b) for b in suggested)}) are very probably test accuracies: "
            "none of them has a third decimal."
        )
    return prose(f"{text} The captions of both tables say accuracy and name no split.")


def _suggests_test(row: pd.Series, pattern: Pattern | None) -> bool:
    return not row["test"] and not row["train"] and pattern is not None and pattern.p_at_least < LEVEL


def about_logs(measured: pd.DataFrame, published: Published) -> Prose:
    """How many attempts equal a logged line, with an example of either kind."""
    logged = measured[measured["kind"] == LOG]
    if logged.empty:
        return prose("The file of logged runs could not be read, or no attempt equals a logged line.")
    lines = [
        f"**{len(logged)}** attempts equal a logged line of one kind and none of the other. An example of each:",
        "",
    ]
    for split, words in (("test", "test"), ("train", "running training")):
        rows = logged[logged["split"] == split]
        if len(rows):
            lines.append(f"- {words} ({len(rows)} attempts): {_example(rows.iloc[0], published)}")
    return prose("\n".join(lines))


def _example(row: pd.Series, published: Published) -> str:
    run = int(row["split_evidence"].split()[-1])
    logged = logged_runs(published.recovered).set_index([*SETTING, "attempt"])
    both = logged.loc[(*row[SETTING], run)]
    return (
        f"{LABELS[row['arch']]} {NORM_LABELS[row['norm']]}, {block_name(row['dataset'], row['epochs'])}, attempt "
        f"{row['attempt']} is {percent(row['value'])} in the spreadsheet; logged run {run} printed a highest test "
        f"accuracy of {percent(both['test_top1'])} and a highest running training accuracy of "
        f"{percent(both['train_top1'], 3)}"
    )


def about_decimals(measured: pd.DataFrame, digits: Digits | None) -> Prose:
    """What a third decimal excludes, how many attempts have one, and whether one in five lacks it by chance."""
    first = measured[measured["first_version"].notna()]
    if first.empty:
        return prose("The file of the spreadsheet's first version could not be read, so its decimals say nothing here.")
    fine = int((~first["coarse"]).sum())
    only = int((measured["kind"] == DECIMAL).sum())
    example = first[first["kind"] == DECIMAL].head(1)
    text = (
        f"The test sets have {TEST_IMAGES:,} images, so a test accuracy is a multiple of "
        f"{percent(100 / TEST_IMAGES)}; one of {TRAIN_IMAGES:,} training images is a multiple of "
        f"{percent(100 / TRAIN_IMAGES, 3)}. The present spreadsheet has two decimals, but its first public version had "
        f"three: **{fine}** of {len(first)} attempts had a third one other than zero, and are no test accuracies. For "
        f"**{only}** of them this is the only proof."
    )
    for row in example.itertuples():
        text += (
            f" An example: {LABELS[row.arch]} {NORM_LABELS[row.norm]}, {block_name(row.dataset, row.epochs)}, attempt "
            f"{row.attempt} was {percent(row.first_version, 3)} and is now {percent(row.value)}."
        )
    text += (
        f" The reverse proves nothing: {percent(100 * CHANCE, 0)} of running training accuracies have at most two "
        "decimals by chance, if no last digit is preferred"
    )
    if digits is None:
        return prose(f"{text}; without the logs this cannot be checked.")
    total = sum(digits.counts.values())
    judged = (
        "no last digit is preferred there" if digits.p >= LEVEL else "some last digits are more frequent than others"
    )
    return prose(
        f"{text}. Of the {total} running training accuracies in the logs, {digits.counts[0]} have, and as far as they "
        f"tell {judged} (chi-squared test, p = {probability(digits.p)})."
    )


def about_resemblance(resembling: pd.DataFrame) -> Prose:
    """What runs that print both accuracies say, where they can say anything."""
    if resembling.empty:
        return prose("There is no run that prints both accuracies and could be laid beside the attempts.")
    clear = resembling[resembling["decisive"]]
    lines = [
        f"{count(len(resembling), 'setting')} can be compared with runs that print both accuracies; in {len(clear)} of "
        "them the two are further apart than the attempts are among themselves, so that the comparison says something:",
        "",
    ]
    for (dataset, epochs), rows in clear.groupby(["dataset", "epochs"]):
        parts = [
            f"{SPLITS[split]} is nearer in {len(group)} of {len(rows)} ({listing(_sources(group))})"
            for split, group in rows.groupby("nearer")
        ]
        lines.append(f"- {block_name(dataset, epochs)}: {'; '.join(parts)}")
    return prose("\n".join(lines))


def _sources(rows: pd.DataFrame) -> list[str]:
    names = {STUDY_LOG: "single logs of the study", OURS: "our own runs"}
    return [names[who] for who in names if (rows["who"] == who).any()]


def about_open(summary: pd.DataFrame, patterns: Patterns) -> Prose:
    """What is not proven, and how far the decimals of each block limit it."""
    lines = [f"Bounds at {percent(100 * (1 - LEVEL), 0)} each, from the decimals alone:", ""]
    for block, row in summary[summary["open"] > 0].iterrows():
        p = patterns.get(block)
        if p is None:
            lines.append(f"- {block_name(*block)}: {row['open']} attempts open, and no decimals to judge them by")
            continue
        text = f"- {block_name(*block)}: {row['open']} of {row['attempts']} attempts open. "
        if _suggests_test(row, p):
            text += (
                f"All {p.coarse} have at most two decimals; if they were running training accuracies the probability "
                f"of that would be {probability(p.p_at_least)}, and no more than {p.values - p.fewest_test} of them "
                "can be one. This holds if the third decimal was not cut off in this block only; that other blocks "
                "kept it speaks against that, but a spreadsheet does not tell"
            )
        else:
            text += (
                f"{p.coarse} of {p.values} values have at most two decimals, {p.expected:.1f} are expected if all are "
                f"running training accuracies (p = {probability(p.p_all_train)}). No more than {p.most_test} can be "
                "test accuracies"
            )
        lines.append(text)
    if len(lines) == 2:
        return prose("Nothing is open." if len(summary) else str(NOTHING))
    return prose("\n".join(lines))


def about_corrected(rows: pd.DataFrame, dataset: str, epochs: int) -> Prose:
    """What changes when a table is read with its test accuracies.

    Args:
        rows: from `ndreport.pages.measured.corrected.corrected`.
        dataset: "cifar10" or "cifar100".
        epochs: length of the training.
    """
    here = rows[(rows["dataset"] == dataset) & (rows["epochs"] == epochs)].dropna(subset=["original", "printed"])
    wide = here.pivot(index="arch", columns="norm", values=["original", "test"]).dropna()
    if wide.empty:
        return NOTHING
    gains = wide["test"]["nd"] - wide["test"]["bn"]
    away = {name: (here[name] - here["original"]).abs().mean() for name in ("printed", "test")}
    original = (wide["original"]["nd"] - wide["original"]["bn"]).mean()
    return prose(
        f"{block_name(dataset, epochs)}: on test images ND is ahead of BN in **{int((gains > 0).sum())}** of "
        f"{len(gains)} networks, by {points(gains.mean())} points in the mean ({points(original)} in the original). "
        f"The printed averages lie {away['printed']:.2f} points from the original's values in the mean, the test "
        f"accuracies {away['test']:.2f}. {int(here['runs'].sum())} finished runs are behind the test column. Each "
        "counts with its highest epoch, as in the study; the last epoch is never higher than that."
    )


def about_missing(summary: pd.DataFrame, rows: pd.DataFrame) -> Prose:
    """What can and what cannot be said about the blocks whose test accuracies nobody published."""
    known = {(r.dataset, r.epochs) for r in rows.itertuples()}
    lines = []
    for block, row in summary.iterrows():
        if block in known:
            continue
        if row["train"]:
            lines.append(
                f"- {block_name(*block)}: the attempts are running training accuracies ({row['train']} of "
                f"{row['attempts']} proven). The test accuracies were never published: **missing**. Nothing in this "
                "block can be laid beside the original's values, neither in favour of the claim nor against it"
            )
        else:
            lines.append(
                f"- {block_name(*block)}: very probably test accuracies, so the table can stand as printed, with that "
                "reservation. Logs of these very attempts are **missing**"
            )
    return prose("\n".join(lines) or "Every block has logged test accuracies.") if len(summary) else NOTHING
