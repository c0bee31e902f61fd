"""`ndcore status`: what lies in a runs folder."""

from __future__ import annotations

import argparse
import sys

from ndcore.experiment.folders import given_path
from ndcore.terminal import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Reads only; also for the folder of somebody else."
    parser.add_argument(
        "runs", type=given_path, nargs="?", metavar="FOLDER", help="a runs folder (default: $NDCORE_RUNS or runs/)"
    )
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def execute(arguments: argparse.Namespace) -> int:
    from ndcore.errors import UserError  # noqa: PLC0415
    from ndcore.experiment.folders import runs_folder  # noqa: PLC0415
    from ndcore.grid.status import Overview  # noqa: PLC0415

    runs = arguments.runs or runs_folder()
    if not runs.is_dir():
        raise UserError(f"{runs} is no folder")
    overview = Overview.read(runs)
    if arguments.json:
        write_json(overview.to_json())
    else:
        sys.stdout.writelines(f"{line}\n" for line in overview.to_text())
    return 0
