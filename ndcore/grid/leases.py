"""Who performs a run: a lease in the run's work folder, of which a shared file system knows at most one.

    runs/work/<run_id>/lease/<host>,<place>,<pid>,<start>,<since>,<nonce>

The folder `lease` holds one empty file. Its name says who holds the lease, its modification time is the heartbeat.
Everything that changes the holder is a single rename, which is atomic on every file system that several hosts share,
also on those where `flock` does nothing:

- To claim, a folder with the file in it is prepared and renamed to `lease`. That fails if `lease` is there and holds
  a file; so of several exactly one succeeds.
- To take over from a dead holder, the file is renamed from the name of the dead to that of the taker. The second who
  tries finds the name gone. There is no moment without a holder and none with two.
- A heartbeat, a look and the release all name the file; a holder whose lease was taken finds its name gone.

Whether a holder is dead is decided without comparing clocks of different hosts. On the same host (same boot, same
table of processes): if no process has its number and start time. Elsewhere: if the file has not changed for
`STALE_SECONDS` of the observer's own monotonic clock.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

from ndcore.errors import RunBusy

BEAT_SECONDS = 5.0
STALE_SECONDS = 60.0
"""A holder on another host that shows no sign of life for so long is taken for dead."""
PUZZLED_SECONDS = 5.0
OCCUPIED = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}
PREFIX = ".lease."
VARIABLE = "NDCORE_LEASE"
"""Environment variable of a kernel: the lease that its runner holds."""


@dataclass(frozen=True)
class Holder:
    """A process on a host."""

    host: str
    place: str
    """Digest of the host's boot and of the table of processes: within one place, process numbers mean the same."""
    pid: int
    start: int
    """When the process started, in a unit that only its own place knows."""
    since: str
    """When it took the lease, for people: like 20261124T200500Z."""
    nonce: str

    @property
    def name(self) -> str:
        return ",".join(map(str, (self.host, self.place, self.pid, self.start, self.since, self.nonce)))

    @classmethod
    def parse(cls, name: str) -> Holder | None:
        """None if that is not the name of a lease."""
        try:
            host, place, pid, start, since, nonce = name.split(",")
            return cls(host, place, int(pid), int(start), since, nonce)
        except ValueError:
            return None

    @classmethod
    def this_process(cls) -> Holder:
        """With a new nonce."""
        pid = os.getpid()
        since = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        return cls(*here(), pid, process_start(pid) or 0, since, secrets.token_hex(4))

    @property
    def is_here(self) -> bool:
        return (self.host, self.place) == here()

    @property
    def is_gone(self) -> bool:
        """Of a holder that is here: whether its process has ended."""
        return process_start(self.pid) != self.start

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@cache
def here() -> tuple[str, str]:
    """Name of this host, and the digest of its boot and table of processes."""
    parts = []
    for read in (
        lambda: Path("/proc/sys/kernel/random/boot_id").read_text(),
        lambda: os.readlink("/proc/self/ns/pid"),
    ):
        with contextlib.suppress(OSError):
            parts.append(read())
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "unnamed"
    return host[:100], hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def process_start(pid: int) -> int | None:
    """When a process started; None if there is none, or only its remains.

    On Linux in clock ticks since the boot, which no change of the clock moves.
    """
    try:
        if Path("/proc/self/stat").exists():
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if after_name[0] in "ZX" else int(after_name[19])
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time())
    except (OSError, psutil.Error):
        return None


@dataclass(frozen=True)
class Lease:
    """A lease that this process, or the one that started it, has taken."""

    path: Path

    @property
    def held(self) -> bool:
        """Whether nobody has taken it over."""
        return self.path.exists()

    def require_held(self) -> None:
        """Raises RunBusy if another process has taken it over."""
        if not self.held:
            raise RunBusy(
                f"{self.path.parents[1].name} was taken over by another process, because this one seemed dead: "
                "nothing was written; leave the run to it"
            )

    def beat(self) -> None:
        """Show a sign of life; FileNotFoundError if the lease was taken over."""
        os.utime(self.path)

    def release(self) -> None:
        """Give it back; nothing happens if it was taken over."""
        with contextlib.suppress(OSError):
            self.path.unlink()
            self.path.parent.rmdir()


