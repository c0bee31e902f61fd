"""The command line. `ndcore --help` loads nothing heavy; each command lives in a module of `ndcore.commands`."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from ndcore import __version__, terminal
from ndcore.errors import UserError

COMMANDS = {
    "run": "perform one run through its notebook and write its record",
    "grid": "plan, run or submit many runs, each exactly once",
    "status": "show which runs are done, running, failed",
    "bench": "measure what a training step costs, side by side in every variant",
    "citations": "fetch, label and compare how papers cite the original study",
    "book": "build the report from the records, as pages and as PDF",
    "schema": "print the JSON Schema of a run record",
}


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
    except BrokenPipeError:  # whoever read the output has seen enough
        terminal.drop_output()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write("ndcore: cannot write, the disk is full: make room and give the same command again\n")
        terminal.drop_output()
        return UserError.exit_code
    return code


def _perform(arguments: list[str]) -> int:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="ndcore",
        description="Network deconvolution and its reproducibility study as an executable report.",
        epilog=f"commands:\n{listing}\n\n`ndcore COMMAND --help` explains one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="ndcore [-h] [--version] COMMAND …",
    )
    parser.add_argument("--version", action="version", version=f"ndcore {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of the commands below")
    chosen = parser.parse_args(arguments[:1] or ["--help"]).command
    command = importlib.import_module(f"ndcore.commands.{chosen}")
    text = COMMANDS[chosen]
    sub = argparse.ArgumentParser(prog=f"ndcore {chosen}", description=f"{text[0].upper()}{text[1:]}.")
    command.add_arguments(sub)
    given = sub.parse_args(arguments[1:])
    try:
        return command.execute(given)
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


if __name__ == "__main__":
    sys.exit(main())
