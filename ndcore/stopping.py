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
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

from ndcore.errors import RunInterrupted

Action = Callable[[int], object]
SOFT = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that ask for a stop at the next step."""

PR_SET_PDEATHSIG = 1

_request = threading.Event()


def request(number: int = 0) -> None:
    """Note that this process shall stop, whatever signal said so."""
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
def on_signals(stop: Action, at_once: Action, numbers: Iterable[int] = (signal.SIGINT, *SOFT)) -> Iterator[None]:
    """While inside, a signal calls `stop` with its number, and every SIGINT after the first one `at_once`.

    Does nothing outside the main thread, where Python takes no signals.
    """
    interrupts = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        (at_once if interrupts > 1 else stop)(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def noting() -> contextlib.AbstractContextManager[None]:
    """While inside, the softer signals are noted instead of ending the process."""
    return on_signals(request, request, SOFT)


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """While inside, SIGINT asks for a stop as the softer signals do; a second one is a KeyboardInterrupt.

    Afterwards the request is forgotten: who trains again in the same process means to.
    """

    def stop(number: int) -> None:
        request()
        if number == signal.SIGINT:
            sys.stderr.write("\nstopping after this step; interrupt again to stop at once\n")

    def interrupt(number: int) -> None:
        raise KeyboardInterrupt

    with on_signals(stop, interrupt):
        try:
            yield
        finally:
            withdraw()
