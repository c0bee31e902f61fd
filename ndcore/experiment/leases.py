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
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ndcore import stopping
from ndcore.errors import RunBusy, UserError
from ndcore.experiment.holders import Holder

BEAT_SECONDS = 5.0
STALE_SECONDS = 60.0
"""A holder on another host is taken for dead after this time without a sign of life."""
PUZZLED_SECONDS = 5.0
OCCUPIED = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}
PREFIX = ".lease."
VARIABLE = "NDCORE_LEASE"
"""Environment variable of a kernel: the lease that its runner holds."""


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
        with os.scandir(work / "lease") as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return None
    found = ((work / "lease" / name, Holder.parse(name)) for name in names)
    return next(((file, holder) for file, holder in found if holder), None)


def claim(work: Path, watch: Watch | None = None) -> Lease:
    """Take the lease of a run if nobody alive has it.

    Args:
        work: the run's work folder; created if necessary.
        watch: what has been seen of it before.

    Raises:
        RunBusy: somebody has it, or might have it.
        UserError: something else is in its place.
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
                raise UserError(f"{work / 'lease'} holds something that is no lease: remove it")
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
        except (FileNotFoundError, FileExistsError):  # its last holder has just removed the folder
            if work.exists() and not work.is_dir():
                raise
            if any(place.is_symlink() and not place.exists() for place in (work, work.parent)):
                raise
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
        RunInterrupted: a stop was asked for meanwhile.
        UserError: something that is no lease is in its place.
    """
    watch = watch or Watch()
    while True:
        try:
            return claim(work, watch)
        except RunBusy:
            found = current(work)
            if found and watch.is_alive(found[1]):
                raise
        stopping.leave_if_requested(work.name)
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
