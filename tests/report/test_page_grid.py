"""The page of the grid: hours of the study and of our machine, and how often our settings were repeated."""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from record_factory import make_record

from ndcore.grid.estimates import UNKNOWN, Estimate
from ndreport.pages.grid import GridCost, about_cost, about_replicates, cost_table, grid_cost, numbers
from ndreport.rendering.glued import wanted

RUNS = Path(__file__).parents[2] / "runs"


@pytest.fixture(scope="module")
def cost(material) -> GridCost:
    return grid_cost(material, RUNS)


def test_the_sentences_hold(material, cost):
    found = numbers(cost, material)
    assert wanted("grid") <= found.keys()
    assert found["cells"] == 360
    assert found["study_time"] == "12 d 10 h"
    damaged = cost.study.assign(attempt_1=cost.study["attempt_1"].where(cost.study["epochs"] > 1))
    assert isnan(numbers(replace(cost, study=damaged), material)["study_time"])  # no sum of some of the times


def test_the_time_here_names_its_machine_and_its_sources(cost):
    machine = replace(cost.machine, device="cpu")
    known = [Estimate(3600.0, "measured here")] + [UNKNOWN] * (len(cost.cells) - 1)
    one = about_cost(replace(cost, machine=machine, estimates=known))
    assert "about **1 h" in one
    assert "1 cell from records of our own. For 359 cells nothing was measured" in one
    assert one.endswith("and rehearsals, not the whole grid.")
    assert "rehearsals" not in about_cost(replace(cost, machine=replace(machine, device="cuda"), estimates=known))
    assert "Nothing was measured here yet" in about_cost(replace(cost, machine=None))


def test_the_table_has_a_row_for_every_network_and_says_what_is_unknown(cost):
    html = cost_table(replace(cost, estimates=[UNKNOWN] * len(cost.cells)))
    assert html.count('<th scope="row">') == 10
    assert html.count(">unknown<") == 20


def test_repeats_are_told_for_none_one_and_many():
    record, again, other = make_record(), make_record(repeat=1), make_record(seed=1)
    assert about_replicates([]) == "We have run no setting by the recipe yet."
    one = about_replicates([record])
    assert one == "We have run 1 setting by the recipe: none with more than one seed, none with repeats of a seed."
    assert "one of them with more than one seed, one of them with repeats" in about_replicates([record, again, other])
    more = [make_record(norm="nd"), make_record(norm="nd", seed=1)]
    assert "2 of them with more than one seed, one of them" in about_replicates([record, again, other, *more])
