"""Leases: of many who claim one wins, the dead are followed by exactly one, and who lost a lease knows it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ndcore import stopping
from ndcore.errors import RunBusy, RunInterrupted, UserError
from ndcore.experiment import leases
from ndcore.experiment.holders import Holder, process_start
from ndcore.experiment.leases import Watch
from ndcore.grid.state import living_holder
from ndcore.source import PACKAGE

CLAIM = """
import sys, time
from pathlib import Path
from ndcore.errors import RunBusy
from ndcore.experiment import leases
print("ready", flush=True)
sys.stdin.readline()
for round in range(int(sys.argv[2])):
    work = Path(sys.argv[1]) / f"run{round}"
    try:
        lease = leases.claim(work)
        print(round, "won", lease.held, flush=True)
    except RunBusy:
        print(round, "busy", flush=True)
sys.stdin.readline()
"""


def compete(folder: Path, processes: int, rounds: int) -> list[list[str]]:
    """Let processes claim the same leases at the same time; what each says of each round. All are alive at the end."""
    command = [sys.executable, "-c", CLAIM, str(folder), str(rounds)]
    crowd = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(processes)]
    for process in crowd:
        assert process.stdout.readline() == "ready\n"
    for process in crowd:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [[process.stdout.readline() for _ in range(rounds)] for process in crowd]
    for process in crowd:
        process.communicate("\n")
    return said


def stranger(**changes) -> Holder:
    """A holder on another host."""
    return replace(Holder.this_process(), host="elsewhere", place="0000000000", **changes)


def dead_here() -> Holder:
    """A holder on this host whose process has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    start = process_start(process.pid)
    process.wait()
    return replace(Holder.this_process(), pid=process.pid, start=start)


def put(work: Path, holder: Holder) -> Path:
    (work / "lease").mkdir(parents=True)
    file = work / "lease" / holder.name
    file.touch()
    return file


def test_of_many_processes_one_wins_every_lease(tmp_path):
    said = compete(tmp_path, processes=6, rounds=40)
    for lines in zip(*said, strict=True):
        assert sorted(line.split(maxsplit=1)[1] for line in lines) == ["busy\n"] * 5 + ["won True\n"]


def test_of_many_processes_one_follows_every_dead_holder(tmp_path):
    for number in range(40):
        put(tmp_path / f"run{number}", dead_here() if number == 0 else replace(DEAD, nonce=f"{number:08x}"))
    said = compete(tmp_path, processes=6, rounds=40)
    for lines in zip(*said, strict=True):
        assert sorted(line.split(maxsplit=1)[1] for line in lines) == ["busy\n"] * 5 + ["won True\n"]
    for number in range(40):
        assert len(list((tmp_path / f"run{number}" / "lease").iterdir())) == 1


DEAD = replace(Holder.this_process(), pid=2**22 + 1, start=1)
"""No system has a process of that number."""


def test_a_lease_says_who_has_it_and_since_when(tmp_path):
    lease = leases.claim(tmp_path / "run")
    _, holder = leases.current(tmp_path / "run")
    assert holder == Holder.parse(holder.name)
    assert (holder.pid, holder.is_here, holder.is_gone) == (os.getpid(), True, False)
    assert str(holder) == f"process {os.getpid()} on {holder.host}"
    with pytest.raises(RunBusy, match=rf"run is being performed by process {os.getpid()} on .* since \d{{8}}T\d{{6}}Z"):
        leases.claim(tmp_path / "run")
    lease.release()
    assert leases.current(tmp_path / "run") is None
    assert list((tmp_path / "run").iterdir()) == []


def test_a_living_process_of_this_host_keeps_its_lease_whatever_the_clock_says(tmp_path):
    lease = leases.claim(tmp_path / "run")
    for moment in (0, 10**9, 2**32):
        os.utime(lease.path, (moment, moment))
        assert not Watch(lambda: 1e9).is_dead(*leases.current(tmp_path / "run"))


def test_a_process_number_that_was_given_out_again_is_not_the_holder(tmp_path):
    put(tmp_path / "run", replace(Holder.this_process(), start=Holder.this_process().start - 1))
    assert leases.claim(tmp_path / "run").held


def test_the_remains_of_a_process_are_dead():
    process = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 120
    while process_start(process.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)  # it has ended, and nobody has asked for its exit code
    assert process_start(process.pid) is None
    process.wait()


def test_a_holder_elsewhere_is_dead_after_silence_by_the_observers_own_clock(tmp_path):
    now = 1000.0
    watch = Watch(lambda: now)
    file = put(tmp_path / "run", stranger())
    for seconds in (0, 30, leases.STALE_SECONDS - 1):
        now = 1000.0 + seconds
        with pytest.raises(RunBusy):
            leases.claim(tmp_path / "run", watch)
        assert not watch.is_alive(leases.current(tmp_path / "run")[1])
    now = 1000.0 + leases.STALE_SECONDS + 1
    lease = leases.claim(tmp_path / "run", watch)
    assert lease.held
    assert not file.exists()


