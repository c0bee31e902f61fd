"""The chain as users drive it: command line and papermill, the real notebook, real training, real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from ndcore.experiment import records
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import NOTEBOOK, PROJECT

pytestmark = pytest.mark.end_to_end

CONFIG = {"arch": "resnet18d", "norm": "bn", "dataset": "digits", "epochs": 2, "batch_size": 360}


def ndcore_run(runs, *more: str, **changes) -> subprocess.CompletedProcess:
    options = [part for k, v in (CONFIG | changes).items() for part in (f"--{k.replace('_', '-')}", str(v))]
    command = [sys.executable, "-m", "ndcore", "run", *options, "--runs", str(runs), *more]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)


def papermill(output, **parameters) -> subprocess.CompletedProcess:
    options = [part for k, v in parameters.items() for part in ("-p", k, str(v))]
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), str(output), "--no-progress-bar", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    return runs, ndcore_run(runs)


def results(record: records.RunRecord) -> tuple:
    return record.model, record.test_correct, [(e.running_train, e.test) for e in record.epochs]


def test_a_run_leaves_one_record_and_its_notebook(done):
    runs, outcome = done
    assert outcome.returncode == 0, outcome.stderr
    (record,), problems = records.scan(runs)
    assert problems == []
    assert f"record: {runs / record.run_id}.json" in outcome.stdout
    assert record.status == "complete"
    assert record.config == RunConfig(**CONFIG)
    assert record.model.parameters == 11_181_642
    assert record.data.train_images + record.data.test_images == 1797
    assert record.correct().mean() * 100 == pytest.approx(record.final_epoch.test_top1)
    assert record.code.command == RunConfig(**CONFIG).command()
    notebook = nbformat.read(runs / "notebooks" / f"{record.run_id}.ipynb", as_version=4)
    text = json.dumps(notebook)
    assert record.digest in text
    assert "\\r" not in text
    assert [list(output.data) for output in notebook.cells[-1].outputs] == [["image/png", "text/plain"]]
    assert not (runs / "work" / record.run_id).exists()


def test_the_record_holds_no_path_of_the_machine(done):
    runs, _ = done
    text = next(runs.glob("*.json")).read_text()
    for part in (str(PROJECT), str(runs), os.path.expanduser("~")):
        assert part not in text


def test_progress_shows_epoch_loss_accuracy_speed_and_time_left(done):
    last = done[1].stderr.replace("\r", "\n").strip().splitlines()[-1]
    for part in ("100%", "loss ", "top-1 ", "images/s", "left"):
        assert part in last, done[1].stderr


def test_data_cost_is_small(done):
    """Under 3 % of a training step where nothing else runs; image by image it would be more than the step itself."""
    record = records.scan(done[0])[0][0]
    assert sum(e.seconds.data for e in record.epochs) < 0.3 * sum(e.seconds.train for e in record.epochs)


def test_the_same_command_again_changes_nothing(done):
    runs, _ = done
    before = {p: p.stat().st_mtime_ns for p in runs.rglob("*") if p.is_file()}
    again = ndcore_run(runs)
    assert again.returncode == 0
    assert "already recorded" in again.stdout
    assert {p: p.stat().st_mtime_ns for p in runs.rglob("*") if p.is_file()} == before


def test_plain_papermill_gives_the_same_result(done, tmp_path):
    outcome = papermill(tmp_path / "out.ipynb", **CONFIG, runs=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    (theirs,), (ours,) = records.scan(tmp_path)[0], records.scan(done[0])[0]
    assert results(theirs) == results(ours)


@pytest.mark.parametrize(("parameter", "message"), [("epoch", "unknown parameter 'epoch'"), ("seed", "seed='false'")])
def test_papermill_with_a_wrong_parameter_runs_nothing(tmp_path, parameter, message):
    outcome = papermill(tmp_path / "out.ipynb", dataset="digits", runs=tmp_path, **{parameter: "false"})
    assert outcome.returncode != 0
    assert message in outcome.stderr
    assert not list(tmp_path.glob("*.json"))


def kill_after_a_checkpoint(runs, threads: str = "auto", **changes) -> None:
    code = (
        "import sys, pathlib; from ndcore.experiment.experiment import Experiment\n"
        "from ndcore.experiment.config import RunConfig\n"
        "config, runs, threads = RunConfig(**eval(sys.argv[1])), pathlib.Path(sys.argv[2]), sys.argv[3]\n"
        "e = Experiment(config, runs=runs, threads=threads, progress=False)\n"
        "e.load_data(); e.build_model(); e.train(checkpoint_seconds=0); print('trained')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, repr(CONFIG | changes), str(runs), threads], cwd=PROJECT)
    deadline = time.monotonic() + 120
    while not list(runs.glob("work/*/checkpoint.pt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(runs.glob("*.json"))


@pytest.mark.slow
def test_killed_with_sigkill_it_goes_on_and_ends_bit_equal(done, tmp_path):
    """Kill the process that trains after its first checkpoint; run the same command; compare with the whole run."""
    kill_after_a_checkpoint(tmp_path)
    outcome = ndcore_run(tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    (resumed,), (whole,) = records.scan(tmp_path)[0], records.scan(done[0])[0]
    assert results(resumed) == results(whole)
    assert len(resumed.sessions) == 2
    assert (resumed.sessions[1].epoch, resumed.sessions[1].step) > (1, 0)


@pytest.mark.slow
def test_with_other_threads_it_says_so_where_it_runs_and_in_its_record(tmp_path):
    small = {"train_images": 64, "batch_size": 32}
    kill_after_a_checkpoint(tmp_path, threads="2", **small)
    outcome = ndcore_run(tmp_path, "--threads", "1", **small)
    assert outcome.returncode == 0, outcome.stderr
    (warning,) = (line for line in outcome.stderr.splitlines() if "RunWarning" in line)
    assert (
        "RunWarning: this run goes on under other conditions than those of its checkpoint: threads 2 → 1; its result"
        in warning
    )
    assert "ipykernel" in warning  # the cell, not a file of the package
    (record,), problems = records.scan(tmp_path)
    assert problems == []
    assert [session.conditions.threads for session in record.sessions] == [2, 1]
    assert record.run_id == RunConfig(**CONFIG | small).run_id
    assert warning.rpartition("RunWarning: ")[2] in (tmp_path / "notebooks" / f"{record.run_id}.ipynb").read_text()


def test_a_run_that_diverges_leaves_a_failure_record_and_exit_code_1(tmp_path):
    outcome = ndcore_run(tmp_path, lr=1e30)
    assert outcome.returncode == 1
    message = outcome.stderr.replace("\r", "\n").splitlines()[-1]
    assert "failed: NonFiniteError" in message
    (record,), problems = records.scan(tmp_path)
    assert problems == []
    assert record.status == "failed"
    assert record.failure.kind == "NonFiniteError"
    assert record.failure.epoch == 1
    assert "_require_finite" in record.failure.traceback
    assert str(PROJECT) not in record.failure.traceback
    assert list((tmp_path / "notebooks").iterdir())
