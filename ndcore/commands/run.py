"""`ndcore run`: one option per field of the configuration, and where and on what to run."""

from __future__ import annotations

import argparse
import sys

from pydantic_core import PydanticUndefined

from ndcore import stopping
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import NOTEBOOK, given_path
from ndcore.numbers import decimal, whole
from ndcore.training.threads import AUTO, THREADS, parse_threads

INTERRUPTED = "the same command goes on from the last checkpoint"
NUMBERS = {"int": whole, "float": decimal, "int | None": whole}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        f"Executes notebooks/{NOTEBOOK.name} through papermill. A run that has its record is not run again. "
        "Ctrl-C stops a run with a checkpoint; the same command goes on from there."
    )
    for name, field in RunConfig.model_fields.items():
        kind = getattr(field.annotation, "__name__", str(field.annotation))
        required = field.default is PydanticUndefined
        text = " ".join(field.description.split()).replace("%", "%%").replace("`", "")
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=NUMBERS.get(kind, str),
            required=required,
            default=argparse.SUPPRESS,
            metavar={whole: "N", decimal: "X"}.get(NUMBERS.get(kind), "NAME"),
            help=text if required else f"{text} (default: {field.default})",
        )
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps (default: auto)")
    parser.add_argument(
        "--data-root", type=given_path, metavar="FOLDER", help="where the images are (default: $NDCORE_DATA or ./data)"
    )
    parser.add_argument("--threads", default=AUTO, metavar="N|keep", help=THREADS)
    parser.add_argument(
        "--runs", type=given_path, metavar="FOLDER", help="where the record goes (default: $NDCORE_RUNS or runs/)"
    )


def execute(arguments: argparse.Namespace) -> int:
    values = vars(arguments)
    config = RunConfig.parse({name: values[name] for name in RunConfig.model_fields if name in values})
    with stopping.noting():
        from ndcore.experiment.runner import run  # noqa: PLC0415 - papermill, only once the configuration is right

        outcome = run(
            config,
            runs=arguments.runs,
            data_root=arguments.data_root,
            device=arguments.device,
            threads=parse_threads(arguments.threads),
        )
    if not outcome.performed:
        sys.stdout.write(f"already recorded: {outcome.record}\n")
        sys.stdout.write(f"--repeat {config.repeat + 1} runs the same seed again, --seed {config.seed + 1} a new one\n")
    else:
        notebook = outcome.notebook or "could not be written, the disk is full or its folder read-only"
        sys.stdout.write(f"record: {outcome.record}\nexecuted notebook: {notebook}\n")
    return 0
