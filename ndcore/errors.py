"""Errors that a user can act on. The command line prints them as one line and exits with their code."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

LONGEST_SHOWN = 80
"""Characters of a value within a message."""


class UserError(Exception):
    """Something that was asked for cannot be done: what, why, and what to do, in one line."""

    exit_code = 2

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """What IPython shows in place of a traceback, and papermill as its last line. Not where another error is behind
        it: that one is seen whole."""
        if self.__cause__ is not None:
            raise AttributeError("an error with a cause is shown as any other")
        return lambda: [f"{type(self).__name__}: {self}"]


class DataError(UserError):
    """A data set is missing, incomplete or not what its name says."""


class RunFailed(UserError):
    """A run started and did not finish; its failure record is in place."""

    exit_code = 1


class RunInterrupted(UserError):
    """A run was asked to stop; what it had done is in its checkpoint."""

    exit_code = 130


class RunBusy(UserError):
    """Another process performs this run, or has taken it over from this one."""

    exit_code = 3


class RunWarning(UserWarning):
    """What the user of a run should know and need not act on; the grid shows it beside the cell."""


def shown(value: object) -> str:
    """A value as a message shows it; of a long one the beginning, and how long it is."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:20]}… ({len(text):,} characters)"


def unknown_name(kind: str, value: object, known: Iterable[str]) -> str:
    """One line for a name that is not known, with its nearest neighbours first."""
    known = list(known)
    near = difflib.get_close_matches(str(value).lower(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"unknown {kind} {shown(value)}: {hint}known are {', '.join(known)}"


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def not_installed(package: str, extra: str) -> str:
    """One line for a package that is missing, with the extra of `pyproject.toml` that brings it."""
    return f"{package} is not installed: pip install 'FOLDER[{extra}]', FOLDER being the repository"


class NonFiniteError(ArithmeticError):
    """NaN or infinity where a number is needed: a covariance in a layer, or the training loss."""