@dataclass
class Watch:
    """What an observer has seen of leases: the basis for calling a holder on another host dead."""

    clock: Callable[[], float] = time.monotonic
    seen: dict[str, tuple[int, float, bool]] = field(default_factory=dict)
    """By lease: its modification time, since when by `clock`, and whether it ever changed."""

    def is_dead(self, file: Path, holder: Holder) -> bool:
        """Whether the holder is known to be dead by now. FileNotFoundError if the lease is gone."""
        if holder.is_here:
            return holder.is_gone
        with file.open("rb") as opened:  # opening it makes a network file system look at the server
            modified = os.fstat(opened.fileno()).st_mtime_ns
        now = self.clock()
        known = self.seen.get(holder.name)
        if known is None or known[0] != modified:
            self.seen[holder.name] = (modified, now, known is not None)
            return False
        return now - known[1] > STALE_SECONDS

    def is_alive(self, holder: Holder) -> bool:
        """Whether a sign of life has been seen, not only the absence of one."""
        return holder.is_here or self.seen.get(holder.name, (0, 0.0, False))[2]


def current(work: Path) -> tuple[Path, Holder] | None:
    """The lease in a run's work folder and its holder; None if nobody holds one."""
    try:
        names = os.listdir(work / "lease")
    except OSError:
        return None
    found = ((work / "lease" / name, Holder.parse(name)) for name in sorted(names))
    return next(((file, holder) for file, holder in found if holder), None)


def claim(work: Path, watch: Watch | None = None) -> Lease:
    """Take the lease of a run if nobody alive has it.

    Args:
        work: the run's work folder; created if necessary.
        watch: what has been seen of it before.

    Raises:
        RunBusy: somebody has it, or might have it.
    """
    watch = watch or Watch()
    me = Holder.this_process()
    deadline = time.monotonic() + PUZZLED_SECONDS
    while True:
        if _create(work, me):
            return Lease(work / "lease" / me.name)
        found = current(work)
        if found is None:  # it has just been given back
            if time.monotonic() > deadline:
                raise RunBusy(f"{work / 'lease'} holds something that is no lease: remove it")
            with contextlib.suppress(OSError):
                (work / "lease").rmdir()
            continue
        file, holder = found
        with contextlib.suppress(FileNotFoundError):
            if not watch.is_dead(file, holder):
                raise RunBusy(f"{work.name} is being performed by {holder} since {holder.since}")
            os.rename(file, file.with_name(me.name))
            os.utime(file.with_name(me.name))
            return Lease(file.with_name(me.name))


def _create(work: Path, me: Holder) -> bool:
    """Put a lease into place where none is."""
    while True:
        try:
            work.mkdir(parents=True, exist_ok=True)
            prepared = Path(tempfile.mkdtemp(dir=work, prefix=PREFIX, suffix=".tmp"))
            break
        except FileNotFoundError:  # its last holder has just removed the folder
            continue
    try:
        prepared.chmod(0o755)
        (prepared / me.name).touch()
        os.rename(prepared, work / "lease")
        return True
    except OSError as error:
        if error.errno not in OCCUPIED:
            raise
        return False
    finally:
        shutil.rmtree(prepared, ignore_errors=True)


def claim_patiently(work: Path, watch: Watch | None = None) -> Lease:
    """As `claim`; waits until it is known whether a holder on another host is alive.

    Raises:
        RunBusy: it is.
    """
    watch = watch or Watch()
    while True:
        try:
            return claim(work, watch)
        except RunBusy:
            found = current(work)
            if found and watch.is_alive(found[1]):
                raise
        time.sleep(min(1.0, BEAT_SECONDS))


def inherited(work: Path) -> Lease | None:
    """The lease of a run that the process which started this one holds for it, as `NDCORE_LEASE` says."""
    path = os.environ.get(VARIABLE)
    return Lease(Path(path)) if path and Path(path).parent.parent == work.absolute() else None


def of_this_process(work: Path) -> Lease | None:
    """The lease in a work folder, if this process took it earlier."""
    found = current(work)
    if found and found[1].is_here and found[1].pid == os.getpid() and not found[1].is_gone:
        return Lease(found[0])
    return None


@contextlib.contextmanager
def kept_alive(lease: Lease, when_lost: Callable[[], None] = lambda: None) -> Iterator[Lease]:
    """While inside, a thread shows signs of life; calls `when_lost` once if the lease was taken over."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                lease.beat()
            except FileNotFoundError:
                when_lost()
                return
            except OSError:
                continue  # a network file system that does not answer for a moment

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        over.set()
        thread.join()
