"""The kill experiment, and what the report about it says; `make test` kills two runs, `make test-slow` fifty."""

from __future__ import annotations

import json
import random

import nbformat
import pytest
from kill_experiment import CONFIG, perform
from kill_moments import PHASES, Moment, Place
from papermill.inspection import inspect_notebook
from record_factory import KILL, make_faults

from ndcore.experiment.folders import PROJECT
from ndcore.machine import usable_cores
from ndreport.evidence import fault_reports
from ndreport.evidence.fault_reports import FaultReport, Phase

NOTEBOOK = PROJECT / "notebooks" / "power-failure.ipynb"
KILLS = 50
FEW: tuple[Phase, ...] = ("training", "checkpoint")
"""Phases of the kills of the short experiment, one each: they have something to lose."""


@pytest.fixture(scope="module")
def report(request) -> FaultReport:
    """Of so many kills, in every phase if they are enough."""
    phases = FEW if request.param == len(FEW) else PHASES
    return perform(request.param, seed=random.randrange(2**31), workers=usable_cores(), phases=phases)


@pytest.mark.end_to_end
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("report", [len(FEW), pytest.param(KILLS, marks=pytest.mark.slow)], indirect=True)
def test_runs_killed_at_random_lose_nothing_and_double_nothing(report, request):
    wrong = [k for k in report.kills if k.lost or k.duplicated or not k.bit_equal or k.torn_files or k.left_over]
    assert (wrong, report.seed) == ([], report.seed)
    assert len(report.kills) == request.node.callspec.params["report"]


@pytest.mark.slow
@pytest.mark.end_to_end
@pytest.mark.parametrize("report", [KILLS], indirect=True)
def test_the_kills_fall_into_the_phases_of_a_run(report):
    """Most of the phases are met, whatever the moments; the shortest ones may be missed."""
    found = {kill.found_in for kill in report.kills}
    assert {"start", "kernel", "data", "training", "checkpoint", "notebook"} <= found, found
    assert {kill.aimed_at for kill in report.kills} == set(PHASES)
    assert all(kill.checkpoint == kill.resumed_at for kill in report.kills if kill.checkpoint and kill.resumed_at)


@pytest.fixture
def made() -> FaultReport:
    """A report made by hand."""
    return make_faults(KILL, KILL.model_copy(update={"found_in": "start", "checkpoint": None, "resumed_at": (1, 0)}))


@pytest.mark.parametrize(
    ("change", "lost", "duplicated"),
    [
        ({}, False, False),
        ({"resumed_at": (1, 1)}, True, False),
        ({"resumed_at": (2, 0)}, False, False),
        ({"checkpoint": None, "resumed_at": (1, 0)}, False, False),
        ({"records": 0}, True, False),
        ({"exit_code": 1}, True, False),
        ({"records": 2}, False, True),
        ({"record_kept": False}, False, True),
    ],
)
def test_what_counts_as_lost_and_as_duplicated(change, lost, duplicated):
    kill = KILL.model_copy(update=change)
    assert (kill.lost, kill.duplicated) == (lost, duplicated)


def test_a_report_comes_back_and_a_changed_one_is_named(tmp_path, made):
    path = made.write(tmp_path / "faults")
    assert path.name == "kills-cpu-20260102.json"
    ((found,), problems) = fault_reports.load(tmp_path)
    assert problems == []
    assert found.kills == made.kills
    document = json.loads(path.read_text())
    document["kills"][0]["bit_equal"] = False
    path.write_text(json.dumps(document))
    for name, text in {"torn.json": "{", "other.json": "[]", "newer.json": '{"schema": {"version": 2}}'}.items():
        (tmp_path / "faults" / name).write_text(text)
    found, problems = fault_reports.load(tmp_path)
    assert found == []
    assert {p.file: p.reason.split(" (")[0] for p in problems} == {
        "faults/kills-cpu-20260102.json": "was changed after it was written: its digest does not match its content",
        "faults/newer.json": "has the schema {'version': 2}, this program reads "
        "{'name': 'ndcore.fault-report', 'version': 1}",
        "faults/other.json": "is not a fault report",
        "faults/torn.json": "cannot be read as JSON",
    }


def test_the_moments_depend_on_the_seed_alone():
    def draws(seed: int) -> list[float]:
        generator = random.Random(seed)
        return [Moment.draw(phase, 8.0, generator).delay for phase in PHASES]

    assert draws(3) == draws(3) != draws(4)


def test_the_phase_is_read_from_the_files(tmp_path):
    place = Place(CONFIG, tmp_path / "runs")
    assert place.phase() == "start"
    work = tmp_path / "runs" / "work" / CONFIG.run_id
    for path, phase in (
        (work / "lease" / "x", "kernel"),
        (work / "progress.json", "data"),
        (work / "checkpoint.pt", "training"),
        (work / ".checkpoint.pt.abc.tmp", "checkpoint"),
        (tmp_path / "runs" / f".{CONFIG.run_id}.json.abc.tmp", "record"),
        (tmp_path / "runs" / f"{CONFIG.run_id}.json", "notebook"),
        (tmp_path / "runs" / "notebooks" / f"{CONFIG.run_id}.ipynb", "finished"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        assert place.phase() == phase


def test_the_notebook_is_stripped_and_offers_its_parameters():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in code)
    assert {n: eval(p["default"]) for n, p in inspect_notebook(str(NOTEBOOK)).items()} == {
        "kills": 50, "seed": 0, "workers": 2, "runs": None,
    }  # fmt: skip


def test_the_committed_experiment_is_whole():
    found, problems = fault_reports.load(PROJECT / "runs")
    assert problems == []
    assert len(found) >= 1
    assert all(len(report.kills) >= KILLS for report in found)
