"""`ndcore schema`."""

from __future__ import annotations

import argparse
import json
import sys

from ndcore.records import RunRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def execute(arguments: argparse.Namespace) -> int:
    sys.stdout.write(json.dumps(RunRecord.model_json_schema(by_alias=True), indent=1, ensure_ascii=False) + "\n")
    return 0
