"""Real cells in real processes: stopped, killed, failing, out of space, and started many at once."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from grid_helpers import TINY
from kill_experiment import same_result

from ndcore.experiment import leases, records
from ndcore.experiment.config import RunConfig
from ndcore.experiment.execution import Execution, KernelDied
from ndcore.experiment.folders import CHECKPOINT_SECONDS, checkpoint_path, record_path, work_folder
from ndcore.grid import cell_process
from ndcore.training.progress import Progress

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1800)]
"""Seconds on a machine that is free; but tests may share it with others."""

SLOW = pytest.mark.slow
CONFIG = RunConfig(arch="resnet18d", norm="bn", dataset="digits", epochs=4, **TINY)
LONG = CONFIG.model_copy(update={"epochs": 40})


def start(config: RunConfig, runs: Path, *, patch: str = "", **options) -> subprocess.Popen:
    """A cell as the grid starts it. `patch` is code that every process of it executes first."""
    environment = cell_process.environment(threads=1) | {CHECKPOINT_SECONDS: "0"}
    if patch:
        folder = runs.parent / "patch"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(patch)
        environment["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = cell_process.command(config, runs, device="cpu")
    return subprocess.Popen(command, env=environment, stderr=-1, text=True, start_new_session=True, **options)


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """Exit code and last line."""
    text = process.communicate(timeout=500)[1]
    return process.returncode, text.replace("\r", "\n").strip().rpartition("\n")[2]


def wait_for(seen, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def trains(work: Path) -> bool:
    """Whether the run with that work folder has done a step."""
    progress = Progress.read(work)
    return progress is not None and progress.activity != "loading"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> records.RunRecord:
    """The run that was left alone."""
    runs = tmp_path_factory.mktemp("alone") / "runs"
    assert finish(start(CONFIG, runs))[0] == 0
    assert [p.name for p in work_folder(CONFIG, runs).parent.iterdir()] == []
    return records.read_complete(record_path(CONFIG, runs))


SIGNALS = [signal.SIGTERM, *(pytest.param(n, marks=SLOW) for n in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2))]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_after_the_step_with_a_checkpoint_and_nothing_is_lost(number, tmp_path, whole):
    runs = tmp_path / "runs"
    process = start(CONFIG, runs)
    wait_for(lambda: trains(work_folder(CONFIG, runs)))
    process.send_signal(number)
    stopped = f"{CONFIG.run_id} was stopped; the same command goes on from its last checkpoint"
    assert finish(process) == (130, stopped), "code 0: it ended before, give it more epochs"
    assert checkpoint_path(CONFIG, runs).exists()
    assert leases.current(work_folder(CONFIG, runs)) is None
    assert records.scan(runs) == ([], [])
    assert not (runs / "notebooks").exists()
    assert finish(start(CONFIG, runs))[0] == 0
    record = records.read_complete(record_path(CONFIG, runs))
    assert same_result(record, whole)
    assert (1, 0) < (record.sessions[-1].epoch, record.sessions[-1].step) <= (CONFIG.epochs, 2)
    assert not work_folder(CONFIG, runs).exists()


def test_a_second_interrupt_stops_at_once_and_keeps_what_was_checkpointed(tmp_path):
    runs = tmp_path / "runs"
    process = start(LONG, runs, patch=SLOW_TEST)
    wait_for(checkpoint_path(LONG, runs).exists)
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == 130
    assert time.monotonic() - before < 300
    assert checkpoint_path(LONG, runs).exists()
    assert leases.current(work_folder(LONG, runs)) is None


SLOW_TEST = """
import sys
if "ndcore.experiment.kernel" in " ".join(sys.orig_argv):
    import time
    from ndcore.training import trainer
    test = trainer._Training._test
    trainer._Training._test = lambda *arguments: (time.sleep(600), test(*arguments))[1]
