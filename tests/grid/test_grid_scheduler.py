"""Every cell exactly once: many workers, several schedulers, holders that die, cells that fail."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from grid_helpers import FakePerformer, cells
from record_factory import make_record

from ndcore import cli, machine
from ndcore.experiment import leases, records
from ndcore.experiment.holders import Holder
from ndcore.grid import cell_process, scheduler
from ndcore.grid.local import perform
from ndcore.grid.scheduler import Ending, Result, Scheduler, failed
from ndcore.grid.workers import ENDINGS, cells_at_once

HERE = Path(__file__).parent
OTHER = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[3], sys.argv[4]]
from grid_helpers import FakePerformer, cells
from ndcore.grid.scheduler import Scheduler
runs, number = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
schedule = Scheduler(cells(number), runs, FakePerformer(runs, runs / "begun.log"), workers=4)
schedule.start()
while not schedule.wait(1): pass
print(len(schedule.results), schedule.elsewhere, flush=True)
"""


def run(schedule: Scheduler, seconds: float = 60) -> Scheduler:
    schedule.start()
    assert schedule.wait(seconds)
    return schedule


def begun(runs: Path) -> Counter:
    return Counter(line.split()[0] for line in (runs / "begun.log").read_text().splitlines())


def test_eight_workers_perform_two_hundred_cells_once_each(tmp_path):
    chosen = cells(200)
    schedule = run(Scheduler(chosen, tmp_path, FakePerformer(tmp_path, tmp_path / "begun.log"), workers=8))
    assert begun(tmp_path) == Counter(cell.run_id for cell in chosen)
    assert [r.ending for r in schedule.results] == [Ending.DONE] * 200
    found, problems = records.scan(tmp_path)
    assert (len(found), problems) == (200, [])
    assert list((tmp_path / "work").glob("*/*")) == []


def test_two_schedulers_on_one_folder_share_the_cells(tmp_path):
    chosen = cells(120)
    command = [sys.executable, "-c", OTHER, str(tmp_path), "120", str(HERE), str(HERE.parent / "report")]
    others = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(3)]
    for other in others:
        assert other.stdout.readline() == "ready\n"
    for other in others:
        other.stdin.write("\n")
        other.stdin.flush()
    counts = [tuple(map(int, other.communicate()[0].split())) for other in others]
    assert begun(tmp_path) == Counter(cell.run_id for cell in chosen)
    assert all(done + elsewhere == 120 for done, elsewhere in counts)
    assert len(records.scan(tmp_path)[0]) == 120


def test_what_somebody_else_performs_is_waited_for_and_not_performed(tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "LOOK_AGAIN_SECONDS", 0.02)
    chosen = cells(3)
    lease = leases.claim(tmp_path / "work" / chosen[0].run_id)
    schedule = Scheduler(chosen, tmp_path, FakePerformer(tmp_path, tmp_path / "begun.log"))
    schedule.start()
    assert not schedule.wait(0.5)
    assert schedule.set_aside == [chosen[0]]
    make_record(**chosen[0].config.options()).write(tmp_path)
    lease.release()
    assert schedule.wait(10)
    assert (schedule.elsewhere, len(schedule.results)) == (1, 2)
    assert chosen[0].run_id not in begun(tmp_path)


