"""`ndcore grid plan|run|submit`: the whole grid, or any part of it."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import fields
from math import inf
from pathlib import Path

from ndcore.errors import UserError
from ndcore.experiment.folders import given_path
from ndcore.numbers import decimal, require_within, whole
from ndcore.terminal import write_json
from ndcore.training.threads import AUTO, THREADS, parse_threads

MOST_WORKERS = 1024
MOST_HOURS = 10 * 366 * 24
INTERRUPTED = "the same command goes on from the last checkpoints"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True, metavar="plan|run|submit")
    plan = commands.add_parser("plan", help="show the cells, where they stand, how long they take, and their commands")
    run = commands.add_parser("run", help="perform what is missing on this machine")
    submit = commands.add_parser("submit", help="perform what is missing on a Slurm cluster")
    for command in (plan, run, submit):
        _add_selection(command)
    plan.set_defaults(reads_only=True)
    plan.add_argument("--all", action="store_true", help="list every cell, however many")
    plan.add_argument("--json", action="store_true", help="everything, for programs")
    for command in (run, submit):
        _add_performing(command)
    _add_local(run)
    _add_slurm(submit)
    run.epilog = (
        "Ctrl-C once lets every cell finish its step and write its checkpoint; twice stops at once. Exit code: how "
        "many cells failed (at most 125), 2 with one line if nothing can be done at all, 130 if interrupted."
    )
    submit.epilog = "Needs submitit (pip install 'FOLDER[slurm]', FOLDER being the repository), except for --script."


def _add_selection(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("which cells").add_argument
    add("--table", nargs="+", default=[], metavar="N", help="4, 5, 6, 7 or all: tables of the study (default: all)")
    add("--arch", nargs="+", default=[], metavar="NAME", help="networks (default: the ten of the study)")
    add("--norm", nargs="+", default=[], metavar="NAME", help="none, bn, nd (default: bn nd)")
    add("--dataset", nargs="+", default=[], metavar="NAME", help="data sets (default: those of the tables)")
    add("--epochs", metavar="N,…", help="numbers of epochs (default: 1,20,100)")
    add("--seeds", metavar="N,…", help="new initialisation and order for each, like 0,1,2 or 0-9 (default: 0)")
    add("--repeats", type=whole, metavar="N", help="each seed so often (default: 3 as the study; 1 with --seeds)")
    add("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other options of `ndcore run`, like batch_size=64")
    add("--runs", type=given_path, metavar="FOLDER", help="where the records are (default: $NDCORE_RUNS or runs/)")


def _add_performing(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("how").add_argument
    add(
        "--order",
        default="cheapest",
        metavar="NAME",
        help="cheapest (default), or information: every setting once first",
    )
    add("--retry-failed", action="store_true", help="also what failed before; otherwise it is left alone")
    add("--data-root", type=given_path, metavar="FOLDER", help="where the images are (default: $NDCORE_DATA or ./data)")
    add("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps (default: auto)")
    add("--threads", default=AUTO, metavar="N|keep", help=THREADS)
    add("--checkpoint-seconds", type=decimal, metavar="S", help="between two checkpoints of an epoch (default: 300)")


def _add_local(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("on this machine").add_argument
    add("--workers", type=whole, metavar="N", help="cells at once (default: one per GPU, one without a GPU)")
    add("--gpus", metavar="N,…", help="GPUs to use, one per worker (default: all)")
    add("--max-hours", type=decimal, metavar="H", help="stop after so many hours, as with Ctrl-C")


def _add_slurm(parser: argparse.ArgumentParser) -> None:
    """What a `ndcore.grid.slurm.Job` has, under the names of its fields."""
    add = parser.add_argument_group("on Slurm").add_argument
    add("--partition", metavar="NAME", help="where to run (default: the cluster's own)")
    add("--gpus-per-cell", dest="gpus", type=whole, default=0, metavar="N", help="GPUs of a cell (default: 0)")
    add("--cpus-per-cell", dest="cpus", type=whole, default=4, metavar="N", help="cores of a cell (default: 4)")
    add("--memory", default="16G", metavar="SIZE", help="memory of a cell, like 16G (default: 16G)")
    add(
        "--time",
        dest="minutes",
        type=whole,
        default=24 * 60,
        metavar="MIN",
        help="minutes until a cell is stopped and queued again",
    )
    add("--at-once", type=whole, metavar="N", help="cells that run at the same time at most (default: no limit)")
    add(
        "--notice",
        type=whole,
        default=120,
        metavar="S",
        help="seconds between the signal to stop and the end of the time",
    )
    add("--max-array", type=whole, metavar="N", help="cells of a job array at most (default: as the cluster says)")
    add(
        "--script",
        type=given_path,
        metavar="FILE",
        help="write an sbatch script instead of submitting; - for the terminal",
    )


def execute(arguments: argparse.Namespace) -> int:
    from ndcore.experiment.folders import runs_folder  # noqa: PLC0415
    from ndcore.experiment.leftovers import clear_up_after_the_dead  # noqa: PLC0415
    from ndcore.grid.local import MOST_FAILURES  # noqa: PLC0415
    from ndcore.grid.plan import Plan  # noqa: PLC0415 - pydantic and the registry, only once the usage is right
    from ndcore.grid.scheduler import Ending, Result  # noqa: PLC0415
    from ndcore.grid.state import State  # noqa: PLC0415

    runs = (arguments.runs or runs_folder()).absolute()
    plan = Plan.make(_selection(arguments), runs)
    if arguments.action == "plan":
        return _show(plan, arguments)
    cells = plan.to_do(retry_failed=arguments.retry_failed, order=arguments.order)
    blocked = [Result(cell, Ending.REFUSED, status.detail) for cell, status in plan.in_state(State.BLOCKED)]
    for cell, _ in plan.in_state(State.DONE):
        clear_up_after_the_dead(cell.config, runs)
    sys.stderr.writelines(f"{line}\n" for line in plan.what_is_left_out())
    for cell, _ in () if arguments.retry_failed else plan.in_state(State.FAILED):
        sys.stderr.write(f"left alone: {cell.run_id} failed before; --retry-failed performs it again\n")
    if not cells:
        sys.stdout.write(f"nothing to do: none of {len(plan.cells):,} cells in {runs} is missing\n")
        sys.stderr.writelines(f"{result.message}\n" for result in blocked)
        return min(len(blocked), MOST_FAILURES)
    _set_checkpoint_seconds(arguments.checkpoint_seconds)
    arguments.threads = parse_threads(arguments.threads)
    return (_run if arguments.action == "run" else _submit)(arguments, cells, blocked, runs)


def _selection(arguments: argparse.Namespace):
    from ndcore.grid.cells import Selection, parse_changes, parse_numbers  # noqa: PLC0415

    return Selection(
        tables=arguments.table,
        archs=arguments.arch,
        norms=arguments.norm,
        datasets=arguments.dataset,
        epochs=parse_numbers(arguments.epochs, "--epochs") if arguments.epochs is not None else (),
        seeds=parse_numbers(arguments.seeds, "--seeds") if arguments.seeds is not None else (),
        repeats=arguments.repeats,
        changes=parse_changes(arguments.set),
    )


def _show(plan, arguments: argparse.Namespace) -> int:
    if arguments.json:
        write_json(plan.to_json())
    else:
        sys.stdout.writelines(f"{line}\n" for line in plan.to_text(everything=arguments.all))
    return 0


def _set_checkpoint_seconds(seconds: float | None) -> None:
    from ndcore.experiment.folders import CHECKPOINT_SECONDS  # noqa: PLC0415

    if seconds is None:
        return
    require_within("--checkpoint-seconds", seconds, 0, inf)
    os.environ[CHECKPOINT_SECONDS] = str(seconds)


def _run(arguments: argparse.Namespace, cells: list, blocked: list, runs: Path) -> int:
    from ndcore.grid.local import perform, separate_impossible  # noqa: PLC0415
    from ndcore.grid.workers import LocalWorkers, cells_at_once  # noqa: PLC0415
    from ndcore.machine import gpus, usable_cores  # noqa: PLC0415

    require_within("--workers", arguments.workers, 1, MOST_WORKERS)
    if arguments.max_hours is not None and not 0 < arguments.max_hours <= MOST_HOURS:
        raise UserError(f"--max-hours {arguments.max_hours}: more than 0 is needed, and at most {MOST_HOURS:,}")
    there = gpus()
    chosen = [part.strip() for part in arguments.gpus.split(",")] if arguments.gpus else list(there)
    for gpu in chosen:
        if gpu not in there:
            raise UserError(f"--gpus {gpu}: this machine has {', '.join(there) or 'no GPU'}")
    chosen = [] if arguments.device in ("cpu", "mps") else chosen
    workers, threads = cells_at_once(arguments.workers, chosen, usable_cores())
    threads = arguments.threads if isinstance(arguments.threads, int) else threads
    performer = LocalWorkers(
        runs,
        data_root=arguments.data_root,
        device=arguments.device,
        threads=threads,
        asked=arguments.threads,
        gpus=chosen,
    )
    good, refused = separate_impossible(cells, performer)
    devices = f"GPU {', '.join(chosen)}" if chosen else "no GPU"
    sys.stderr.write(
        f"{len(cells)} cells into {runs}: {workers} at once, {threads} thread{'s' * (threads > 1)} each, {devices}\n"
    )
    return perform(good, runs, performer, workers, arguments.max_hours, blocked + refused)


def _submit(arguments: argparse.Namespace, cells: list, blocked: list, runs: Path) -> int:
    from ndcore.files import reason  # noqa: PLC0415
    from ndcore.grid import slurm  # noqa: PLC0415

    sys.stderr.writelines(f"left alone: {result.message}\n" for result in blocked)
    job = slurm.Job(**{field.name: getattr(arguments, field.name) for field in fields(slurm.Job)})
    if arguments.script:
        text = slurm.script(cells, runs, job)
        slurm.make_logs(runs)
        if str(arguments.script) == "-":
            sys.stdout.buffer.write(os.fsencode(text))
            return 0
        try:
            arguments.script.write_bytes(os.fsencode(text))  # the names of folders, byte for byte
        except OSError as error:
            raise UserError(f"--script {arguments.script}: cannot be written: {reason(error)}") from None
        sys.stdout.write(f"{len(cells)} cells: sbatch {shlex.quote(str(arguments.script))}\n")
        return 0
    jobs = slurm.submit(cells, runs, job)
    named = f"job{'s' * (len(jobs) > 1)} {', '.join(jobs)}"
    sys.stdout.write(f"{len(cells)} cells submitted as {named}; logs in {slurm.logs(runs)}\n")
    sys.stdout.write("ndcore status shows how far they are; ndcore grid submit again submits what is still missing\n")
    return 0
