"""The command line. `ndcore --help` loads nothing heavy; each command lives in a module of `ndcore.commands`.

The report, which `ndcore` knows nothing of, adds its commands: an entry point of the group `ndcore.commands` in
`pyproject.toml` names the command and its module, whose `SUMMARY` says what it does."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ndcore import __version__, terminal
from ndcore.errors import UserError, not_installed

if TYPE_CHECKING:
    from types import ModuleType

COMMANDS = {
    "run": "perform one run through its notebook and write its record",
    "grid": "plan, run or submit many runs, each exactly once",
    "status": "show which runs are done, running, failed",
    "bench": "measure what a training step costs, side by side in every variant",
    "schema": "print the JSON Schema of a run record",
}
ADDED = "ndcore.commands"
"""The group of entry points."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 a run failed, 2 it cannot be done, 130 interrupted.

    141: nobody reads the output any more, and what was to be performed was not ended.
    """
    terminal.prepare()
    try:
        os.getcwd()
    except FileNotFoundError:
        sys.stderr.write("ndcore: the working directory was removed: change to another one\n")
        return UserError.exit_code
    code = terminal.CLOSED_PIPE
    try:
        try:
            code = _perform(sys.argv[1:] if arguments is None else list(arguments))
        except SystemExit as end:  # argparse, after a help or a complaint
            code = end.code
            raise
        finally:
            sys.stdout.flush()  # at its end Python would only complain
    except BrokenPipeError:  # the reader of the output has seen enough
        terminal.drop_output()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write("ndcore: cannot write, the disk is full: make room and give the same command again\n")
        terminal.drop_output()
        return UserError.exit_code
    return code


def _perform(arguments: list[str]) -> int:
    added = {} if arguments and arguments[0] in COMMANDS else _added()
    summaries = COMMANDS | {name: command.SUMMARY for name, command in added.items()}
    width = max(map(len, summaries))
    listing = "\n".join(f"  {name:{width}}  {summary}" for name, summary in summaries.items())
    parser = argparse.ArgumentParser(
        prog="ndcore",
        description="Network deconvolution and its reproducibility study as an executable report.",
        epilog=f"commands:\n{listing}\n\n`ndcore COMMAND --help` explains one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="ndcore [-h] [--version] COMMAND …",
    )
    parser.add_argument("--version", action="version", version=f"ndcore {__version__}")
    parser.add_argument("command", choices=summaries, metavar="COMMAND", help="one of the commands below")
    chosen = parser.parse_args(arguments[:1] or ["--help"]).command
    text = summaries[chosen]
    sub = argparse.ArgumentParser(prog=f"ndcore {chosen}", description=f"{text[0].upper()}{text[1:]}.")
    command = given = None
    try:
        command = added.get(chosen) or importlib.import_module(f"ndcore.commands.{chosen}")
        command.add_arguments(sub)
        given = sub.parse_args(arguments[1:])
        return command.execute(given)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "ndcore", "ndreport"):
            raise
        sys.stderr.write(f"ndcore {chosen}: {not_installed(package, 'report' if chosen in added else 'run')}\n")
        return UserError.exit_code
    except UserError as error:
        sys.stderr.write(f"ndcore {chosen}: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        performs = hasattr(command, "INTERRUPTED") and not getattr(given, "reads_only", False)
        return terminal.CLOSED_PIPE if performs else 0
    except KeyboardInterrupt:
        left = getattr(command, "INTERRUPTED", "nothing is lost")
        sys.stderr.write(f"\nndcore {chosen}: interrupted; {left}\n")
        return 130


def _added() -> dict[str, ModuleType]:
    """The commands of other packages, each from the first installation on the path that has its module.

    A checkout may also hold the leftovers of an earlier installation, whose modules are gone.
    """
    from importlib import metadata  # noqa: PLC0415 - as much as all else that a help loads

    commands: dict[str, ModuleType] = {}
    for installed in metadata.distributions(name="ndcore"):
        for point in installed.entry_points.select(group=ADDED):
            try:
                commands.setdefault(point.name, point.load())
            except ModuleNotFoundError as error:
                if not f"{point.module}.".startswith(f"{error.name}."):
                    raise
    return commands
