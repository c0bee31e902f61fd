"""Material of the tests of the ledger: the real published values, and copies of them with something changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ndreport.evidence.claims import Claim, Decision, decide_all, read
from ndreport.evidence.claims.evidence import Counted, Evidence, Folded
from ndreport.evidence.published import Published, load_all
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


def evidence(**tables: pd.DataFrame) -> Evidence:
    """The published values, some tables replaced; networks without batch normalisation that fold without a trace."""
    return Evidence(
        replace(published(), **tables),
        count=lambda name, norm: Counted(1_000_000, {"FastDeconv": 5} if norm == "nd" else {"BatchNorm2d": 5}),
        fold=lambda name: Folded(0, 0.0),
        operations={"vgg16": {"convolution": 4.0, "covariance": 1.0, "root": 1.0, "fold": 1.0}},
    )