"""
"""A pass over the test set that nothing interrupts for ten minutes."""


def kernel_of(process: subprocess.Popen) -> psutil.Process:
    children = psutil.Process(process.pid).children(recursive=True)
    (kernel,) = [child for child in children if "ndcore.experiment.kernel" in child.cmdline()]
    return kernel


def test_a_kernel_that_is_killed_leaves_a_failure_record_and_the_checkpoint(tmp_path):
    runs = tmp_path / "runs"
    process = start(LONG, runs)
    wait_for(checkpoint_path(LONG, runs).exists)
    kernel_of(process).kill()
    code, message = finish(process)
    assert code == 1
    assert "failed: KernelDied: the kernel was killed, or the machine had no memory left" in message
    ((record,), problems) = records.scan(runs)
    assert (record.status, record.failure.kind, problems) == ("failed", "KernelDied", [])
    assert record.failure.epoch >= 1
    assert record.peak_memory_bytes > 100 * 2**20
    assert checkpoint_path(LONG, runs).exists()
    assert nbformat.read(runs / "notebooks" / f"{LONG.run_id}.failed-1.ipynb", as_version=4).cells


def test_a_kernel_never_outlives_its_runner(tmp_path):
    process = start(LONG, tmp_path / "runs")
    wait_for(checkpoint_path(LONG, tmp_path / "runs").exists)
    kernel = kernel_of(process)
    process.kill()
    process.communicate()
    kernel.wait(10)
    assert not kernel.is_running()


BOOM = "import sys\nif 'ndcore.experiment.kernel' in ' '.join(sys.orig_argv):\n"


@pytest.mark.parametrize(
    ("patch", "kind", "message"),
    [
        ("    from ndcore import data\n    def load(*a, **k): raise RuntimeError('boom')\n    data.load = load\n",
         "RuntimeError", "boom"),
        ("    from ndcore.training import trainer\n    import torch\n"
         "    def _step(*a): raise torch.OutOfMemoryError('CUDA out of memory')\n"
         "    trainer._Training._step = _step\n",
         "OutOfMemoryError", "CUDA out of memory"),
    ],
)  # fmt: skip
def test_a_failure_leaves_its_record_with_the_traceback_and_its_notebook(tmp_path, patch, kind, message):
    runs = tmp_path / "runs"
    code, line = finish(start(CONFIG, runs, patch=BOOM + patch))
    assert code == 1
    assert f"failed: {kind}: {message}" in line
    ((record,), problems) = records.scan(runs)
    assert (record.status, problems) == ("failed", [])
    assert (record.failure.kind, record.failure.message) == (kind, message)
    assert message in record.failure.traceback
    assert str(tmp_path) not in record.to_json()
    assert "\x1b" not in record.failure.traceback
    notebook = nbformat.read(runs / "notebooks" / f"{CONFIG.run_id}.failed-1.ipynb", as_version=4)
    assert message in json.dumps(notebook)
    assert leases.current(work_folder(CONFIG, runs)) is None


@SLOW
def test_a_run_is_done_once_its_record_is_there_whatever_becomes_of_the_figures(tmp_path, whole):
    runs = tmp_path / "runs"
    patch = (
        "    from matplotlib import pyplot\n    def subplots(*a, **k): raise OSError('no font')\n"
        "    pyplot.subplots = subplots\n"
    )
    assert finish(start(CONFIG, runs, patch=BOOM + patch))[0] == 0
    ((record,), problems) = records.scan(runs)
    assert problems == []
    assert same_result(record, whole)
    assert "no font" in (runs / "notebooks" / f"{CONFIG.run_id}.ipynb").read_text()


def test_a_checkpoint_that_cannot_be_written_is_said_in_one_line(tmp_path):
    """A limit on the size of files stands for a full disk."""
    runs = tmp_path / "runs"
    limit = 2**20
    process = start(CONFIG, runs, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    code, message = finish(process)
    assert code == 2
    assert f"{CONFIG.run_id} stopped, its checkpoint could not be saved: file too large" in message
    assert records.scan(runs) == ([], [])


def test_a_lost_lease_stops_before_the_record(tmp_path):
    """Somebody on another host has taken this process for dead."""
    runs = tmp_path / "runs"
    process = start(CONFIG, runs)
    work = work_folder(CONFIG, runs)
    wait_for(lambda: trains(work))
    file, holder = leases.current(work)
    os.rename(file, file.with_name(holder.name.replace(holder.host, "elsewhere")))
    code, message = finish(process)
    assert code == 3
    assert "was taken over by another process" in message
    assert records.scan(runs) == ([], [])
    assert leases.current(work)[1].host == "elsewhere"


@SLOW
def test_a_checkpoint_that_is_gone_or_damaged_costs_only_itself(tmp_path, whole):
    deleted, truncated = tmp_path / "deleted", tmp_path / "truncated"
    process = start(CONFIG, deleted)
    wait_for(checkpoint_path(CONFIG, deleted).exists)
    process.send_signal(signal.SIGUSR1)
    assert finish(process)[0] == 130
    shutil.copytree(deleted, truncated)
    path = checkpoint_path(CONFIG, truncated)
    path.write_bytes(path.read_bytes()[:-1000])
    checkpoint_path(CONFIG, deleted).unlink()
    for process in [start(CONFIG, runs) for runs in (deleted, truncated)]:
        assert finish(process)[0] == 0
    for runs in (deleted, truncated):
        assert same_result(records.read_complete(record_path(CONFIG, runs)), whole)


def small_notebook(folder: Path) -> Path:
    path = folder / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")]), path)
    return path


@SLOW
def test_kernels_that_start_at_once_all_come_up(tmp_path):
    notebook = small_notebook(tmp_path)
    code = (
        "import sys, os; from pathlib import Path; from ndcore.experiment.execution import Execution\n"
        "e = Execution(Path(sys.argv[1]), {}, dict(os.environ)); e.run(); print(e.executed.cells[-1].outputs[0].data)"
    )

    def one(_: int) -> str:
        done = subprocess.run([sys.executable, "-c", code, str(notebook)], capture_output=True, text=True, check=False)
        return done.stdout or done.stderr

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == ["{'text/plain': '2'}\n"] * 8


def test_a_kernel_that_does_not_come_up_is_started_again(tmp_path):
    patch = tmp_path / "patch"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(
        "import os, sys\nfrom pathlib import Path\n"
        f"count = Path({str(tmp_path / 'starts')!r})\n"
        "if 'ndcore.experiment.kernel' in ' '.join(sys.orig_argv):\n"
        "    with count.open('a') as file: file.write('x')\n"
        "    if len(count.read_text()) < int(os.environ['GOOD_START']): os._exit(7)\n"
    )
    path = os.pathsep.join([str(patch), *filter(None, [os.environ.get("PYTHONPATH")])])
    execution = Execution(small_notebook(tmp_path), {}, os.environ | {"PYTHONPATH": path, "GOOD_START": "3"})
    execution.run()
    assert execution.executed.cells[-1].outputs[0].data == {"text/plain": "2"}
    assert (tmp_path / "starts").read_text() == "xxx"
    hopeless = Execution(small_notebook(tmp_path), {}, os.environ | {"PYTHONPATH": path, "GOOD_START": "99"})
    with pytest.raises(KernelDied, match="did not start in 3 attempts"):
        hopeless.run()


def ndcore_grid_run(runs: Path, *more: str) -> subprocess.Popen:
    selection = "--dataset digits --arch resnet18d --norm bn --epochs 4 --seeds 0-3 --workers 2 --checkpoint-seconds 0"
    changes = [f"{name}={value}" for name, value in TINY.items()]
    command = [sys.executable, "-m", "ndcore", "grid", "run", *selection.split(), "--set", *changes]
    return subprocess.Popen([*command, "--runs", str(runs), *more], stderr=-1, text=True)


@SLOW
def test_a_grid_that_is_interrupted_goes_on_where_it_was(tmp_path, whole):
    """And a file in the place of a record is said, is a failure of the pass, and stops nothing."""
    runs = tmp_path / "runs"
    first = ndcore_grid_run(runs)
    wait_for(lambda: sum(map(trains, runs.glob("work/*"))) == 2)
    first.send_signal(signal.SIGINT)
    text = first.communicate(timeout=300)[1]
    assert first.returncode == 130, text
    assert "stopping: every cell finishes its step" in text
    assert "interrupted; the same command goes on from the last checkpoints" in text
    found = len(records.scan(runs)[0])
    assert len(list(runs.glob("work/*/checkpoint.pt"))) + found == 2
    seed3 = CONFIG.model_copy(update={"seed": 3})
    record_path(seed3, runs).write_text("torn")
    second = ndcore_grid_run(runs)
    text = second.communicate(timeout=500)[1]
    assert second.returncode == 1, text
    assert "3 done, 1 refused" in text or f"{3 - found} done, 1 refused" in text
    assert "move it away" in text
    finished, problems = records.scan(runs)
    assert [r.config.seed for r in finished] == [0, 1, 2]
    assert [p.file for p in problems] == [f"{seed3.run_id}.json"]
    assert same_result(finished[0], whole)


def test_cells_do_not_outlive_a_scheduler_that_is_killed(tmp_path):
    runs = tmp_path / "runs"
    process = ndcore_grid_run(runs, "--workers", "1", "--epochs", "40")
    wait_for(lambda: any(map(trains, runs.glob("work/*"))))
    (cell_alone,) = [p for p in psutil.Process(process.pid).children() if "ndcore.grid.cell_process" in p.cmdline()]
    process.kill()
    process.communicate()
    cell_alone.wait(60)
    assert len(list(runs.glob("work/*/checkpoint.pt"))) == 1
    assert records.scan(runs) == ([], [])


def test_a_grid_with_nothing_that_can_be_done_says_why(tmp_path):
    command = [sys.executable, "-m", "ndcore", "grid", "run", "--table", "4", "--runs", "/proc/ndcore"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "ndcore grid: " in done.stderr
