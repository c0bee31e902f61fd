"""Being asked to stop: the training finishes its step, writes its checkpoint and leaves.

A request is a signal. SIGTERM, SIGUSR1 and SIGUSR2, which is what schedulers send, only note it, however often they
come. SIGINT (Ctrl-C, and Jupyter's stop button) notes it once and stops at once the second time.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from ndcore.errors import RunInterrupted

Handler = Callable[[int, FrameType | None], None]
SOFT = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that ask for a stop at the next step."""

PR_SET_PDEATHSIG = 1

_request = threading.Event()


def request(number: int = 0, frame: FrameType | None = None) -> None:
    """Note that this process shall stop; also a signal handler."""
    _request.set()


def withdraw() -> None:
    """Forget a request."""
    _request.clear()


def requested() -> bool:
    """Whether this process was asked to stop."""
    return _request.is_set()


def leave_if_requested(what: str) -> None:
    """Go no further if a stop was asked for.

    Raises:
        RunInterrupted: it was.
    """
    if requested():
        raise RunInterrupted(f"{what} was asked to stop; the same command goes on from its last checkpoint")


def signal_with_parent(number: int) -> None:
    """Let the system send this process a signal as soon as the thread that started it is gone (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)


@contextlib.contextmanager
def noting() -> Iterator[None]:
    """While inside, the softer signals are noted instead of ending the process."""
    with _handling(dict.fromkeys(SOFT, request)):
        yield


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """While inside, SIGINT asks for a stop as the softer signals do; a second one is a KeyboardInterrupt.

    Afterwards the request is forgotten: who trains again in the same process means to. Does nothing outside the main
    thread, where Python takes no signals.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        if requested():
            raise KeyboardInterrupt
        request()
        sys.stderr.write("\nstopping after this step; interrupt again to stop at once\n")

    with _handling({signal.SIGINT: interrupt} | dict.fromkeys(SOFT, request)):
        try:
            yield
        finally:
            withdraw()


@contextlib.contextmanager
def _handling(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
