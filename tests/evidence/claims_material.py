"""Material of the tests of the ledger: the real published values, and copies of them with something changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ndcore.study import ATTEMPTS
from ndreport.evidence.claims import Claim, Decision, decide_all, read
from ndreport.evidence.claims.evidence import Counted, Evidence, Folded
from ndreport.evidence.published import RECOVERED, SETTING, Published, load_all
from ndreport.material import load
from ndreport.pages.claims import evidence_of

RUNS = Path(__file__).parents[2] / "runs"
PUBLISHED = RUNS / "published"
LEDGER = PUBLISHED / "claims.yaml"


@cache
def published() -> Published:
    found, problems = load_all(PUBLISHED)
    assert problems == []
    return found


@cache
def decisions() -> dict[str, Decision]:
    """Every claim of the committed ledger, decided on everything that a page has."""
    return {d.claim.id: d for d in decide_all(read(LEDGER), evidence_of(load(RUNS)))}


@cache
def claims() -> dict[str, Claim]:
    return {claim.id: claim for claim in read(LEDGER)}


def changed(table: str, values: dict[str, Any], column: str = "value") -> Evidence:
    """The published values with one column of some rows of one table replaced.

    Args:
        values: the new value by a pandas query for the rows.
    """
    frame: pd.DataFrame = getattr(published(), table).copy()
    for where, value in values.items():
        rows = frame.query(where).index
        assert len(rows), where
        frame.loc[rows, column] = value
    return evidence(**{table: frame})


def without(table: str, where: str) -> Evidence:
    """The published values without some rows of one table."""
    frame = getattr(published(), table)
    rows = frame.query(where).index
    assert len(rows), where
    return evidence(**{table: frame.drop(rows)})


def logged(
    top1: Callable[[pd.Series], float] = lambda row: row["value"],
    seconds: Callable[[pd.Series], float] = lambda row: 100.0,
    test_seconds: Callable[[pd.Series], float] = lambda row: 10.0,
) -> Evidence:
    """As if every setting of Tables 4 and 5 had logs of three equal runs, which the spreadsheet holds.

    Args:
        top1: training and test accuracy; `value` of the row is what the original prints.
        seconds: of training.
        test_seconds: of the passes over the test set.
    """
    found, rows, values, times = published(), [], {}, {}
    for _, row in found.original.iterrows():
        setting, accuracy = tuple(row[SETTING]), top1(row)
        values[setting] = accuracy
        times |= {(*setting, "train_seconds"): seconds(row), (*setting, "test_seconds"): test_seconds(row)}
        of = {"top1": dict.fromkeys(("train", "test"), accuracy)}
        of["seconds"] = {split: times[(*setting, f"{split}_seconds")] for split in ("train", "test")}
        for metric, split, attempt in product(of, ("train", "test"), ATTEMPTS):
            rows.append(["re", *setting, attempt, split, "", metric, of[metric][split], "", "a log"])
    accuracies, given = found.accuracies.copy(), found.times.copy()
    single = accuracies["attempt"].notna()
    accuracies.loc[single, "value"] = [values[key] for key in accuracies.loc[single, SETTING].itertuples(index=False)]
    single = given["attempt"].notna()
    keys = given.loc[single, [*SETTING, "metric"]].itertuples(index=False, name=None)
    given.loc[single, "value"] = [times[key] for key in keys]
    recovered = pd.DataFrame(rows, columns=list(RECOVERED.columns)).astype(dict(RECOVERED.columns))
    return evidence(accuracies=accuracies, times=given, recovered=recovered)


def evidence(**tables: pd.DataFrame) -> Evidence:
    """The published values, some tables replaced; networks without batch normalisation that fold without a trace."""
    return Evidence(
        replace(published(), **tables),
        count=lambda name, norm: Counted(1_000_000, {"FastDeconv": 5} if norm == "nd" else {"BatchNorm2d": 5}),
        fold=lambda name: Folded(0, 0.0),
        operations={"vgg16": {"convolution": 4.0, "covariance": 1.0, "root": 1.0, "fold": 1.0}},
    )