@pytest.mark.parametrize("shown", [0, 1, 4_000_000_000])
def test_any_change_of_the_file_is_a_sign_of_life_even_if_clocks_jump(tmp_path, shown):
    now = 0.0
    watch = Watch(lambda: now)
    file = put(tmp_path / "run", stranger())
    assert not watch.is_dead(file, leases.current(tmp_path / "run")[1])
    now = leases.STALE_SECONDS - 1
    os.utime(file, (shown, shown))
    assert not watch.is_dead(file, leases.current(tmp_path / "run")[1])
    assert watch.is_alive(leases.current(tmp_path / "run")[1])
    now += leases.STALE_SECONDS - 1
    assert not watch.is_dead(file, leases.current(tmp_path / "run")[1])


def test_patience_ends_with_a_sign_of_life_or_with_its_absence(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(leases, "STALE_SECONDS", 3)  # a busy machine may keep a beat waiting
    file = put(tmp_path / "alive", stranger())
    with leases.kept_alive(leases.Lease(file)), pytest.raises(RunBusy, match="on elsewhere since"):
        leases.claim_patiently(tmp_path / "alive")
    put(tmp_path / "dead", stranger())
    began = time.monotonic()
    assert leases.claim_patiently(tmp_path / "dead").held
    assert time.monotonic() - began > 3


def test_who_lost_a_lease_finds_out_and_leaves_the_new_one_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.02)
    lost = threading.Event()
    old = leases.Lease(put(tmp_path / "run", DEAD))
    with leases.kept_alive(old, lost.set):
        new = leases.claim(tmp_path / "run")
        assert lost.wait(10)
    assert (old.held, new.held) == (False, True)
    with pytest.raises(FileNotFoundError):
        old.beat()
    with pytest.raises(RunBusy, match="run was taken over by another process"):
        old.require_held()
    old.release()
    assert new.held


def test_what_a_killed_claimant_leaves_does_not_block(tmp_path):
    work = tmp_path / "run"
    (work / f"{leases.PREFIX}abc.tmp").mkdir(parents=True)
    (work / f"{leases.PREFIX}abc.tmp" / DEAD.name).touch()
    (work / "lease").mkdir()
    assert leases.claim(work).held


def test_something_else_in_its_place_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "PUZZLED_SECONDS", 0.1)
    (tmp_path / "run" / "lease").mkdir(parents=True)
    (tmp_path / "run" / "lease" / "README").touch()
    for claim in (leases.claim, leases.claim_patiently):
        with pytest.raises(UserError, match="holds something that is no lease: remove it"):
            claim(tmp_path / "run")


def test_who_waits_for_a_holder_can_be_stopped(tmp_path, monkeypatch):
    elsewhere = replace(DEAD, host="elsewhere")
    (tmp_path / "run" / "lease").mkdir(parents=True)
    (tmp_path / "run" / "lease" / elsewhere.name).touch()
    monkeypatch.setattr(stopping, "requested", lambda: True)
    with pytest.raises(RunInterrupted, match="asked to stop"):
        leases.claim_patiently(tmp_path / "run")


def test_a_lease_that_cannot_be_read_is_not_taken_for_dead(tmp_path, monkeypatch):
    lease = leases.claim(tmp_path / "run")

    def stale(*arguments):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(leases.Watch, "is_dead", stale)
    assert living_holder(tmp_path / "run").name == lease.path.name


def test_a_work_folder_that_vanishes_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    """Its last holder removes it between the two looks of `mkdir`."""
    mkdir, failed = Path.mkdir, []

    def vanish(self, *arguments, **options):
        if self.name == "run" and not failed:
            failed.append(self)
            raise FileExistsError(errno.EEXIST, "File exists", str(self))
        return mkdir(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", vanish)
    assert leases.claim(tmp_path / "run").held
    (tmp_path / "file").touch()
    monkeypatch.undo()
    with pytest.raises(FileExistsError):
        leases.claim(tmp_path / "file")


def test_a_kernel_uses_the_lease_of_its_runner_and_no_other(tmp_path, monkeypatch):
    lease = leases.claim(tmp_path / "run")
    monkeypatch.setenv(leases.VARIABLE, str(lease.path))
    assert leases.inherited(tmp_path / "run") == lease
    assert leases.inherited(tmp_path / "other") is None
    assert leases.of_this_process(tmp_path / "run") == lease
    assert leases.of_this_process(tmp_path / "other") is None


def test_nothing_depends_on_file_locks():
    for path in PACKAGE.rglob("*.py"):
        assert "import fcntl" not in path.read_text(), path