def test_the_cell_of_a_dead_holder_is_taken_over(tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "LOOK_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(leases, "STALE_SECONDS", 0.3)
    here, there = cells(2)
    ghost = replace(Holder.this_process(), pid=2**22 + 1)
    for cell, holder in ((here, ghost), (there, replace(ghost, host="elsewhere", place="0"))):
        (tmp_path / "work" / cell.run_id / "lease").mkdir(parents=True)
        (tmp_path / "work" / cell.run_id / "lease" / holder.name).touch()
    performer = FakePerformer(tmp_path, tmp_path / "begun.log")
    schedule = Scheduler([here, there], tmp_path, performer)
    claim = leases.claim
    # a real cell watches for itself; the fake one uses what the scheduler has seen
    monkeypatch.setattr(leases, "claim", lambda work, watch=None: claim(work, watch or schedule.watch))
    run(schedule)
    assert begun(tmp_path) == Counter([here.run_id, there.run_id])


def test_cells_that_fail_or_lie_in_the_way_do_not_stop_the_others(tmp_path):
    chosen = cells(20)
    (tmp_path / f"{chosen[5].run_id}.json").write_text("torn")
    performer = FakePerformer(tmp_path, tmp_path / "begun.log", failing=[3, 4])
    seen: list[Result] = []
    schedule = run(Scheduler(chosen, tmp_path, performer, workers=3, report=seen.append))
    assert Counter(r.ending for r in schedule.results) == {Ending.DONE: 18, Ending.FAILED: 2}
    assert sorted(r.cell.seed for r in failed(schedule.results)) == [3, 4]
    assert len(seen) == 20
    assert len(list(tmp_path.glob("*.failed-1.json"))) == 2


def test_the_exit_code_says_how_many_failed(tmp_path, capsys):
    performer = FakePerformer(tmp_path, tmp_path / "begun.log", failing=range(3))
    refused = [Result(cells(12)[11], Ending.REFUSED, "no data")]
    assert perform(cells(10), tmp_path, performer, workers=2, refused=refused) == 4
    text = capsys.readouterr().err
    assert "7 done, 3 failed, 1 refused" in text
    assert "refused: no data" in text
    assert perform(cells(10), tmp_path, performer) == 3  # the failed ones were asked for again
    assert perform(cells(10)[3:], tmp_path, performer) == 0
    many = FakePerformer(tmp_path / "many", tmp_path / "many.log", seconds=0, failing=range(200))
    assert perform(cells(200), tmp_path / "many", many, workers=8) == 125


def test_stop_begins_nothing_more(tmp_path):
    enough, taken = threading.Event(), []

    class Noting(FakePerformer):
        def perform(self, cell, slot):
            taken.append(cell)
            if len(taken) == 4:
                enough.set()
            return super().perform(cell, slot)

    performer = Noting(tmp_path, tmp_path / "begun.log", seconds=0.1)
    schedule = Scheduler(cells(100), tmp_path, performer, workers=2)
    schedule.start()
    assert enough.wait(60)
    schedule.stop()
    assert schedule.wait(60)
    assert performer.stopped
    assert len(begun(tmp_path)) < 100


def test_time_is_up(tmp_path, capsys):
    performer = FakePerformer(tmp_path, tmp_path / "begun.log", seconds=0.2)
    assert perform(cells(100), tmp_path, performer, hours=0.5 / 3600) == 0
    text = capsys.readouterr().err
    assert "time is up" in text
    assert "not begun" in text


class Broken:
    """A performer with a mistake of its own."""

    def perform(self, cell, slot):
        raise ZeroDivisionError("mistake")

    def stop(self): ...

    def kill(self): ...


def test_a_mistake_of_ours_is_an_error_and_not_silence(tmp_path):
    schedule = Scheduler(cells(3), tmp_path, Broken())
    schedule.start()
    with pytest.raises(ZeroDivisionError):
        schedule.wait(60)


@pytest.mark.parametrize(
    ("workers", "gpus", "cores", "expected"),
    [
        (None, [], 8, (1, 8)),
        (3, [], 8, (3, 2)),
        (None, ["0", "1"], 16, (2, 8)),
        (9, [], 2, (9, 1)),
        (4, ["0"], 8, (4, 2)),
    ],
)
def test_cores_are_divided_among_workers_and_gpus_decide_their_number(workers, gpus, cores, expected):
    assert cells_at_once(workers, gpus, cores) == expected


def test_each_worker_gets_its_gpu_and_its_share_of_threads(tmp_path, monkeypatch):
    """The environment that the process of a cell sees, from a process that says it."""
    from ndcore.grid import cell_process  # noqa: PLC0415
    from ndcore.grid.workers import LocalWorkers  # noqa: PLC0415

    say = "import json, os, sys; print(json.dumps({k: os.environ.get(k) for k in sys.argv[1:]})); sys.exit(2)"
    names = ["CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"]
    monkeypatch.setattr(cell_process, "command", lambda *_: [sys.executable, "-c", say, *names])
    workers = LocalWorkers(tmp_path, threads=3, gpus=["4", "7"])
    seen = [json.loads(workers.perform(cells(1)[0], slot).message) for slot in range(3)]
    assert [s["CUDA_VISIBLE_DEVICES"] for s in seen] == ["4", "7", "4"]
    assert {s["OMP_NUM_THREADS"] for s in seen} == {"3"}


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("0", Ending.DONE),
        ("1", Ending.FAILED),
        ("2", Ending.REFUSED),
        ("3", Ending.BUSY),
        ("130", Ending.INTERRUPTED),
        ("os.kill(os.getpid(), 9)", Ending.KILLED),
    ],
)
def test_how_a_process_ended_is_how_its_cell_ended(tmp_path, monkeypatch, code, ending):
    from ndcore.grid import cell_process  # noqa: PLC0415
    from ndcore.grid.workers import LocalWorkers  # noqa: PLC0415

    program = (
        f"import os, sys; sys.stderr.write('first\\nprogress\\rlast line\\n'); sys.stderr.flush(); sys.exit({code})"
    )
    monkeypatch.setattr(cell_process, "command", lambda *_: [sys.executable, "-c", program])
    result = LocalWorkers(tmp_path).perform(cells(1)[0], 0)
    assert result.ending == ending
    assert result.message == ("killed by signal 9" if ending == Ending.KILLED else "last line")


