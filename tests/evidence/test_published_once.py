"""What is computed from published values once: only for the very same tables, and nobody can spoil it for others."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ndreport.evidence.published import Published, once

calls: list[int] = []


@once("accuracies")
def doubled(published: Published) -> pd.DataFrame:
    calls.append(1)
    assert published.times.empty  # it sees its own table only
    return published.accuracies[["value"]] * 2


def test_the_same_table_is_computed_once_and_another_anew():
    calls.clear()
    table = Published().accuracies.reindex(range(2)).assign(value=[1.0, 2.0])
    one = Published(accuracies=table, times=Published().times.reindex(range(1)))
    first = doubled(one)
    first["value"] = 0.0
    assert doubled(replace(one, times=Published().times))["value"].tolist() == [2.0, 4.0]
    assert len(calls) == 1
    assert doubled(replace(one, accuracies=table.assign(value=3.0)))["value"].tolist() == [6.0, 6.0]
    assert len(calls) == 2
