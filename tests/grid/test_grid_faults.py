"""The kill experiment, and what the report about it says; `make test` kills two runs, `make test-slow` fifty."""

from __future__ import annotations

import json
import random

import nbformat
import pytest
from kill_experiment import CONFIG, perform
from kill_moments import PHASES, Moment, Place
from papermill.inspection import inspect_notebook

from ndcore.experiment.folders import PROJECT
from ndcore.machine import usable_cores
from ndreport.evidence import faults
from ndreport.evidence.faults import FaultReport, Kill, Phase
from ndreport.pages.power_failure.findings import about_kills, about_phases
from ndreport.pages.power_failure.tables import conditions, kills_table

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


KILL = Kill(
    aimed_at="training", found_in="training", killed_after=4.0, checkpoint=(1, 2), resumed_at=(1, 2), torn_files=0,
    exit_code=0, finished_after=6.5, records=1, record_kept=True, bit_equal=True, left_over=0,
)  # fmt: skip


@pytest.fixture
def made(sample) -> FaultReport:
    """A report made by hand."""
    return sample([KILL, KILL.model_copy(update={"found_in": "start", "checkpoint": None, "resumed_at": (1, 0)})])


@pytest.fixture
def sample():
    from record_factory import make_record  # noqa: PLC0415

    record = make_record()

    def make(kills: list[Kill]) -> FaultReport:
        return FaultReport(
            finished_utc="2026-01-02T03:04:05+00:00", config=CONFIG, checkpoint_seconds=0.0, seed=1,
            undisturbed_seconds=5.0, undisturbed_weights_sha256="ab" * 32, kills=tuple(kills),
            environment=record.environment, code=record.code,
        )  # fmt: skip

    return make


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
    ((found,), problems) = faults.load(tmp_path)
    assert problems == []
    assert found.kills == made.kills
    document = json.loads(path.read_text())
    document["kills"][0]["bit_equal"] = False
    path.write_text(json.dumps(document))
    for name, text in {"torn.json": "{", "other.json": "[]", "newer.json": '{"schema": {"version": 2}}'}.items():
        (tmp_path / "faults" / name).write_text(text)
    found, problems = faults.load(tmp_path)
    assert found == []
    assert {p.file: p.reason.split(" (")[0] for p in problems} == {
        "faults/kills-cpu-20260102.json": "was changed after it was written: its digest does not match its content",
        "faults/newer.json": "has the schema {'version': 2}, this program reads "
        "{'name': 'ndcore.fault-report', 'version': 1}",
        "faults/other.json": "is not a fault report",
        "faults/torn.json": "cannot be read as JSON",
    }


def test_the_sentences_follow_the_report(sample, made):
    good = about_kills([made])
    for part in ("**2 runs**", "**None** lost", "**none** left a second", "all of them", "No record", "Nothing of"):
        assert part in good
    changes = {"records": 2, "bit_equal": False, "torn_files": 3, "left_over": 1, "resumed_at": (1, 0)}
    bad = about_kills([sample([KILL, KILL.model_copy(update=changes)])])
    for part in ("**1** lost work", "**1** left a second", "**1** ended", "3 records and notebooks", "1 file of"):
        assert part in bad
    assert "training or testing (1)" in about_phases([made])
    assert "1 run that had a checkpoint when killed and went on training, 1 took up" in about_phases([made])
    assert "has not been made here yet" in about_kills([])


def test_the_table_counts_by_phase_and_says_where_nothing_fell(made):
    html = kills_table(made)
    assert html.count(">none<") > 6
    assert "2 of 2" in html
    assert "resnet18d" in conditions(made)


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
    found, problems = faults.load(PROJECT / "runs")
    assert problems == []
    assert len(found) >= 1
    assert all(len(report.kills) >= KILLS for report in found)