def test_threads_of_one_process_claim_as_processes_do(tmp_path):
    barrier, won = threading.Barrier(8), []

    def claim() -> None:
        barrier.wait()
        try:
            won.append(leases.claim(tmp_path / "run"))
        except leases.RunBusy:
            return

    crowd = [threading.Thread(target=claim) for _ in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert len(won) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--workers", "0"], "--workers 0: at least 1 is needed"),
        (["run", "--max-hours", "-1"], "--max-hours -1.0: more than 0 is needed"),
        (["run", "--gpus", "7"], "--gpus 7: this machine has no GPU"),
        (["run", "--checkpoint-seconds", "-1"], "--checkpoint-seconds -1.0: at least 0 is needed"),
        (["run", "--order", "fast"], "unknown order 'fast'"),
        (["submit", "--cpus-per-cell", "0", "--script", "-"], "a Slurm task with cpus 0: at least 1 is needed"),
        (["plan", "--seeds", "a"], "--seeds 'a': expected numbers like"),
        (["plan", "--table", "8"], "unknown table '8'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.setattr(machine, "gpus", dict)
    action, *rest = arguments
    assert cli.main(["grid", action, "--dataset", "digits", "--epochs", "1", "--runs", str(tmp_path), *rest]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_do_is_said(tmp_path, capsys):
    (cell,) = cells(1)
    make_record(**cell.config.options()).write(tmp_path)
    arguments = ["grid", "run", "--dataset", "digits", "--arch", "resnet18d", "--norm", "bn", "--epochs", "1"]
    assert cli.main([*arguments, "--runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"nothing to do: none of 1 cells in {tmp_path} is missing\n"
    (tmp_path / f"{cell.run_id}.json").write_text("torn")
    assert cli.main([*arguments, "--runs", str(tmp_path)]) == 1
    assert "move it away to perform this run" in capsys.readouterr().err
    make_record(failed=True, **cell.config.options()).write(tmp_path)
    (tmp_path / f"{cell.run_id}.json").unlink()
    assert cli.main([*arguments, "--runs", str(tmp_path)]) == 0
    assert "failed before; --retry-failed performs it again" in capsys.readouterr().err


def test_what_was_killed_after_its_record_is_cleared_up_by_the_next_call(tmp_path):
    """Only if nobody alive holds its lease."""
    from ndcore.experiment.runner import run  # noqa: PLC0415

    (cell,) = cells(1)
    make_record(**cell.config.options()).write(tmp_path)
    work = tmp_path / "work" / cell.run_id
    lease = leases.claim(work)
    for name in ("checkpoint.pt", "progress.json", ".checkpoint.pt.abc.tmp"):
        (work / name).touch()
    assert not run(cell.config, runs=tmp_path).performed
    assert (work / "checkpoint.pt").exists()
    lease.release()
    assert not run(cell.config, runs=tmp_path).performed
    assert not work.exists()


def test_what_failed_elsewhere_is_not_repeated(tmp_path):
    """Failed attempts from before the pass, which were asked for again, do not count."""
    first, second, third = cells(3)
    for cell in (first, third):
        make_record(failed=True, **cell.config.options()).write(tmp_path)
    reported = []
    schedule = Scheduler(
        [first, second, third], tmp_path, FakePerformer(tmp_path, tmp_path / "begun.log"), report=reported.append
    )
    for cell in (second, third):
        make_record(failed=True, **cell.config.options()).write(tmp_path)  # by another scheduler, meanwhile
    run(schedule)
    assert begun(tmp_path) == Counter([first.run_id])
    endings = {result.cell.seed: result.ending for result in schedule.results}
    assert endings == {0: Ending.DONE, 1: Ending.FAILED, 2: Ending.FAILED}
    assert sorted(result.cell.seed for result in reported) == [0, 1, 2]


def test_a_cell_that_cannot_be_started_does_not_stop_the_others(tmp_path):
    class Broken(FakePerformer):
        def perform(self, cell, slot):
            if cell.seed == 1:
                raise OSError(errno.EMFILE, "Too many open files")
            return super().perform(cell, slot)

    schedule = run(Scheduler(cells(3), tmp_path, Broken(tmp_path, tmp_path / "begun.log")))
    endings = {result.cell.seed: result.ending for result in schedule.results}
    assert endings == {0: Ending.DONE, 1: Ending.REFUSED, 2: Ending.DONE}
    assert "could not be started: too many open files" in schedule.results[1].message


@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_closes_stops_the_grid_unless_that_is_ignored(tmp_path, ignored):
    class Closing(FakePerformer):
        def perform(self, cell, slot):
            if cell.seed == 1:
                os.kill(os.getpid(), signal.SIGHUP)
            return super().perform(cell, slot)

    performer = Closing(tmp_path, tmp_path / "begun.log", seconds=0.3)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        code = perform(cells(6), tmp_path, performer)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (code, performer.stopped) == ((0, False) if ignored else (130, True))


def test_an_error_that_nobody_foresaw_is_no_failure_record(monkeypatch, capsys):
    def broken(*arguments, **options):
        raise RuntimeError("no such thing")

    monkeypatch.setattr("ndcore.experiment.runner.run", broken)
    (cell,) = cells(1)
    code = cell_process.perform(json.loads(cell_process.command(cell.config, Path("runs"))[-1]))
    assert ENDINGS.get(code, Ending.REFUSED) == Ending.REFUSED
    assert capsys.readouterr().err.strip().endswith("RuntimeError: no such thing")
