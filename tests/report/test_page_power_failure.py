"""The page of the kill experiment: its sentences and its table follow the report, and say so where there is none."""

from __future__ import annotations

import pytest
from record_factory import KILL, make_faults

from ndreport.evidence.fault_reports import FaultReport
from ndreport.pages.power_failure import about_kills, about_phases, conditions, kills_table


@pytest.fixture
def made() -> FaultReport:
    return make_faults(KILL, KILL.model_copy(update={"found_in": "start", "checkpoint": None, "resumed_at": (1, 0)}))


def test_the_sentences_follow_the_report(made):
    good = about_kills([made])
    for part in ("**2 runs**", "**None** lost", "**none** left a second", "in both runs", "No record", "Nothing of"):
        assert part in good
    changes = {"records": 2, "bit_equal": False, "torn_files": 3, "left_over": 1, "resumed_at": (1, 0)}
    bad = about_kills([make_faults(KILL, KILL.model_copy(update=changes))])
    for part in ("**1** lost work", "**1** left a second", "in 1 of 2 runs", "3 records and notebooks", "1 file of"):
        assert part in bad
    assert "training or testing (1)" in about_phases([made])
    assert "1 run that had a checkpoint when killed and went on training, 1 took up" in about_phases([made])


def test_one_kill_and_none_are_told():
    one = about_kills([make_faults(KILL)])
    assert one.startswith("**1 run** of the real notebook was killed, once and with all its processes.")
    assert "left alone in the one run" in one
    assert "has not been made here yet" in about_kills([])
    assert about_phases([]) == kills_table([]) == conditions([]) == ""


def test_the_table_counts_by_phase_and_says_where_nothing_fell(made):
    html = kills_table([made])
    assert html.count(">none<") > 6
    assert "2 of 2" in html
    assert made.config.arch in conditions([made])
