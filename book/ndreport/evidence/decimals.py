"""How probable a pattern of decimals is, if all values of a block were running training accuracies, or only some.

A running training accuracy is a share of 50,000 images, a test accuracy one of 10,000: of the five last digits that the
former can have (0, 2, 4, 6, 8) the latter has only the 0. If no last digit is preferred, one training accuracy in five
looks like a test accuracy. `digit_test` checks that on the logs, where both are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ndreport.evidence.corrections import logged_runs
from ndreport.evidence.published import Published
from ndreport.evidence.splits import BLOCK, TEST_IMAGES, TRAIN_IMAGES

LEVEL = 0.05
"""Numbers of test accuracies that the pattern would show with a smaller probability are ruled out."""
CHANCE = TEST_IMAGES / TRAIN_IMAGES
"""Share of running training accuracies that have at most two decimals, by chance."""


@dataclass(frozen=True)
class Pattern:
    """The decimals of one block (data set × epochs) in the spreadsheet's first public version."""

    values: int
    """Attempts that stood in the first version."""
    coarse: int
    """Those with at most two decimals: they may be test accuracies."""
    p_all_train: float
    """Two-sided exact binomial test of `coarse`, if all were training accuracies."""
    p_at_least: float
    """How probable at least so many coarse values are, if all were training accuracies."""
    fewest_test: int
    most_test: int
    """How many of the values can be test accuracies without making the pattern less probable than `LEVEL`, each bound
    by itself; all others would be training accuracies."""

    @property
    def expected(self) -> float:
        """Coarse values to be expected, if all were training accuracies."""
        return CHANCE * self.values


def pattern(values: int, coarse: int) -> Pattern:
    """What the decimals of a block say.

    Args:
        values: number of values.
        coarse: how many of them have at most two decimals.

    Raises:
        ValueError: no value, or more coarse ones than there are.
    """
    if not 0 <= coarse <= values or not values:
        raise ValueError(f"{coarse} of {values} values cannot have at most two decimals")
    from scipy import stats  # noqa: PLC0415 - most pages need none of it

    tests = range(coarse + 1)  # a test accuracy is always coarse
    at_most = [stats.binom.cdf(coarse - k, values - k, CHANCE) for k in tests]
    at_least = [stats.binom.sf(coarse - k - 1, values - k, CHANCE) for k in tests]
    return Pattern(
        values,
        coarse,
        float(stats.binomtest(coarse, values, CHANCE).pvalue),
        at_least_so_many(values, coarse),
        fewest_test=next(k for k in tests if at_least[k] >= LEVEL),
        most_test=max(k for k in tests if at_most[k] >= LEVEL or k == 0),
    )


def at_least_so_many(values: int, coarse: int) -> float:
    """How probable at least so many coarse values are, if all were training accuracies."""
    from scipy import stats  # noqa: PLC0415 - see above

    return float(stats.binomtest(coarse, values, CHANCE, alternative="greater").pvalue)


def patterns(measured: pd.DataFrame) -> dict[tuple[str, int], Pattern]:
    """The pattern of each block (data set, epochs).

    Args:
        measured: from `ndreport.evidence.splits.measured_on`.
    """
    known = measured[measured["first_version"].notna()]
    return {block: pattern(len(rows), int(rows["coarse"].sum())) for block, rows in known.groupby(BLOCK)}


def suggested_tests(measured: pd.DataFrame) -> set[tuple[str, int]]:
    """The blocks whose values are very probably test accuracies, though no single one is proven to be either.

    Args:
        measured: from `ndreport.evidence.splits.measured_on`.
    """
    proven = set(measured.loc[measured["split"] != "", BLOCK].itertuples(index=False, name=None))
    counts = measured[measured["first_version"].notna()].groupby(BLOCK)["coarse"].agg(["size", "sum"])
    unlike = {block for block, size, coarse in counts.itertuples(name=None) if at_least_so_many(size, coarse) < LEVEL}
    return unlike - proven


@dataclass(frozen=True)
class Digits:
    """Last digits of the running training accuracies that the study's own logs printed."""

    counts: dict[int, int]
    """By third decimal."""
    p: float
    """Chi-squared test that no digit is preferred."""


def digit_test(published: Published) -> Digits | None:
    """Whether any last digit is preferred among logged running training accuracies; None without logs."""
    from scipy import stats  # noqa: PLC0415 - see above

    logged = logged_runs(published.recovered)
    if logged.empty:
        return None
    last = (logged["train_top1"] * 1000).round().astype(int) % 10
    counts = last.value_counts().reindex(range(0, 10, 2), fill_value=0)
    return Digits(counts.to_dict(), float(stats.chisquare(counts).pvalue))
