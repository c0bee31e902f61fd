"""`ndcore schema`."""

from __future__ import annotations

import argparse

from ndcore.experiment.records import RunRecord
from ndcore.terminal import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def execute(arguments: argparse.Namespace) -> int:
    write_json(RunRecord.model_json_schema(by_alias=True))
    return 0
