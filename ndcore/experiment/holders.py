"""Processes as holders of leases: which host, which process, and whether it still runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil


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
        if not name.isprintable():
            return None
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
    for read in (lambda: Path("/proc/sys/kernel/random/boot_id").read_text(), lambda: os.readlink("/proc/self/ns/pid")):
        with contextlib.suppress(OSError):
            parts.append(read())
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "unnamed"
    return host[:100], hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def process_start(pid: int) -> int | None:
    """When a process started; None if it has ended, also if its parent has not noticed yet.

    On Linux in clock ticks since the boot, which no change of the clock moves.
    """
    try:
        if Path("/proc/self/stat").exists():
            after_name = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
            return None if after_name[0] in "ZX" else int(after_name[19])
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time())
    except (OSError, psutil.Error):
        return None
