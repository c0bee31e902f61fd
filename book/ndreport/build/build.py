"""Builds the book: Jupyter Book in a process of its own, with a line for every page that it executes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ndcore.errors import UserError, not_installed
from ndcore.experiment.folders import PROJECT
from ndreport.build.execution import EXECUTED

STREAMS = {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
"""Lines come when they are written; files and their names are UTF-8, whatever the locale."""


class BuildFailed(UserError):
    """The book was not built, or is not what it should be."""

    exit_code = 1


def book_folder(start: Path | None = None) -> Path:
    """The nearest folder with a `_toc.yml` at or above `start` (the working directory), else the checkout.

    Raises:
        UserError: there is no book.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, PROJECT):
        if (folder / "_toc.yml").is_file() and (folder / "_config.yml").is_file():
            return folder
    raise UserError(f"no book at {start}: go to a checkout of the project, which has _config.yml and _toc.yml")


def build(folder: Path, say: Callable[[str], None]) -> Path:
    """Build the book in `folder`; every warning is fatal, and goes to the standard error output.

    Args:
        folder: with `_config.yml` and `_toc.yml`.
        say: is given one line for every page that is executed.

    Returns:
        The first page.

    Raises:
        BuildFailed: a page raised, or Sphinx warned.
        UserError: Jupyter Book is not installed, or the folder's name is one that it cannot write down.
    """
    if importlib.util.find_spec("jupyter_book") is None:
        raise UserError(not_installed("jupyter-book", "report"))
    try:
        os.fsencode(folder).decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{folder}: the name of the book's folder is not UTF-8: move it to another one") from None
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", ".", "-n", "-W"]
    with subprocess.Popen(
        [*command, "--keep-going"],
        cwd=folder,
        env=os.environ | STREAMS | {"PYTHONIOENCODING": f"{sys.stderr.encoding}:backslashreplace"},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout:
            if line.startswith(f"{EXECUTED} "):
                say(line.rstrip())
    if process.returncode:
        raise BuildFailed("the book was not built; the warnings above say which page and why")
    return folder / "_build" / "html" / "index.html"
