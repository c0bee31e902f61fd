"""`ndcore schema`."""

from __future__ import annotations

import argparse

from ndcore.records import json_schema
from ndcore.terminal import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def execute(arguments: argparse.Namespace) -> int:
    write_json(json_schema())
    return 0
